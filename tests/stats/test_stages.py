"""The time of each stage: it adds up to the whole, keeps its order, and counts what ended in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.columns import columns
from harness.stats.latencies import latency
from harness.types.record import Outcome, Record, StageTime
from harness.types.summary import Overhead

CALM = Overhead(loop_lag_p99_ms=0.1, start_to_send_p95_ms=0.1, concurrency=1, valid=True)


def stage(name: str, ms: float | None, **changes) -> StageTime:
    """A stage at the wire; one that computes has no model."""
    fields = {"clock": "wire", "model": "m"}
    return StageTime(name=name, ms=ms, **{**fields, **changes})


def trial(number: int, *stages: StageTime, kind: str = "answered", **changes) -> Record:
    """A trial as flow.pipeline writes it down: the sum of its own stages, and half a millisecond of the client's."""
    own = [one.ms for one in stages if one.within is None]
    known = kind == "answered" and None not in own
    whole = sum(own) if known else own[-1] if kind == "timed_out" else None
    fields = {
        "variant": "v",
        "partition": "golden",
        "example_id": f"g-{number:04}",
        "outcome": Outcome(kind=kind),
        "latency_ms": whole,
        "elapsed_ms": whole + 0.5 if known else None,
        "stages": stages,
    }
    return Record(**{**fields, **changes})


def told(*records: Record):
    """The latency of these trials, two seconds a call."""
    data = columns(records, ())
    first = data.first.get("v", {})
    return latency(data.trials, data.stages, timeout_s=2.0, overhead=CALM, first=first)


TIMES = st.lists(
    st.tuples(st.floats(0.01, 500), st.floats(0.01, 500) | st.none(), st.floats(0.01, 500)),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=40)
@given(TIMES)
def test_the_stages_add_up_to_the_whole(times):
    """Means of the stages, over all trials, add up to the mean latency; with the client's, to the mean wall clock."""
    records = []
    for number, (embed, rerank, generate) in enumerate(times):
        passed = () if rerank is None else (stage("rerank", rerank),)
        records.append(trial(number, stage("embed", embed), *passed, stage("generate", generate)))
    found = told(*records)
    mean = sum(record.latency_ms for record in records) / len(records)
    assert sum(one.share for one in found.stages.values()) == pytest.approx(1)
    means = {name: one.share * mean for name, one in found.stages.items()}
    assert means["embed"] == pytest.approx(sum(embed for embed, _, _ in times) / len(times))
    wall = sum(record.elapsed_ms for record in records) / len(records)
    assert sum(means.values()) + found.unaccounted.share * mean == pytest.approx(wall)
    assert found.unaccounted.p50_ms == pytest.approx(0.5)


def test_a_stage_has_the_intervals_of_the_whole():
    """One stage alone is the trial: the same percentiles with the same bounds."""
    found = told(*(trial(number, stage("generate", 10.0 + number)) for number in range(80)))
    one = found.stages["generate"]
    assert (one.p50_ms, one.p50_ci, one.p95_ms, one.p95_ci, one.n) == (
        found.p50_ms, found.p50_ci, found.p95_ms, found.p95_ci, found.n_live,
    )  # fmt: skip
    assert None not in (*one.p50_ci, *one.p95_ci)


def test_repeats_widen_the_interval_of_a_stage():
    """Ten examples ten times each are not a hundred independent samples."""
    repeated = [trial(n, stage("rerank", 10.0 * n + 1), repeat=k) for n in range(10) for k in range(10)]
    apart = [trial(n, stage("rerank", 10.0 * (n % 10) + 1)) for n in range(100)]
    few, many = (told(*records).stages["rerank"].p50_ci for records in (repeated, apart))
    assert few[1] - few[0] > many[1] - many[0]


def test_stages_stand_in_the_order_of_the_pipeline():
    """Whatever the first trial passed over, and wherever another one stopped."""
    records = (
        trial(0, stage("embed", 1.0), stage("generate", 9.0)),
        trial(1, stage("embed", 1.0), stage("rerank", 2.0), stage("generate", 9.0)),
        trial(2, stage("embed", None), kind="failed"),
    )
    assert list(told(*records).stages) == ["embed", "rerank", "generate"]


def test_a_stage_that_is_entered_twice_has_one_sample_a_trial():
    """Its two times together; unknown where one of them is."""
    twice = trial(0, stage("embed", 3.0), stage("embed", 4.0), stage("generate", 9.0))
    half = trial(1, stage("embed", 5.0), stage("embed", None), kind="failed")
    found = told(twice, half).stages["embed"]
    assert (found.p50_ms, found.n, found.failures) == (7.0, 1, 1)


def test_a_trial_fails_in_the_stage_that_brought_no_answer():
    """Its last one: by an error, by a time-out, or by raising; the stages before it did not fail."""
    records = (
        trial(0, stage("embed", 1.0), stage("generate", 9.0)),
        trial(1, stage("embed", 1.0), stage("generate", None), kind="failed"),
        trial(2, stage("embed", 1.0), stage("generate", 2000.0), kind="timed_out"),
        trial(3, stage("embed", None, cached=True), stage("generate", None), kind="failed", cached=True),
        trial(4, stage("mine", None, clock="client", model=None), kind="failed"),
    )
    found = told(*records).stages
    assert {name: one.failures for name, one in found.items()} == {"embed": 0, "generate": 3, "mine": 1}
    assert (found["mine"].p50_ms, found["mine"].n, found["mine"].share) == (None, 0, None)


def test_a_run_that_stops_between_stages_fails_none():
    """Nothing is laid on a stage that answered, live or from the cache."""
    stopped = trial(0, stage("embed", 1.0), kind="failed")
    kept = trial(1, stage("embed", None, cached=True), kind="failed", cached=True)
    assert told(stopped, kept).stages == {}


def test_a_time_out_counts_at_its_limit_in_its_own_stage():
    """No upper bound rests on it there; the stages before it were not late."""
    well = [trial(number, stage("embed", 1.0 + number), stage("rerank", 9.0)) for number in range(90)]
    late = [
        trial(number, stage("embed", 1.0 + number), stage("rerank", 2000.0), kind="timed_out")
        for number in range(90, 100)
    ]
    found = told(*well, *late).stages
    assert (found["rerank"].p95_ms, found["rerank"].p95_ci[1], found["rerank"].failures) == (2000.0, None, 10)
    assert found["embed"].p95_ci[1] is not None
    assert found["embed"].n == 100


def test_cached_stages_have_no_time():
    """A trial that the cache answered, in part or in whole, is in no figure of time."""
    cached = trial(1, stage("embed", None, cached=True), stage("generate", 5.0), cached=True, latency_ms=None)
    found = told(trial(0, stage("embed", 1.0), stage("generate", 9.0)), cached)
    assert {name: (one.p50_ms, one.n) for name, one in found.stages.items()} == {
        "embed": (1.0, 1),
        "generate": (9.0, 1),
    }


def test_the_first_call_stands_apart():
    """The warm-up's, with the time to connect, in no other figure; where a resume warmed up again, the last known."""
    warm = trial(9, stage("embed", 50.0), stage("generate", 40.0, connect_ms=12.0), warmup=True)
    again = trial(9, stage("embed", None), kind="failed", warmup=True)
    found = told(warm, trial(0, stage("embed", 1.0), stage("generate", 9.0)), again).stages
    assert {name: one.first_ms for name, one in found.items()} == {"embed": 50.0, "generate": 52.0}
    assert found["embed"].p95_ms == 1.0
    assert told(trial(0, stage("embed", 1.0))).stages["embed"].first_ms is None


def test_parts_of_a_call_are_in_no_sum():
    """An application tells its insides: they have times and no share; one that is named like a whole stage stays apart."""
    records = [
        trial(
            number,
            stage("search", 10.0),
            stage("generate", 90.0),
            stage("rerank", 60.0, within="generate"),
            stage("search", 20.0, within="generate"),
        )
        for number in range(3)
    ]
    found = told(*records).stages
    assert {name: (one.p50_ms, one.share) for name, one in found.items()} == {
        "search": (10.0, pytest.approx(0.1)),
        "generate": (90.0, pytest.approx(0.9)),
        "rerank": (60.0, None),
        "generate/search": (20.0, None),
    }
