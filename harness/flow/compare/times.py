"""How long trials take, beside each other: the geometric mean decides, the percentiles describe."""

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from harness.flow.compare.drafts import QUANTILES, SPEED, Draft, blank
from harness.flow.compare.pairs import Pair
from harness.stats.pairing import paired_times
from harness.stats.power import detectable_mean
from harness.stats.ratios import BOOTSTRAP, GEOMETRIC, geometric_ratio, quantile_ratio
from harness.types.comparison import WHOLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Repeats = list[NDArray[np.float64]]


def timed(pair: Pair, seed: int) -> tuple[Draft, ...]:
    """Compare the live times of a pair: its speed first, then the percentiles; nothing where neither side has any.

    Two runs were not measured side by side, and a slow hour is no slow variant; where the harness itself was late, its
    times are no evidence: such are shown, and decide nothing.
    """
    if WHOLE not in pair.a.times and WHOLE not in pair.b.times:
        return ()
    both = paired_times(pair.a, pair.b, WHOLE)
    whole = [(a, b) for a, b in zip(both.a, both.b, strict=True) if a.min() > 0 < b.min()]  # 0 was not taken
    a, b = [a for a, _ in whole], [b for _, b in whole]
    drafts = (_speed(pair, a, b), *(_quantile(pair, name, (a, b), seed) for name in QUANTILES))
    return tuple(replace(draft, undecidable=pair.untimely) for draft in drafts)


def _speed(pair: Pair, a: "Repeats", b: "Repeats") -> Draft:
    """The geometric means of both, and by how much one is the other's multiple."""
    import numpy as np

    made = blank(pair, SPEED, GEOMETRIC)
    if not a:
        return Draft(made=made)
    logs_a, logs_b = (np.array([np.log(one).mean() for one in side]) for side in (a, b))
    found = geometric_ratio(np.exp(logs_a), np.exp(logs_b))
    apart = logs_a - logs_b
    a_value, b_value = float(np.exp(logs_a.mean())), float(np.exp(logs_b.mean()))
    shown = detectable_mean(len(a), float(apart.std(ddof=1))) if len(a) > 1 else None
    made = replace(
        made,
        difference=a_value - b_value,
        p=found.p,
        n=found.n,
        wins=int((apart < 0).sum()),
        losses=int((apart > 0).sum()),
        ties=int((apart == 0).sum()),
        mde=None if shown is None else b_value * (exp(shown) - 1),
        family="descriptive" if pair.untimely else "speed",
        a_value=a_value,
        b_value=b_value,
        ratio=found.value,
        ratio_ci=found.ci,
    )
    return Draft(made=made)


def _quantile(pair: Pair, metric: str, times: "tuple[Repeats, Repeats]", seed: int) -> Draft:
    """One percentile of both, of the same examples, and their ratio."""
    import numpy as np

    a, b = times
    made = blank(pair, metric, BOOTSTRAP)
    if not a:
        return Draft(made=made)
    q = QUANTILES[metric]
    found = quantile_ratio(a, b, q, seed=seed)
    a_value, b_value = (float(np.quantile(np.concatenate(side), q)) for side in times)
    made = replace(
        made,
        difference=a_value - b_value,
        n=found.n,
        a_value=a_value,
        b_value=b_value,
        ratio=found.value,
        ratio_ci=found.ci,
    )
    return Draft(made=made)
