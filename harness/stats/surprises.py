"""Which stage takes the time that nobody expects of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.stats.quantiles import FEWEST_P95
from harness.types.figures import Latency, StageLatency

LEAST_MS = 5.0
"""A stage whose P95 is shorter surprises nobody, whatever its ratio: that is the grain of threads and timers."""
LEAST_RATIO = 3.0
LEAST_TIMES_OTHERS = 2.0
LEAST_TAIL = 0.10
LEAST_SHARE = 0.40
_OF_ITS_CALL = 0.5
"""A part with so much of the tail of a call is where that comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """One stage that stands out: by its tail, by its share of the time, or by both."""

    stage: str
    p50_ms: float
    p95_ms: float
    tail: float | None
    """P95 less P50, as a share of the end-to-end P95; None where its tail does not stand out."""
    share: float | None
    """Of the time of all stages; None where that does not stand out."""


def surprises(latency: Latency, answering: Collection[str]) -> list[Surprise]:
    """Name the stages that stand out; `answering` are those whose call brings the answer, and which may be slow.

    By its tail: P95/P50 is at least LEAST_RATIO, and LEAST_TIMES_OTHERS the least ratio of the other stages that take
    LEAST_MS or more (of a mean of them, two that stall would hide each other); P95 less P50 is at least LEAST_TAIL of
    the end-to-end P95. A part of a call is named rather than the call around it. By its share: it takes the largest
    one, at least LEAST_SHARE, and is not the stage that answers.
    """
    seen = {
        name: stage
        for name, stage in latency.stages.items()
        if stage.n >= FEWEST_P95 and (stage.p95_ms or 0.0) >= LEAST_MS
    }
    if latency.n_live < FEWEST_P95:
        return []
    by_tail, by_share = _long_tails(seen, latency.p95_ms), _largest(latency.stages, answering)
    return [
        Surprise(
            stage=name,
            p50_ms=stage.p50_ms or 0.0,
            p95_ms=stage.p95_ms or 0.0,
            tail=_tail(stage, latency.p95_ms) if name in by_tail else None,
            share=stage.share if name == by_share else None,
        )
        for name, stage in seen.items()
        if name in by_tail or name == by_share
    ]


def _long_tails(seen: Mapping[str, StageLatency], whole_ms: float | None) -> set[str]:
    ratios = {name: _ratio(stage) for name, stage in seen.items()}
    outstanding = {
        name: _tail(seen[name], whole_ms)
        for name, ratio in ratios.items()
        if (others := [other for beside, other in ratios.items() if beside != name])
        and ratio >= max(LEAST_RATIO, LEAST_TIMES_OTHERS * min(others))
        and _tail(seen[name], whole_ms) >= LEAST_TAIL
    }
    parts = [tail for name, tail in outstanding.items() if seen[name].share is None]
    return {
        name
        for name, tail in outstanding.items()
        if seen[name].share is None or max(parts, default=0.0) < _OF_ITS_CALL * tail
    }


def _ratio(stage: StageLatency) -> float:
    return (stage.p95_ms or 0.0) / max(stage.p50_ms or 0.0, 1e-3)


def _tail(stage: StageLatency, whole_ms: float | None) -> float:
    return ((stage.p95_ms or 0.0) - (stage.p50_ms or 0.0)) / whole_ms if whole_ms else 0.0


def _largest(stages: Mapping[str, StageLatency], answering: Collection[str]) -> str | None:
    """The stage with the largest share, where that is enough of it and another stage answers."""
    shares = {name: stage.share for name, stage in stages.items() if stage.share is not None}
    name = max(shares, key=lambda one: shares[one], default=None)
    return name if name is not None and shares[name] >= LEAST_SHARE and name not in answering else None
