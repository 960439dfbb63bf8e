"""A gate on the value itself: what was measured, and between which bounds the truth lies."""

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from harness.flow.gate.case import Case, Reading
from harness.flow.gate.words import examples, quantity
from harness.stats.one_sided import amount_bounds, examples_to_decide, share_bounds
from harness.stats.quantiles import BOUNDED_FROM, FEWEST_P95, quantile
from harness.stats.stages import below
from harness.text.figures import count
from harness.types.figures import PartitionSummary
from harness.types.record import CAME

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def absolute(case: Case) -> Reading:
    """Read a gate with `at_least` or `at_most`."""
    if case.side is None or case.part is None:
        return Reading(void=case.unrun)
    if case.quantile is not None:
        return _decidable(case, _latency(case, case.part))
    if case.metric == "coverage":
        return _coverage(case, case.part)
    return _decidable(case, _marks(case, case.part))


def values(case: Case) -> "NDArray[np.float64]":
    """The metric's values by example, those without one left out."""
    import numpy as np

    held = np.asarray(case.side.marks.get(case.metric, ()) if case.side else (), dtype=float)
    return np.asarray(held[~np.isnan(held)])


def not_priced(case: Case, part: PartitionSummary) -> str:
    """Why a cost cannot be judged; empty where it can, and for all that is no cost."""
    if case.metric != "cost_usd_per_1k" or not part.cost.unpriced:
        return ""
    trials = "trial has" if part.cost.unpriced == 1 else "trials have"
    return f"{count(part.cost.unpriced)} {trials} no known price"


def _marks(case: Case, part: PartitionSummary) -> Reading:
    held = values(case)
    void = not_priced(case, part) or ("" if held.size else "no trial has a value of it")
    if void:
        return Reading(void=void)
    if not case.share:
        value, ci = amount_bounds(held, case.level)
        return Reading(value=value, ci=ci, n=held.size)
    value, ci = share_bounds(held, case.side.repeats if case.side else 1, case.level)
    return _with_the_lost(case, part, Reading(value=value, ci=ci, n=held.size))


def _with_the_lost(case: Case, part: PartitionSummary, found: Reading) -> Reading:
    """Errors never improve a score: a share passes only where it would with every unanswered example counted as bad."""
    side, came = case.side, sum(part.outcomes.get(kind, 0) for kind in CAME)
    if side is None or found.value is None:
        return found
    lost = min(len(side.examples) - found.n, ceil((part.planned - came) / max(side.repeats, 1)))
    if lost <= 0:
        return found
    upper = case.gate.at_most is not None
    worst = (found.value * found.n + (lost if upper else 0)) / (found.n + lost)
    if worst <= case.gate.bound if upper else worst >= case.gate.bound:
        return found
    said = f"{examples(lost)} brought no answer, and with these counted as bad it is {quantity(case, worst)}"
    return replace(found, unable=said)


def _coverage(case: Case, part: PartitionSummary) -> Reading:
    """A count of this run's own trials: nothing is estimated, so that value and bounds are one."""
    if not part.planned or part.coverage is None:
        return Reading(void="no trial was planned")
    untried = part.planned - part.trials
    best = (part.scored + untried) / part.planned
    said = f"{count(untried)} planned trials were never tried" if untried else ""
    return Reading(
        value=part.coverage,
        ci=(part.coverage, best),
        n=part.examples,
        beside=said or f"{count(part.scored)} of {count(part.planned)} planned trials are scored",
        void=said if part.coverage < case.gate.bound <= best else "",
    )


def _latency(case: Case, part: PartitionSummary) -> Reading:
    late = "" if part.latency.valid else part.latency.why or "its latency cannot be trusted"
    samples = case.side.times.get(case.timed) if case.side else None
    if samples is None or not len(samples.ms) or case.quantile is None:
        return Reading(void=_untimed(case, part, late))
    found = quantile(samples.ms, case.quantile, samples.examples, confidence=2 * case.level - 1)
    ceiling = case.manifest.timeout_s * 1000 if samples.timed_out else None
    ci = below(ceiling, found.ci)
    doubt, told = late, ""
    if case.gate.judge == "point" and case.quantile > 0.5 and found.n < FEWEST_P95:
        doubt = f"{found.n} samples hold no P95"
    elif ci[1] is None and found.ci[1] is not None:
        told = "time-outs reach its upper bound, and how long they would have taken is unknown"
    elif ci[1] is None:
        told = (
            f"{found.n} samples are too few for an upper bound, which {BOUNDED_FROM[case.metric]} could give"
        )
    return Reading(value=found.value, ci=ci, n=found.n, doubt=doubt, beside=told)


def _untimed(case: Case, part: PartitionSummary, late: str) -> str:
    if case.metric.startswith("first_token") and part.latency.n_live:
        return "no answer was streamed"
    if case.gate.stage is not None and part.latency.n_live:
        return f"it has no stage '{case.gate.stage}'"
    return late or "no live samples"


def _decidable(case: Case, found: Reading) -> Reading:
    """With the number of examples that would take the nearest bound clear of what was promised."""
    reached = [end for end in found.ci if end is not None]
    if found.value is None or not reached:
        return found
    upper = found.value < case.gate.bound
    end = found.ci[1] if upper else found.ci[0]
    if end is None:
        return found
    return replace(found, enough=examples_to_decide(found.n, found.value, end, case.gate.bound))
