"""A metric that every example has a mark of: shares, costs, and the facts that a config declares."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.flow.compare.drafts import COVERAGE, Draft, blank
from harness.flow.compare.pairs import Pair
from harness.stats.edge_trap import Measure
from harness.stats.paired import (
    ADJUSTED_T,
    REPORT_WEIGHT,
    TANGO,
    Effect,
    amount_effect,
    differences,
    share_effect,
)
from harness.stats.pairing import Pairs, paired
from harness.stats.power import detectable_mean, detectable_observed
from harness.types.comparison import Terms
from harness.types.summary import Comparison

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ONE_SIDED_95 = 0.90
"""Confidence of the two-sided interval whose lower end is the one-sided 95 % bound."""


def measure(metric: str, terms: Terms, *, confidence: float = 0.95) -> Measure:
    """The method that fits a metric."""
    if metric in terms.shares:
        return partial(share_effect, confidence=confidence, weight=REPORT_WEIGHT)
    return partial(amount_effect, confidence=confidence)


def marked(pair: Pair, metric: str, terms: Terms) -> Draft:
    """Compare one metric of a pair by the marks of the examples that both have a value of."""
    both = paired(pair.a, pair.b, metric)
    found = measure(metric, terms)(both.a, both.b)
    sign = 1 if terms.better[metric] == "higher" else -1
    better = sign * differences(both.a, both.b)
    low, high = measure(metric, terms, confidence=_ONE_SIDED_95)(both.a, both.b).ci
    made = replace(
        blank(pair, metric, found.method),
        difference=found.value,
        ci=found.ci,
        p=found.p,
        n=found.n,
        wins=int((better > 0).sum()),
        losses=int((better < 0).sum()),
        ties=int((better == 0).sum()),
        mde=_detectable(found, both.a - both.b),
        family="primary" if metric == terms.primary else "descriptive",
        a_value=float(both.a.mean()) if found.n else None,
        b_value=float(both.b.mean()) if found.n else None,
        margin=terms.margins.get((metric, pair.a.partition)),
    )
    return Draft(
        made=_named(made, pair, both, better, terms),
        sign=sign,
        floor=low if sign > 0 else None if high is None else -high,
        undecidable=pair.untimely and metric in terms.times,
    )


def _detectable(found: Effect, apart: "NDArray[np.float64]") -> float | None:
    """The smallest true difference that these examples show with 80 % power, as far as they disagree or spread."""
    import numpy as np

    if found.method == TANGO:
        return detectable_observed(found.n, (found.wins + found.losses) / found.n) if found.n else None
    if found.method == ADJUSTED_T:
        apart = np.append(apart, (REPORT_WEIGHT, -REPORT_WEIGHT))
    return detectable_mean(found.n, float(apart.std(ddof=1))) if found.n > 1 else None


def _named(
    made: Comparison, pair: Pair, both: Pairs, better: "NDArray[np.float64]", terms: Terms
) -> Comparison:
    """The examples by name, once: with the metric that decides, or with the coverage where nothing does.

    What a never planned is missing from another run; within one run it was left out on purpose, or the variant was stopped.
    """
    if made.metric == terms.primary:
        made = replace(
            made,
            won=tuple(id_ for id_, by in zip(both.ids, better, strict=True) if by > 0),
            lost=tuple(id_ for id_, by in zip(both.ids, better, strict=True) if by < 0),
        )
    elif terms.primary is not None or made.metric != COVERAGE:
        return made
    missing = (*both.missing, *both.absent) if pair.apart else both.missing
    return replace(made, missing=tuple(sorted(missing)), new=both.new, changed=both.changed)
