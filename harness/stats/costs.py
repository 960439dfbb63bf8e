"""What trials cost, with the unknown kept apart from the free."""

from math import isnan
from typing import TYPE_CHECKING

from harness.stats.columns import TOKENS
from harness.stats.estimates import amount
from harness.types.figures import Cost, Interval
from harness.types.record import CAME

if TYPE_CHECKING:
    import pandas as pd


def cost(trials: "pd.DataFrame", stages: "pd.DataFrame") -> Cost:
    """Cost of one variant on one partition; frames as in Columns.

    `usd_per_1k` is 1,000 times the mean (± t) over the trials that brought an answer: a failure is often free, and
    must not make a variant look cheap. It is None where one of these has no price. A time-out without a price may
    have been billed, and counts as unpriced; a failure without one does not. `total_usd` adds up all that is
    priced, and is None where nothing is.
    A stage that calls no model costs nothing and is left out of `by_stage`, but for a part of a call that told its own
    cost: the call keeps the rest.
    """
    usd, kind = trials["cost_usd"], trials["kind"]
    came = kind.isin(CAME)
    unpriced = usd.isna() & (kind != "failed")
    known = bool(came.any()) and not bool((unpriced & came).any())
    mean = amount(usd[came].to_numpy() * 1000, trials["example"][came].to_numpy()) if known else None
    return Cost(
        usd_per_1k=mean.value if mean else None,
        ci=_not_below_zero(mean.ci) if mean else (None, None),
        total_usd=float(usd.sum()) if bool(usd.notna().any()) else None,
        unpriced=int(unpriced.sum()),
        by_stage=_by_stage(stages, trials.index[kind == "failed"]),
        tokens={name: _total(trials[name][came]) for name in TOKENS},
    )


def _not_below_zero(ci: Interval) -> Interval:
    low, high = ci
    return (None if low is None else max(0.0, low), high)


def _by_stage(stages: "pd.DataFrame", failed: "pd.Index") -> dict[str, float | None]:
    costing = stages[stages["costs"]]
    missing = costing["cost_usd"].isna() & ~costing.index.isin(failed)
    unknown = set(costing["name"][missing])
    sums = costing.groupby("name", observed=True, sort=False)["cost_usd"].sum(min_count=1)
    return {str(name): None if name in unknown or isnan(usd) else float(usd) for name, usd in sums.items()}


def _total(tokens: "pd.Series") -> int | None:
    return int(tokens.sum()) if len(tokens) and not tokens.isna().any() else None
