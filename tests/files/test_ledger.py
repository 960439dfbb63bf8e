"""A run folder keeps what happened: through a torn line, a resume, odd text, and a reader in mid-run."""

import json

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.calls.keys import KEYS
from harness.errors import UsageError
from harness.files.ledger import LEFT_OUT, RECORDS, SCORES, SUMMARY, TEXTS, Ledger, find_run, runs
from harness.types.call import Attempt, Usage
from harness.types.evalset import Example
from harness.types.record import OUTCOMES, Entry, Outcome, Record, Retrieved, StageTime
from harness.types.run import Manifest, MetricInfo, Probe
from harness.types.score import Judgement

EXAMPLES = (
    (
        "golden",
        Example(id="g-1", inputs={"q": "a"}, expected=["x", "y"], tags=("t",), relevant=("d",), digest="9"),
    ),
    ("edge", Example(id="e-1", inputs={"q": {"deep": [1, None]}}, accept_refusal=True, meta={"n": 1})),
)


def manifest(run_id="20260102T030405Z-x-1a2b3c4d", **changes):
    """A small manifest."""
    fields = {
        "id": run_id,
        "experiment": "x",
        "config_file": "c.yaml",
        "config": {"a": 1},
        "config_digest": "c",
        "evalset_digest": "e",
        "digests": {"f": "1"},
        "started_at": "2026-01-02T03:04:05Z",
        "seed": 7,
        "concurrency": 8,
        "timeout_s": 30.0,
        "control": "v",
        "layers": {"v": (), "w": ("prompt", "model")},
        "plan": {"v": {"golden": 1}},
        "metrics": (MetricInfo(name="answer", scorer="exact", primary=True),),
        "live": {"v": True},
        "schema": None,
        "notes": ("a note",),
    }
    return Manifest(**{**fields, **changes})


@pytest.fixture
def ledger(tmp_path):
    """A fresh run folder."""
    return Ledger.create(tmp_path / "results", manifest(), EXAMPLES)


def entry(example_id="g-1", text="yes", **changes):
    """One finished trial, with one text."""
    fields = {
        "variant": "v",
        "example_id": example_id,
        "partition": "golden",
        "outcome": Outcome(kind="answered", text=text),
        "request": {"messages": "d1"},
    }
    return Entry(record=Record(**{**fields, **changes}), texts={"d1": "the messages"})


TEXT = st.text(max_size=12)
MS = st.none() | st.floats(0, 1e7)
COUNT = st.none() | st.integers(0, 2**40)
USAGE = st.none() | st.builds(
    Usage,
    input_tokens=COUNT,
    cached_input_tokens=COUNT,
    cache_write_tokens=COUNT,
    output_tokens=COUNT,
    reasoning_tokens=COUNT,
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
RECORDS_OF_ANY_KIND = st.builds(
    Record,
    variant=TEXT,
    example_id=TEXT,
    partition=TEXT,
    outcome=st.builds(
        Outcome,
        kind=st.sampled_from(OUTCOMES),
        text=st.none() | TEXT,
        tool_calls=st.lists(OBJECT, max_size=2).map(tuple),
        finish_reason=st.none() | TEXT,
        error=st.none() | OBJECT,
    ),
    tags=st.lists(TEXT, max_size=2).map(tuple),
    repeat=st.integers(0, 9),
    warmup=st.booleans(),
    started_at=TEXT,
    latency_ms=MS,
    elapsed_ms=MS,
    stages=st.lists(
        st.builds(
            StageTime,
            name=TEXT,
            ms=MS,
            clock=st.sampled_from(("wire", "client", "recorded")),
            connect_ms=MS,
            model=st.none() | TEXT,
            cost_usd=MS,
            usage=USAGE,
        ),
        max_size=2,
    ).map(tuple),
    first_token_ms=MS,
    queue_ms=st.floats(0, 1e6),
    backoff_ms=st.floats(0, 1e6),
    attempts=st.lists(
        st.builds(
            Attempt,
            stage=TEXT,
            ms=st.floats(0, 1e6),
            status=st.none() | st.integers(100, 599),
            error=st.none() | TEXT,
        ),
        max_size=2,
    ).map(tuple),
    usage=USAGE,
    cost_usd=MS,
    retrieved=st.lists(
        st.builds(
            Retrieved,
            doc=TEXT,
            chunk=st.integers(0, 9),
            start=st.integers(0, 9),
            end=st.integers(0, 9),
            score=st.floats(-1e3, 1e3),
            rank=st.integers(1, 9),
            used=st.booleans(),
            text=TEXT,
        ),
        max_size=2,
    ).map(tuple),
    request=OBJECT,
    model_returned=st.none() | TEXT,
    system_fingerprint=st.none() | TEXT,
    recorded=st.none() | OBJECT,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(RECORDS_OF_ANY_KIND, max_size=4))
def test_any_record_survives_the_ledger(tmp_path_factory, records):
    """What is read is what was written, for whatever can stand in a record; of a key the last line counts."""
    ledger = Ledger.create(tmp_path_factory.mktemp("run"), manifest(), ())
    with ledger:
        for record in records:
            ledger.append(Entry(record=record))
    last = {record.key: record for record in records if not record.warmup}
    counted = [record for record in records if record.warmup or last[record.key] is record]
    assert list(ledger.records()) == counted


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_cut_at_any_byte_loses_one_record_at_most(tmp_path_factory, data):
    """A SIGKILL leaves a torn last line: what stood before it counts, and a resume writes on a line of its own."""
    ledger = Ledger.create(tmp_path_factory.mktemp("run"), manifest(), ())
    with ledger:
        for number in range(4):
            ledger.append(entry(f"g-{number}", text="é" * number))
    file = ledger.folder / RECORDS
    whole = file.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    file.write_bytes(whole[:cut])
    kept = [record.example_id for record in ledger.records()]
    lines = whole[:cut].count(b"\n")
    assert kept[:lines] == [f"g-{number}" for number in range(lines)]
    assert len(kept) - lines in (0, 1), "a whole line counts without its newline"
    with ledger:
        ledger.append(entry("g-9"))
    assert [record.example_id for record in ledger.records()] == [*kept, "g-9"]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_torn_text_is_written_again(tmp_path_factory, data):
    """A text that was cut is no text: the resume writes it whole; one that is there is not written twice."""
    ledger = Ledger.create(tmp_path_factory.mktemp("run"), manifest(), ())
    with ledger:
        ledger.append(entry("g-1"))
    file = ledger.folder / TEXTS
    whole = file.read_bytes()
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with ledger:
        ledger.append(entry("g-2"))
        ledger.append(entry("g-3"))
    assert ledger.texts(["d1", "d2"]) == {"d1": "the messages"}
    assert file.read_bytes().count(b'"the messages"}\n') == 1


def test_a_record_is_the_systems_as_soon_as_it_is_appended(ledger):
    """Whoever reads in mid-run sees every record whose append has returned."""
    with ledger:
        for number in range(3):
            ledger.append(entry(f"g-{number}"))
            assert len(list(Ledger(ledger.folder).records())) == number + 1


def test_the_last_line_of_a_trial_counts_and_warm_ups_stay(ledger):
    """A trial that is tried again has two lines; a warm-up on the same example takes nobody's place."""
    with ledger:
        ledger.append(entry(outcome=Outcome(kind="failed", error={"type": "connection"})))
        ledger.append(entry(warmup=True))
        ledger.append(entry(repeat=1))
        ledger.append(entry(text="second"))
    told = [(record.warmup, record.repeat, record.outcome.text) for record in ledger.records()]
    assert told == [(True, 0, "yes"), (False, 1, "yes"), (False, 0, "second")]
    assert [record.repeat for record in ledger.record("v", "g-1")] == [1, 0]
    assert ledger.record("v", "nobody") == ()


def test_what_json_cannot_hold_costs_no_record(ledger):
    """Half a surrogate pair and a number past 64 bits come from servers and files: the record is kept."""
    odd = "a\ud800b\U0001f600"
    with ledger:
        ledger.append(entry("g-1", text=odd, recorded={"big": 2**70, odd: [odd], "x": float("nan")}))
        ledger.append(Entry(record=entry("g-2").record, texts={"d2": odd}))
    first, second = ledger.records()
    assert first.outcome.text == "a\ufffdb\U0001f600"
    assert first.recorded == {"big": str(2**70), "a\ufffdb\U0001f600": ["a\ufffdb\U0001f600"], "x": None}
    assert second.example_id == "g-2"
    assert ledger.texts(["d2"]) == {"d2": "a\ufffdb\U0001f600"}


@pytest.mark.parametrize("odd", [1, 2**70], ids=["writable", "unwritable"])
@pytest.mark.parametrize("levels", [190, 240, 300, 900, 20_000])
def test_no_depth_costs_a_record(ledger, levels, odd):
    """What is nested more deeply than a line can be is kept as far as it goes."""
    nested = odd
    for _ in range(levels):
        nested = [nested]
    with ledger:
        ledger.append(entry(recorded={"deep": nested}))
    (record,) = ledger.records()
    found = record.recorded["deep"]
    while isinstance(found, list):
        (found,) = found
    assert found in (odd, str(odd), LEFT_OUT)


def test_no_key_is_written(tmp_path, monkeypatch):
    """Not in the manifest, the examples, a record, a text, a probe, a judgement, or a derived file; all stay JSON."""
    key = "sk-Zq7Wm3Xn9Kc5Vb1T/y8"
    monkeypatch.setenv("LEDGER_TEST", key)
    KEYS.read("LEDGER_TEST")
    told = f'"{key}" said\nBearer {key}'
    example = Example(id="g-1", inputs={"q": told}, digest="d")
    ledger = Ledger.create(tmp_path, manifest(config={"a": [told], key: 1}), [("golden", example)])
    with ledger:
        outcome = Outcome(kind="answered", text=told, tool_calls=({key: told},), finish_reason=key)
        ledger.append(Entry(record=entry(outcome=outcome, model_returned=key).record, texts={"d1": told}))
        ledger.note(Probe(at=key))
    judgement = Judgement(
        variant="v", partition="golden", example_id="g-1", repeat=0, metric="m", value=None, why=told
    )
    ledger.write_scores([judgement])
    ledger.write(SUMMARY, orjson.dumps({"a": told}, option=orjson.OPT_INDENT_2))
    ledger.write("report.md", f"# {told}\n".encode())
    written = {file.name: file.read_text() for file in ledger.folder.iterdir()}
    assert len(written) == 8
    for name, content in written.items():
        assert key not in content, name
        assert "[redacted:LEDGER_TEST]" in content, name
    assert ledger.manifest().config["a"] == [told.replace(key, "[redacted:LEDGER_TEST]")]
    assert ledger.examples()["g-1"].inputs["q"] == told.replace(key, "[redacted:LEDGER_TEST]")


def test_a_short_write_is_finished(ledger, monkeypatch):
    """The system may take a part of a line: the rest follows, or the error is heard."""

    class Narrow:
        def __init__(self, held):
            self.held = held

        def write(self, data):
            return self.held.write(data[:7])

    with ledger:
        held = ledger._appenders[RECORDS]
        monkeypatch.setitem(ledger._appenders, RECORDS, Narrow(held))
        ledger.append(entry())
        monkeypatch.setitem(ledger._appenders, RECORDS, held)
    assert [record.example_id for record in ledger.records()] == ["g-1"]


def test_a_run_folder_reads_back(ledger):
    """Manifest, examples, probes, judgements: what was written, in the same nouns."""
    assert ledger.manifest() == manifest()
    assert ledger.examples() == {example.id: example for _, example in EXAMPLES}
    probe = Probe(at="now", loop_lag_ms=(0.1, 0.2), start_to_send_ms=(1.0,), in_flight=3, pool_waits=1)
    with ledger:
        ledger.note(probe)
    assert list(ledger.probes()) == [probe]
    judged = [
        Judgement(
            variant="v", partition="golden", example_id="g-1", repeat=0, metric="m", value=None, why="no"
        ),
        Judgement(
            variant="v",
            partition="golden",
            example_id="g-1",
            repeat=0,
            metric="n",
            value=0.5,
            parts={"a": 1.0},
        ),
    ]
    ledger.write_scores(iter(judged))
    assert list(ledger.judgements()) == judged
    assert ledger.summary() is None


def test_derived_files_are_put_in_place_whole(ledger):
    """Where writing scores or a summary fails half-way, the old file stands."""
    ledger.write_scores(
        [Judgement(variant="v", partition="p", example_id="g", repeat=0, metric="m", value=1.0)]
    )
    old = (ledger.folder / SCORES).read_bytes()

    def half():
        yield Judgement(variant="v", partition="p", example_id="g", repeat=0, metric="m", value=0.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.write_scores(half())
    assert (ledger.folder / SCORES).read_bytes() == old
    assert ledger.write(SUMMARY, b'{"run": 1}').name == SUMMARY
    assert ledger.summary() == {"run": 1}


def test_lines_of_a_newer_harness_are_read(ledger):
    """Keys that are not known yet are passed over."""
    with ledger:
        ledger.append(entry())
    file = ledger.folder / RECORDS
    line = orjson.loads(file.read_bytes())
    line["of_tomorrow"] = 1
    line["outcome"]["of_tomorrow"] = 1
    file.write_bytes(orjson.dumps(line))
    assert [record.example_id for record in ledger.records()] == ["g-1"]


def test_a_run_is_found_by_folder_by_id_and_as_latest(tmp_path):
    """Whichever way it is named, it is the same run; `latest` is the one that was pointed at."""
    root = tmp_path / "results"
    names = [f"2026010{day}T000000Z-x-1" for day in (1, 2)]
    made = [Ledger.create(root, manifest(name), ()) for name in names]
    made[1].point_latest()
    assert find_run(str(made[0].folder), root).run_id == names[0]
    assert find_run(names[0], root).run_id == names[0]
    assert find_run("latest", root).run_id == names[1]
    (root / "half").mkdir()
    assert [ledger.run_id for ledger in runs(root)] == names
    with pytest.raises(UsageError) as caught:
        find_run("nobody", root)
    assert names[1] in str(caught.value)


@pytest.mark.parametrize("pointer", ["latest", "", "gone", ".."])
def test_a_latest_that_names_nothing_is_said(tmp_path, pointer):
    """A pointer to a run that was taken away, or to itself, ends in one line."""
    (tmp_path / "latest").write_text(pointer)
    with pytest.raises(UsageError, match="latest: no such run; there is no run in"):
        find_run("latest", tmp_path)
    with pytest.raises(UsageError, match="no such run"):
        find_run("latest", tmp_path / "nowhere")


@pytest.mark.parametrize(("content", "what"), [(b"{", "cannot be read"), (b"[]", "does not hold an object")])
def test_a_broken_manifest_is_named(ledger, content, what):
    """The file and what is wrong with it, not a traceback."""
    (ledger.folder / "manifest.json").write_bytes(content)
    with pytest.raises(UsageError, match=what):
        ledger.manifest()


def test_a_folder_without_a_manifest_is_no_run(tmp_path):
    """The manifest is written last: a folder that was killed in the making is not taken for a run."""
    root = tmp_path / "results"

    def examples():
        yield EXAMPLES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Ledger.create(root, manifest(), examples())
    assert runs(root) == []


def test_records_are_plain_json_lines(ledger):
    """Any tool reads them: one object a line, with the contract's names and null for what is unknown."""
    with ledger:
        ledger.append(entry())
    line = json.loads((ledger.folder / RECORDS).read_text(encoding="utf-8"))
    assert line["outcome"]["kind"] == "answered"
    assert line["latency_ms"] is None
    assert {"variant", "example_id", "partition", "tags", "repeat", "warmup", "started_at", "stages"} <= set(
        line
    )
