"""The scorers of what a trial took: `latency`, `cost`, `tokens`."""

import pytest

from harness.scorers.cost import CostUsd
from harness.scorers.latency import LatencyMs
from harness.scorers.tokens import Tokens
from harness.types.call import Usage
from harness.types.score import Scored, Unscored


def test_latency(judge):
    """The record's latency; a time-out counts at its limit, marked; the cache and a failure have none."""
    assert judge(LatencyMs(), "x", latency_ms=12.5) == Scored(value=12.5)
    assert judge(LatencyMs(), None, kind="timed_out", latency_ms=30_000.0).label == "timed_out"
    assert judge(LatencyMs(), "x", latency_ms=1.0, cached=True) == Unscored(reason="answered from the cache")
    assert isinstance(judge(LatencyMs(), "x"), Unscored)
    assert "attempt" in judge(LatencyMs(), None, kind="failed").reason


def test_cost(judge):
    """Free is a number, unknown is none."""
    assert judge(CostUsd(), "x", cost_usd=0.0) == Scored(value=0.0)
    assert isinstance(judge(CostUsd(), "x"), Unscored)


@pytest.mark.parametrize(
    ("bucket", "usage", "value"),
    [
        ("total", Usage(input_tokens=3, cached_input_tokens=100, cache_write_tokens=10, output_tokens=7, reasoning_tokens=5), 120),
        ("total", Usage(input_tokens=3, output_tokens=7), 10),
        ("total", Usage(input_tokens=3), None),
        ("output_tokens", Usage(output_tokens=0), 0),
        ("reasoning_tokens", Usage(output_tokens=7), None),
        ("total", None, None),
    ],
)  # fmt: skip
def test_tokens(judge, bucket, usage, value):
    """Disjoint buckets add up, reasoning is inside output, and what was not reported is no number."""
    result = judge(Tokens(bucket=bucket), "x", usage=usage)
    assert isinstance(result, Unscored) if value is None else result == Scored(value=float(value))
