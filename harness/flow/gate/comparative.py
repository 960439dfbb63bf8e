"""A gate against another side: the difference on the same examples, and how sure it is."""

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from harness.flow.gate.absolute import not_priced
from harness.flow.gate.against import BASELINE, Reference, drift, oriented, quicker, reference
from harness.flow.gate.case import Case, Reading
from harness.flow.gate.words import examples, named
from harness.stats.one_sided import examples_to_decide
from harness.stats.paired import ADJUSTED_T, GATE_WEIGHT, TANGO, Effect, differences
from harness.stats.pairing import Pairs, paired
from harness.stats.power import (
    Z_ONE_SIDED,
    detectable_mean,
    detectable_observed,
    examples_for_margin,
)
from harness.stats.ratios import FEWEST_PAIRS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def comparative(case: Case) -> Reading:
    """Read a gate with `versus`. Raises UsageError where it needs a baseline and none is given."""
    other = reference(case)
    if case.side is None or case.part is None:
        return Reading(void=case.unrun, versus=other.name)
    void = other.void or not_priced(case, case.part)
    if case.better is None:
        void = f"nobody has said which way of '{case.metric}' is better"
    if void or other.side is None:
        return Reading(void=void, versus=other.name)
    found = _times(case, other) if case.quantile is not None else _marks(case, other)
    return replace(found, versus=other.name)


def _marks(case: Case, other: Reference) -> Reading:
    assert case.side is not None
    assert other.side is not None
    pairs = paired(case.side, other.side, case.metric)
    found = oriented(case, pairs)
    if found.value is None:
        return Reading(void=_unpaired(pairs))
    return replace(
        weighed(case, found, spread(pairs.a - pairs.b, found)),
        unable=uncovered(case, pairs),
        excused=drift(case, found) if other.name == BASELINE else "",
        beside=_left_out(pairs),
        lost=lost(case, pairs),
    )


def weighed(case: Case, found: Effect, spread: float | None) -> Reading:
    """Of a difference: what it could have shown, and how many examples would decide it. `spread`: σ of the differences."""
    discordance = (found.wins + found.losses) / found.n if found.n else 0.0
    exact = found.method == TANGO
    mde = detectable_observed(found.n, discordance) if exact else detectable_mean(found.n, spread or 0.0)
    squared = discordance if exact else (spread or 0.0) ** 2
    reading = Reading(
        value=found.value,
        ci=found.ci,
        n=found.n,
        p=found.p_below,
        mde=mde or None,
        wins=found.wins,
        losses=found.losses,
    )
    margin = case.gate.margin or 0.0
    if margin:
        planned = ceil(max(examples_for_margin(margin, squared), _without_a_difference(margin, exact)))
        if planned > found.n:
            return replace(reading, enough=planned, equal=True)
    return replace(reading, enough=_enough(found, -margin))


def spread(differences: "NDArray[np.float64]", found: Effect) -> float | None:
    """Standard deviation of the examples' differences, the pseudo-pair among them where the method has one."""
    import numpy as np

    pair = (GATE_WEIGHT, -GATE_WEIGHT) if found.method == ADJUSTED_T else ()
    held = np.append(differences, pair)
    return float(held.std(ddof=1)) if held.size > 1 else None


def uncovered(case: Case, pairs: Pairs) -> str:
    """Which examples the variant has no value of, though what it is held against has: a coverage failure.

    One that it never planned counts too, unless the run was asked for a part of the evalset, or stopped early: an example that
    was taken out of the evalset must not make a variant look better.
    """
    chosen = case.manifest.selection
    partly = any(chosen.get(key) for key in ("tags", "limit", "only", "failed_from"))
    stopped = any(look.stops for look in case.summary.looks if look.variant == case.variant)
    gone = () if partly or stopped else pairs.absent
    missing = (*pairs.missing, *gone)
    if not missing:
        return ""
    verb = "has" if len(missing) == 1 else "have"
    return f"{examples(len(missing))} {verb} no value here that {verb} one there: {named(missing)}"


def lost(case: Case, pairs: Pairs) -> tuple[str, ...]:
    """Ids of the examples that the variant does worse on; none of a quantity, which differs a little on nearly all."""
    if not case.share:
        return ()
    gained = differences(pairs.a, pairs.b) * (1 if case.better == "higher" else -1)
    return tuple(id_ for id_, by in zip(pairs.ids, gained, strict=True) if by < 0)


def _times(case: Case, other: Reference) -> Reading:
    assert case.side is not None
    assert case.part is not None
    assert other.side is not None
    found = quicker(case, case.side, other.side)
    if found.value is None:
        return Reading(void="no example has a live time on both sides")
    reading = Reading(value=found.value, ci=found.ci, n=found.n, p=found.p_below)
    if found.p_below is None:
        few = f"{examples(found.n)} with times on both sides are too few to compare a percentile"
        return replace(reading, doubt=few, enough=FEWEST_PAIRS)
    late = "" if case.part.latency.valid else case.part.latency.why or "its latency cannot be trusted"
    excused = drift(case, found) if other.name == BASELINE else ""
    return replace(
        reading,
        doubt=late,
        excused=excused,
        unable=excused,
        enough=None if late else _enough(found, case.gate.bound),
    )


def _enough(found: Effect, limit: float) -> int | None:
    """Examples that would clear the limit from above, or 0 from below, whichever is nearer; None for neither."""
    low, high = found.ci
    if found.value is None or low is None or high is None:
        return None
    ways = []
    if found.value > limit:
        ways.append(examples_to_decide(found.n, found.value, low, limit))
    if found.value < 0:
        ways.append(examples_to_decide(found.n, found.value, high, 0.0))
    return min((way for way in ways if way is not None), default=None)


def _without_a_difference(margin: float, exact: bool) -> float:
    """Examples of which not one differs that keep the margin: solves stats.power.least_margin for n."""
    square = Z_ONE_SIDED**2
    return square * (1 - margin) / margin + 1 if exact and margin < 1 else 0.0


def _unpaired(pairs: Pairs) -> str:
    if pairs.changed and not pairs.missing:
        return f"no example is paired: the rows of {examples(len(pairs.changed))} have changed"
    return "no example has a value on both sides"


def _left_out(pairs: Pairs) -> str:
    if not pairs.changed:
        return ""
    verb = "row has" if len(pairs.changed) == 1 else "rows have"
    return f"left out, since their {verb} changed: {named(pairs.changed)}"
