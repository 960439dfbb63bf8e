"""From drafts to comparisons: adjusted for each other, and judged in words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from harness.flow.compare.drafts import Draft
from harness.stats.multiple import holm
from harness.types.comparison import Terms
from harness.types.figures import Interval
from harness.types.summary import Comparison

Verdict = Literal["better", "worse", "no worse than the margin", "cannot tell"]


def judged(drafts: Sequence[Draft], terms: Terms) -> tuple[Comparison, ...]:
    """Adjust the p of what decides within its family, and put each into words.

    The primary metric's family is a partition, its members the variants; that of the speed is all of the run.
    """
    adjusted: dict[int, float] = {}
    families: dict[tuple[str, str], list[int]] = {}
    for place, draft in enumerate(drafts):
        made = draft.made
        if made.family != "descriptive" and made.p is not None:
            partition = made.partition if made.family == "primary" else ""
            families.setdefault((made.family, partition), []).append(place)
    for members in families.values():
        adjusted |= zip(members, holm([drafts[place].made.p or 0.0 for place in members]), strict=True)
    return tuple(_judged(draft, adjusted.get(place), terms) for place, draft in enumerate(drafts))


def _judged(draft: Draft, p_adjusted: float | None, terms: Terms) -> Comparison:
    made = replace(draft.made, p_adjusted=p_adjusted)
    return replace(made, verdict=_verdict(draft, made, terms.alpha))


def _verdict(draft: Draft, made: Comparison, alpha: float) -> Verdict:
    """What is not shown to differ is not shown to be equal: only a margin can say that."""
    if made.difference is None or draft.undecidable:
        return "cannot tell"
    if _shown(made, alpha):
        return "better" if draft.sign * _distance(made) > 0 else "worse"
    if made.margin is not None and draft.floor is not None and draft.floor > -made.margin:
        return "no worse than the margin"
    return "cannot tell"


def _shown(made: Comparison, alpha: float) -> bool:
    if made.family != "descriptive":
        return made.p_adjusted is not None and made.p_adjusted <= alpha
    return _leaves_out(made.ci, 0.0) if made.ratio is None else _leaves_out(made.ratio_ci, 1.0)


def _distance(made: Comparison) -> float:
    return (made.difference or 0.0) if made.ratio is None else made.ratio - 1


def _leaves_out(ci: Interval, value: float) -> bool:
    low, high = ci
    return (low is not None and low > value) or (high is not None and high < value)
