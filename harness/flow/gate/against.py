"""What a gate holds a variant against: the control, another variant, or what a baseline keeps of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.errors import Fault, UsageError
from harness.flow.gate.absolute import not_priced
from harness.flow.gate.case import Case
from harness.flow.gate.words import difference, examples
from harness.stats.paired import GATE_WEIGHT, Effect, amount_effect, share_effect
from harness.stats.pairing import Pairs, paired, paired_times
from harness.stats.ratios import FEWEST_PAIRS, quantile_difference
from harness.text.differences import probability
from harness.types.comparison import Side

if TYPE_CHECKING:
    from harness.stats.means import Floats

BASELINE = "baseline"
_MOVED = 0.05
"""Two-sided p from which on the control is taken to have changed since the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The other side of a comparative gate."""

    name: str
    """As a verdict says it."""
    side: Side | None
    void: str = ""
    """Why there is none, or none that was judged by the same measure."""


def reference(case: Case) -> Reference:
    """Find what the gate is held against. Raises UsageError for a gate that needs a baseline where none is given."""
    versus, partition = case.gate.versus or "control", case.gate.partition
    if versus == BASELINE:
        return _of_baseline(case)
    name = case.manifest.control if versus == "control" else versus
    side = case.evidence.sides.get((name, partition))
    if side is None:
        return Reference(name=name, side=None, void=f"'{name}' was not run on {partition}")
    part = case.summary.variants[name].partitions.get(partition) if name in case.summary.variants else None
    unpriced = not_priced(case, part) if part else ""
    return Reference(name=name, side=side, void=f"'{name}': {unpriced}" if unpriced else "")


def _of_baseline(case: Case) -> Reference:
    baseline = case.evidence.baseline
    if baseline is None:
        raise UsageError(
            Fault(
                where=case.gate.where,
                what=f"the gate '{case.gate}' is held against a baseline, and there is none",
                next="write one with harness baseline RUN, or name it: --baseline FILE",
            )
        )
    partition = case.gate.partition
    held = baseline.sides.get((case.variant, partition)) or baseline.sides.get((baseline.control, partition))
    if held is None:
        return Reference(
            name=BASELINE, side=None, void=f"the baseline {baseline.file} holds nothing of {partition}"
        )
    return Reference(name=BASELINE, side=held, void=_differing(case, held))


def _differing(case: Case, held: Side) -> str:
    """What was judged by another measure than now is no comparison."""
    what = {"schema_failure_rate": "schema", "cost_usd_per_1k": "prices"}.get(case.metric, case.metric)
    then, now = held.identity.get(what), case.side.identity.get(what) if case.side else None
    if then is None or now is None or then == now or (what == "prices" and held.variant != case.variant):
        return ""
    by = {"schema": "another schema", "prices": "other prices"}.get(what, "another scorer, judge or options")
    return f"the baseline was judged by {by}: write it again with harness baseline RUN"


def marks_effect(case: Case) -> "Callable[[Floats, Floats], Effect]":
    """The method that fits the metric, at the case's level; in a gate a pseudo-pair weighs more."""
    confidence = 2 * case.level - 1
    if case.share:
        return partial(share_effect, confidence=confidence, weight=GATE_WEIGHT)
    return partial(amount_effect, confidence=confidence)


def oriented(case: Case, pairs: Pairs) -> Effect:
    """How much better `a` is: above 0 is better, whichever way the metric goes."""
    effect = marks_effect(case)
    return effect(pairs.a, pairs.b) if case.better == "higher" else effect(pairs.b, pairs.a)


def quicker(case: Case, ours: Side, theirs: Side) -> Effect:
    """How many milliseconds quicker the variant's percentile is, over the examples that both have times of."""
    times = paired_times(ours, theirs, case.timed)
    seed, confidence = case.manifest.seed, 2 * case.level - 1
    return quantile_difference(times.b, times.a, case.quantile or 0.5, seed=seed, confidence=confidence)


def drift(case: Case, found: Effect) -> str:
    """Why what a variant lost since the baseline may be the provider's doing; empty where it cannot be.

    The control is run again beside it. Where it has moved by itself, for the worse, and by as much as the variant may
    have, nobody can tell the one from the other. Of times nobody can without the control: no two hours are alike.
    """
    baseline, name = case.evidence.baseline, case.manifest.control
    key = (name, case.gate.partition)
    now = case.evidence.sides.get(key)
    then = None if baseline is None else baseline.sides.get(key)
    if now is None or then is None or case.variant == name or case.side is None:
        return "" if case.quantile is None or case.variant == name else _UNWATCHED
    moved = (
        quicker(case, now, then)
        if case.quantile is not None
        else oriented(case, paired(now, then, case.metric))
    )
    if moved.value is None or moved.p is None or moved.p > _MOVED:
        few = case.quantile is not None and moved.n < FEWEST_PAIRS
        return f"the control was timed on {examples(moved.n)} only" if few else ""
    explains = moved.value < 0 and found.value is not None and found.value >= (moved.ci[0] or 0.0)
    if not explains and case.quantile is None:
        return ""
    far = f"{difference(case, moved.value)} {'worse' if moved.value < 0 else 'better'}"
    return f"provider drift: the control itself is {far} than in the baseline (p {probability(moved.p)})"


_UNWATCHED = "no control was timed in both runs, to tell a slow hour from a slow variant"
