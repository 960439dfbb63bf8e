"""The step itself: every gate on every variant that it is about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.stats.quantiles import CLOSED_FROM, FEWEST_P95
from harness.types.comparison import Evidence
from harness.types.experiment import Gate
from harness.types.run import Manifest
from harness.types.summary import Interval, Latency, PartitionSummary, StageLatency, Summary, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was measured of one gate's quantity."""

    value: float | None = None
    """None: nothing was."""
    ci: Interval = (None, None)
    n: int = 0
    timed_out: bool = False
    why: str = ""
    """Why there is none, or why it cannot be trusted; empty where it can."""


def gate(summary: Summary, manifest: Manifest, evidence: Evidence) -> tuple[Verdict, ...]:
    """Judge every gate on every variant that it is about.

    Three verdicts: fail where the 95 % interval lies wholly on the wrong side of the bound, pass where it lies wholly on
    the right side, else inconclusive. What was not measured never passes. Where the harness itself was late its times
    are too long, never too short: they may still keep a bound from above, and break none. A gate on a stage that names
    no variant is about those candidates that have the stage.
    """
    return tuple(
        _verdict(one, variant, summary.variants[variant].partitions.get(one.partition))
        for one in manifest.gates
        for variant in _judged(one, summary, manifest)
    )


def _judged(one: Gate, summary: Summary, manifest: Manifest) -> Iterator[str]:
    for name in manifest.candidates if one.variant is None else (one.variant,):
        variant = summary.variants.get(name)
        if variant is None:
            continue  # not run, as the flags have it
        measured = {stage for part in variant.partitions.values() for stage in part.latency.stages}
        if one.variant or one.stage is None or one.stage in (*manifest.stages.get(name, ()), *measured):
            yield name


def _verdict(one: Gate, variant: str, part: PartitionSummary | None) -> Verdict:
    found = _found(one, part)
    if found.value is None:
        return _told(one, variant, found, None)
    if one.judge == "point":
        return _told(one, variant, *_by_value(one, found))
    return _told(one, variant, *_by_interval(one, found))


def _by_value(one: Gate, found: Found) -> tuple[Found, bool | None]:
    value, bound = found.value or 0.0, one.bound
    if found.why:
        return found, None
    if one.metric == "latency_p95_ms" and found.n < FEWEST_P95:
        return replace(found, why=f"{found.n} samples hold no P95"), None
    keeps = value <= bound if one.at_most is not None else value >= bound
    return replace(found, why="by the value alone, whatever its interval"), keeps


def _by_interval(one: Gate, found: Found) -> tuple[Found, bool | None]:
    (low, high), bound, upper = found.ci, one.bound, one.at_most is not None
    within = high is not None and high <= bound if upper else low is not None and low >= bound
    beyond = low is not None and low > bound if upper else high is not None and high < bound
    if within and (upper or not found.why):
        said = f", and it is no longer than measured ({found.why})" if found.why else ""
        return replace(found, why=f"the whole interval lies within the bound{said}"), True
    if found.why:
        return found, None
    if beyond:
        return replace(found, why="the whole interval lies beyond the bound"), False
    if high is None if upper else low is None:
        return replace(found, why=_open_end(one, found)), None
    return replace(found, why="the bound lies inside the interval"), None


def _open_end(one: Gate, found: Found) -> str:
    if found.timed_out and found.n >= CLOSED_FROM[one.metric]:
        return "time-outs reach it, and how long they would have taken is unknown"
    return f"{found.n} samples are too few for a bound on that side"


def _told(one: Gate, variant: str, found: Found, keeps: bool | None) -> Verdict:
    verdict: Literal["pass", "fail", "inconclusive"] = (
        "inconclusive" if keeps is None else "pass" if keeps else "fail"
    )
    return Verdict(
        gate=str(one),
        variant=variant,
        verdict=verdict,
        value=found.value,
        ci=found.ci,
        bound=one.bound,
        why=found.why or "it was not measured",
        counts=_counts(one, verdict, measured=found.value is not None),
    )


def _counts(one: Gate, verdict: str, *, measured: bool) -> Literal["pass", "warn", "fail", "undecided"]:
    if verdict == "pass":
        return "pass"
    if one.advisory:
        return "warn"
    if verdict == "fail":
        return "fail"
    if not measured or one.inconclusive == "fail":
        return "undecided"
    return "pass" if one.inconclusive == "pass" else "warn"


def _found(one: Gate, part: PartitionSummary | None) -> Found:
    if one.kind != "absolute" or one.metric not in _METRICS:
        return Found(why="it is not judged yet")
    if part is None:
        return Found(why=f"the partition '{one.partition}' was not run")
    latency = part.latency
    measured = latency if one.stage is None else latency.stages.get(one.stage)
    why = "" if latency.valid else latency.why or "its latency cannot be trusted"
    if measured is None:
        return Found(why=f"it has no stage '{one.stage}'" if latency.n_live else why)
    value, ci = _METRICS[one.metric](measured)
    late = measured.timed_out if isinstance(measured, Latency) else measured.failures
    n = measured.n_live if isinstance(measured, Latency) else measured.n
    return Found(value=value, ci=ci, n=n, timed_out=late > 0, why=why)


_Read = Callable[[Latency | StageLatency], tuple[float | None, Interval]]

_METRICS: Mapping[str, _Read] = {
    "latency_p50_ms": lambda one: (one.p50_ms, one.p50_ci),
    "latency_p95_ms": lambda one: (one.p95_ms, one.p95_ci),
}
