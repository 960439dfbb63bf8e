"""A verdict in words, as every place that shows gates says it."""

from collections.abc import Callable, Iterable, Sequence

from harness.text.figures import UNKNOWN, bracketed, count, figure
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
    """The value with its bounds: `71.2 % [65.0, 76.8]`, `-3.1 points [≥ -7.4]`, `612 [540, 790]`."""
    unit, show = _reading(one)
    if one.value is None:
        return UNKNOWN
    return bracketed(f"{show(one.value)}{unit}", one.ci, show)


def detectable(one: Verdict) -> str:
    """The smallest difference that so many examples would show; "–" where that is not known."""
    if one.mde is None:
        return UNKNOWN
    return f"{one.mde * 100:.1f} points" if one.share else figure(one.mde)


def reason(one: Verdict) -> str:
    """Why it is so; where it fails and costs the run nothing, that it is advisory."""
    return f"advisory: {one.why}" if one.counts == "warn" and one.verdict == "fail" else one.why


def details(one: Verdict) -> list[str]:
    """What it stands on, a line a fact; a fact that there is none of has no line."""
    lines = [f"measured: {measured(one)}{_bounds(one)}, on {count(one.n)} examples"] if one.n else []
    if one.n == 0 and one.value is not None:
        lines = [f"measured: {measured(one)}{_bounds(one)}"]
    if one.wins is not None and one.losses is not None:
        lines.append(f"against {one.versus}: better on {count(one.wins)}, worse on {count(one.losses)}")
    if one.p is not None:
        adjusted = (
            "" if one.p_adjusted is None else f", {figure(one.p_adjusted)} over all such gates of the run"
        )
        lines.append(f"p: {figure(one.p)}{adjusted}")
    if one.mde is not None:
        lines.append(f"smallest difference that so many examples would show: {detectable(one)}")
    if one.lost:
        lines.append(f"worse on: {some(one.lost)}")
    return lines


def some(ids: Sequence[str], most: int = MOST_IDS) -> str:
    """Name the first of them, and count the rest."""
    rest = len(ids) - most
    return ", ".join(ids[:most]) + (f" and {count(rest)} more" if rest > 0 else "")


def _bounds(one: Verdict) -> str:
    return "" if one.ci == (None, None) else f" (one-sided {one.level * 100:.4g} % bounds)"


def _reading(one: Verdict) -> tuple[str, Callable[[float], str]]:
    """A difference of shares is read in points, a share in per cent, a quantity as it is."""
    compared = one.versus is not None or one.metric == EDGE_REGRESSION
    if not one.share:
        return "", figure
    if compared:
        return " points", lambda value: f"{value * 100:+.1f}"
    return " %", lambda value: f"{value * 100:.1f}"
