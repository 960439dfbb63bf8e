"""Rates and their intervals: pure functions on counts, and on values in [0, 1]."""

from math import sqrt
from typing import TYPE_CHECKING

from harness.types.figures import Interval

if TYPE_CHECKING:
    from harness.stats.means import Floats

_Z = 1.959963984540054
"""The 97.5 % point of the standard normal."""

REPORT_PAIR = 0.25
"""Of the pseudo-pair of a reported score: from there on it covers, and a larger one only widens."""
GATE_PAIR = 0.5
"""Of that in a gate: each bound errs by itself there, and in 97 %-perfect scores of a few levels ¼ lets it err in 8 %."""


def wilson(successes: float, n: float, *, critical: float = _Z) -> Interval:
    """Two-sided score interval of a rate (Wilson 1927).

    `successes` of `n` independent trials; both may be effective numbers, hence not whole. `critical` is the
    quantile to go out to: normal, two-sided 95 %, unless given. With no success the lower bound is exactly 0, with
    no failure the upper one exactly 1. n = 0: both None.
    """
    if n <= 0:
        return (None, None)
    rate, square = successes / n, critical * critical
    centre = (rate + square / (2 * n)) / (1 + square / n)
    half = critical / (1 + square / n) * sqrt(max(rate * (1 - rate), 0.0) / n + square / (4 * n * n))
    low = 0.0 if rate <= 0 else max(0.0, centre - half)
    high = 1.0 if rate >= 1 else min(1.0, centre + half)
    return (low, high)


def wilson_effective(
    values: "Floats",
    *,
    binary_trials: int | None = None,
    confidence: float = 0.95,
    pair: float = REPORT_PAIR,
) -> Interval:
    """Two-sided score interval, 95 % unless given, of the mean of example means in [0, 1], graded or repeated.

    Wilson on n_eff = n · (B + w) / (S + w) examples (Korn and Graubard 1998, who have no w), and the quantile of
    Student's t with n-1 degrees of freedom. S is the sum of squared distances of the means to their own, B = n p(1-p)
    what it would be were each of them 0 or 1. w = 2 `pair`² is that of a pair so far above and below, for the losses
    that the sample has not met yet: where nearly all is perfect a single small loss makes S tiny, and an interval
    without w covers 80 to 92 % there. 0-or-1 values have n_eff = n. So have values that do not differ (by 1e-9): they
    carry no S. `values` (examples,); `binary_trials` is the number of trials behind them where each was 0 or 1: n_eff
    never exceeds it. n = 0: both None. n = 1: both None, for want of a spread.
    """
    import numpy as np
    from scipy.special import stdtrit

    data = np.asarray(values, dtype=float)
    n = data.size
    if n < 2:
        return (None, None)
    rate = min(1.0, max(0.0, float(data.mean())))
    effective = float(n)
    if np.ptp(data) > 1e-9:
        squares = float(((data - rate) ** 2).sum())
        unmet = 2 * pair**2
        effective = n * (n * rate * (1 - rate) + unmet) / (squares + unmet)
        if binary_trials is not None:
            effective = min(effective, float(binary_trials))
    return wilson(rate * effective, effective, critical=float(stdtrit(n - 1, (1 + confidence) / 2)))


def clopper_pearson_upper(failures: float, n: float, *, level: float = 0.95) -> float | None:
    """One-sided upper bound of a failure rate, 95 % unless given (Clopper and Pearson 1934): Beta(0.95; x+1, n-x).

    With no failure it is 1 - 0.05^(1/n), about 3/n. `failures` may be a sum of example means: repeats of one
    example are not independent, so that n counts examples. n = 0: None; all failed: 1.
    """
    from scipy.special import betaincinv

    if n <= 0:
        return None
    if failures >= n:
        return 1.0
    return float(betaincinv(failures + 1, n - failures, level))


def clopper_pearson_lower(failures: float, n: float, *, level: float = 0.95) -> float | None:
    """One-sided lower bound of a failure rate: Beta(0.05; x, n-x+1). n = 0: None; no failure: 0."""
    upper = clopper_pearson_upper(n - failures, n, level=level)
    return None if upper is None else 1 - upper
