"""A verdict in words, as every place that shows gates says it."""

from collections.abc import Iterable

from harness.text.differences import points, points_within, probability, signed_within, some
from harness.text.figures import UNKNOWN, amount, count, figure, share
from harness.types.experiment import EDGE_REGRESSION
from harness.types.summary import Verdict

MOST_IDS = 20
"""Examples that are named; the rest is counted."""

_GRAVITY = {"fail": 0, "undecided": 1, "warn": 2, "pass": 3}


def gravest_first(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Order verdicts by what they make of the run, then an inconclusive one before a passed one; else as they come."""
    return sorted(verdicts, key=lambda one: (_GRAVITY[one.counts], one.verdict == "pass"))


def told_apart(names: Iterable[str]) -> list[str]:
    """Number what would be named like one before it: `a`, `b`, `a #2`."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return told


def measured(one: Verdict) -> str:
    """The value with its bounds: `71.2 [65.0, 76.8] %`, `-3.1 [≥ -7.4] points`, `612 [540, 790]`."""
    if one.value is None:
        return UNKNOWN
    if _is_difference(one):
        return f"{points_within(one.value, one.ci)} points" if one.share else signed_within(one.value, one.ci)
    return f"{share(one.value, one.ci, 1)} %" if one.share else amount(one.value, one.ci)


def detectable(one: Verdict) -> str:
    """The smallest difference that so many examples would show; "–" where that is not known."""
    if one.mde is None:
        return UNKNOWN
    return f"{points(one.mde).removeprefix('+')} points" if one.share else figure(one.mde)


def reason(one: Verdict) -> str:
    """Why it is so; where it fails and costs the run nothing, that it is advisory."""
    return f"advisory: {one.why}" if one.counts == "warn" and one.verdict == "fail" else one.why


def details(one: Verdict) -> list[str]:
    """What was measured, and what the verdict stands on, a line a fact."""
    if one.value is None:
        return facts(one)
    bounds = "" if one.ci == (None, None) else f", one-sided {one.level * 100:.4g} % bounds"
    return [f"measured: {measured(one)}{bounds}, n = {count(one.n)}", *facts(one)]


def facts(one: Verdict) -> list[str]:
    """What the verdict stands on beside the value, a line a fact; a fact that there is none of has no line."""
    lines = []
    if one.wins is not None and one.losses is not None:
        lines.append(f"against {one.versus}: better on {count(one.wins)}, worse on {count(one.losses)}")
    if one.p is not None:
        adjusted = "" if one.p_adjusted is None else f", {probability(one.p_adjusted)} adjusted (Holm)"
        lines.append(f"p of no regression: {probability(one.p)}{adjusted}")
    if one.mde is not None:
        lines.append(f"smallest difference that so many examples show: {detectable(one)}")
    if one.lost:
        lines.append(f"worse on: {some(one.lost, MOST_IDS)}")
    return lines


def _is_difference(one: Verdict) -> bool:
    return one.versus is not None or one.metric == EDGE_REGRESSION
