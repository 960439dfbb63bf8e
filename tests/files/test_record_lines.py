"""Lines of a run folder become the nouns they were, with or without the keys that came later."""

import orjson

from harness.files.record_lines import example_of, judgement_of, manifest_of, probe_of, record_of
from harness.types.call import Attempt, Usage
from harness.types.record import Outcome, Record, StageTime
from harness.types.run import Probe

LEAST = {"variant": "v", "example_id": "g-1", "partition": "golden", "outcome": {"kind": "failed"}}


def test_a_line_with_nothing_but_its_key_is_a_record():
    """Every other key may be absent: an older harness did not write it, and what it says is unknown."""
    record = record_of(LEAST)
    assert record == Record(variant="v", example_id="g-1", partition="golden", outcome=Outcome(kind="failed"))
    assert (record.latency_ms, record.cost_usd, record.usage) == (None, None, None)


def test_nested_parts_are_nouns_again():
    """Stages, attempts and usage come back as what they were, and compare."""
    record = Record(
        variant="v",
        example_id="g-1",
        partition="golden",
        outcome=Outcome(kind="answered", text="x", tool_calls=({"id": "1"},)),
        stages=(StageTime(name="generate", ms=1.5, clock="wire", usage=Usage(input_tokens=3)),),
        attempts=(Attempt(stage="generate", ms=2.0, status=200),),
    )
    assert record_of(orjson.loads(orjson.dumps(record))) == record


def test_nulls_stand_for_empty_lists():
    """A hand-made line may say null where there is nothing."""
    line = {**LEAST, "tags": None, "stages": None, "attempts": None, "retrieved": None}
    assert record_of({**line, "outcome": {"kind": "failed", "tool_calls": None}}) == record_of(LEAST)
    assert probe_of({"at": "now", "loop_lag_ms": None}) == Probe(at="now")


def test_keys_of_tomorrow_are_passed_over():
    """A newer harness's lines are read for what is known of them."""
    assert record_of({**LEAST, "mood": "good"}) == record_of(LEAST)
    judged = {
        "variant": "v",
        "partition": "p",
        "example_id": "g",
        "repeat": 0,
        "metric": "m",
        "value": None,
        "mood": 1,
    }
    assert judgement_of(judged).value is None
    example = {"id": "g-1", "inputs": {"q": 1}, "tags": [], "relevant": ["d"], "mood": 1}
    assert example_of(example).relevant == ("d",)


def test_a_manifest_reads_its_tables_as_tuples():
    """Layers and notes are tuples, metrics are nouns, whatever JSON made of them."""
    text = ("id", "experiment", "config_file", "config_digest", "evalset_digest", "started_at", "control")
    tables = ("config", "digests", "plan", "live")
    found = {
        **dict.fromkeys(text, "x"),
        **{key: {} for key in tables},
        "seed": 1,
        "concurrency": 1,
        "timeout_s": 1.0,
        "layers": {"v": ["model"]},
        "metrics": [{"name": "m", "scorer": "exact", "primary": True}],
        "schema": None,
    }
    manifest = manifest_of(found)
    assert manifest.layers == {"v": ("model",)}
    assert manifest.metrics[0].judges == "answer"
    assert manifest.notes == ()
