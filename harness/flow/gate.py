"""Whether a run keeps its promises: a verdict for each gate and variant, with the evidence that it stands on."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.types.experiment import Gate
from harness.types.summary import Interval, Latency, PartitionSummary, StageLatency, Summary, Verdict

Found = tuple[float | None, Interval, str]
"""A value, its interval, and why there is none or it cannot be trusted; empty where it can."""


def gate(summary: Summary, gates: Sequence[Gate], candidates: Sequence[str]) -> tuple[Verdict, ...]:
    """Judge every gate on every variant that it is about.

    Three verdicts: fail where the 95 % interval lies wholly on the wrong side of the bound, pass where it lies wholly on
    the right side, else inconclusive. What was not measured, or cannot be trusted, never passes. A gate on a stage that
    names no variant is about those candidates that have the stage.
    """
    return tuple(
        _verdict(one, variant, summary.variants[variant].partitions.get(one.partition))
        for one in gates
        for variant in _judged(one, summary, candidates)
    )


def _judged(one: Gate, summary: Summary, candidates: Sequence[str]) -> Iterator[str]:
    for name in candidates if one.variant is None else (one.variant,):
        variant = summary.variants.get(name)
        if variant is None:
            continue  # not run, as the flags have it
        part = variant.partitions.get(one.partition)
        if one.variant is not None or one.stage is None or (part and one.stage in part.latency.stages):
            yield name


def _verdict(one: Gate, variant: str, part: PartitionSummary | None) -> Verdict:
    value, ci, why = _found(one, part)
    bound = one.at_most if one.at_most is not None else one.at_least
    assert bound is not None
    if value is None or why:
        return _told(one, variant, (value, ci, why or "it was not measured"), None)
    if one.judge == "point":
        keeps = value <= bound if one.at_most is not None else value >= bound
        return _told(one, variant, (value, ci, "by the value alone, whatever its interval"), keeps)
    return _told(one, variant, *_by_interval(one, (value, ci, ""), bound))


def _by_interval(one: Gate, found: Found, bound: float) -> tuple[Found, bool | None]:
    value, (low, high), _ = found
    upper = one.at_most is not None
    surely_over = low is not None and low > bound
    surely_under = high is not None and high < bound
    within = high is not None and high <= bound if upper else low is not None and low >= bound
    if surely_over if upper else surely_under:
        return (value, (low, high), "the whole interval lies beyond the bound"), False
    if within:
        return (value, (low, high), "the whole interval lies within the bound"), True
    missing = high is None if upper else low is None
    why = (
        "the sample is too small for a bound on that side"
        if missing
        else "the bound lies inside the interval"
    )
    return (value, (low, high), why), None


def _told(one: Gate, variant: str, found: Found, keeps: bool | None) -> Verdict:
    value, ci, why = found
    verdict = "inconclusive" if keeps is None else "pass" if keeps else "fail"
    counts = {"pass": "pass", "fail": "warn" if one.advisory else "fail"}.get(verdict)
    if counts is None:
        unmeasured = value is None and not one.advisory
        strict = one.inconclusive == "fail" and not one.advisory
        counts = "undecided" if unmeasured or strict else "pass" if one.inconclusive == "pass" else "warn"
    bound = one.at_most if one.at_most is not None else one.at_least
    return Verdict(
        gate=str(one),
        variant=variant,
        verdict=verdict,  # type: ignore[arg-type]
        value=value,
        ci=ci,
        bound=bound or 0.0,
        why=why,
        counts=counts,  # type: ignore[arg-type]
    )


def _found(one: Gate, part: PartitionSummary | None) -> Found:
    if part is None:
        return None, (None, None), f"the partition '{one.partition}' was not run"
    latency = part.latency
    measured = latency if one.stage is None else latency.stages.get(one.stage)
    if measured is None and latency.n_live:
        return None, (None, None), f"it has no stage '{one.stage}'"
    why = "" if latency.valid else latency.why or "its latency cannot be trusted"
    if measured is None:
        return None, (None, None), why
    return (*_METRICS[one.metric](measured), why)


_Read = Callable[[Latency | StageLatency], tuple[float | None, Interval]]

_METRICS: Mapping[str, _Read] = {
    "latency_p50_ms": lambda one: (one.p50_ms, one.p50_ci),
    "latency_p95_ms": lambda one: (one.p95_ms, one.p95_ci),
}
