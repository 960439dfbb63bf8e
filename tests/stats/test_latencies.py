"""What hangs is not quick: time-outs in the time to the first token."""

import pytest

from harness.flow.summarise import summarise
from harness.types.record import Outcome, Record
from harness.types.run import Manifest, Probe


def first_token(hung: int, answered: int):
    """The first-token figures of a streamed variant, `hung` of whose trials never began to answer in 2 s."""
    manifest = Manifest(
        id="r", experiment="x", config_file="x.yaml", config={}, config_digest="", evalset_digest="", digests={},
        started_at="", seed=0, concurrency=1, timeout_s=2.0, control="v", layers={"v": ()},
        plan={"v": {"golden": hung + answered}}, metrics=(), live={"v": True}, schema=None,
    )  # fmt: skip
    records = [
        Record(
            variant="v",
            example_id=f"g-{number}",
            partition="golden",
            outcome=Outcome(kind="answered" if number < answered else "timed_out", text="x"),
            latency_ms=20.0 if number < answered else 2000.0,
            first_token_ms=10.0 + number / 100 if number < answered else None,
        )
        for number in range(hung + answered)
    ]
    probe = Probe(at="", loop_lag_ms=(0.1,))
    summary = summarise(manifest, records, (), (probe,), finished_at="")
    return summary.variants["v"].partitions["golden"].latency.first_token


def test_a_stream_that_hangs_counts_at_its_limit():
    """Eight of a hundred hang: P95 is the limit, and what lies above it is not known."""
    found = first_token(hung=8, answered=92)
    assert (found.p95_ms, found.p95_ci[1], found.n) == (2000.0, None, 100)
    assert found.p50_ms < 11


@pytest.mark.parametrize(("hung", "answered"), [(0, 100)])
def test_without_time_outs_the_interval_is_closed(hung, answered):
    """Where nothing hangs, the upper bound is a measured time."""
    assert first_token(hung, answered).p95_ci[1] < 11


def test_where_nothing_was_streamed_there_is_no_first_token():
    """Time-outs alone make no stream."""
    assert first_token(hung=5, answered=0) is None
