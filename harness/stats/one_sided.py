"""Bounds that a gate is judged by: one-sided, each for itself at its level, of values by example."""

from typing import TYPE_CHECKING

from harness.stats.means import mean_t
from harness.stats.power import Z_ONE_SIDED, Z_POWER
from harness.stats.rates import GATE_PAIR, clopper_pearson_lower, clopper_pearson_upper, wilson_effective
from harness.types.figures import Interval

if TYPE_CHECKING:
    from harness.stats.means import Floats

_MOST_EXAMPLES = 1_000_000
"""What nobody would collect is no advice."""


def share_bounds(means: "Floats", repeats: int, level: float = 0.95) -> tuple[float | None, Interval]:
    """Mean of values in [0, 1] by example (examples,), none NaN, with its lower and upper bound.

    One 0-or-1 trial an example: Clopper and Pearson (1934), since a promise is broken or kept by it: a rate that lies at
    the bound is taken for one beyond it in at most 1 - level of the samples, where Wilson's bound allows up to
    0.12 (n = 30, 0.98). Graded or repeated: Wilson on the effective number of examples, that of rates.wilson_effective.
    """
    import numpy as np

    data = np.asarray(means, dtype=float)
    n = data.size
    if n == 0:
        return None, (None, None)
    value = float(data.mean())
    if repeats == 1 and bool(np.isin(data, (0.0, 1.0)).all()):
        ones = float(data.sum())
        return value, (
            clopper_pearson_lower(ones, n, level=level),
            clopper_pearson_upper(ones, n, level=level),
        )
    return value, wilson_effective(
        data,
        binary_trials=_binary_trials(data * repeats, repeats),
        confidence=2 * level - 1,
        pair=GATE_PAIR,
    )


def amount_bounds(means: "Floats", level: float = 0.95) -> tuple[float | None, Interval]:
    """Mean of a quantity by example (examples,), none NaN, with its lower and upper bound: mean ± t."""
    return mean_t(means, confidence=2 * level - 1)


def examples_to_decide(n: int, value: float, reached: float, limit: float) -> int | None:
    """About how many examples would take a bound that reaches from `value` to `reached` clear of `limit`, in 80 of 100 samples.

    n ((value - reached) / (value - limit))² (1 + z_0.8/z_0.95)²: bounds close in as 1/√n, if the value stays. None where
    it lies at the limit, or no reasonable number would do.
    """
    if value == limit or n <= 0:
        return None
    ratio = (value - reached) / (value - limit)
    found = n * (ratio * (1 + Z_POWER / Z_ONE_SIDED)) ** 2
    return None if found > _MOST_EXAMPLES else max(n + 1, int(found) + 1)


def _binary_trials(counts: "Floats", repeats: int) -> int | None:
    """The trials behind them where each example's own could all be 0 or 1."""
    import numpy as np

    data = np.asarray(counts)
    return data.size * repeats if bool(np.allclose(data, np.round(data), atol=1e-9)) else None
