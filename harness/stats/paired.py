"""Differences between two variants on the same examples: score intervals, exact tests, and an adjusted t."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from harness.types.figures import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.stats.means import Codes, Floats

TANGO = "Tango score"
ADJUSTED_T = "paired t with a pseudo-pair"
PAIRED_T = "paired t"
STRATIFIED_T = "stratified paired t with a pseudo-pair"

REPORT_WEIGHT = 0.5
"""Of the pseudo-pair of a reported difference."""
GATE_WEIGHT = 1.0
"""Of that in a gate that may stop a team: rare large losses that the sample has not met yet weigh more there."""

_HALVINGS = 60
_NOISE = 1e-12
"""Relative to the values: two sums of the same terms in another order differ by so much, and are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How far one side lies above the other, on average over the examples that both have."""

    value: float | None
    ci: Interval
    p: float | None
    """Two-sided, of no difference; None where nothing can be tested."""
    p_below: float | None
    """One-sided, of a difference of 0 or more: small where the first side is shown to lie below the second."""
    method: str
    n: int
    """Examples."""
    wins: int = 0
    losses: int = 0
    ties: int = 0


def tango(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Two-sided score interval of the difference of two paired rates (Tango 1998).

    `wins` examples of `n` only the first side has right, `losses` only the second; the value is (wins - losses) / n.
    All Δ with |T(Δ)| ≤ z, found by bisection:

        T(Δ) = (b - c - nΔ) / √(n (2q̂ + Δ(1 - Δ))),  q̂ = (√(B² - 4AC) - B) / 2A,
        A = 2n,  B = -b - c + (2n - b + c) Δ,  C = -c Δ (1 - Δ)

    At Δ = 0 that is McNemar's test, so that the interval leaves out 0 where that is significant. Where no pair differs
    T(0) is 0/0, and taken for 0: ± z²/(n + z²). n = 0: both None.
    """
    from scipy.special import ndtri

    if n <= 0:
        return (None, None)
    z = float(ndtri((1 + confidence) / 2))
    value = (wins - losses) / n
    low = _where(lambda at: tango_z(wins, losses, n, at) > z, -1.0, value)
    high = _where(lambda at: tango_z(wins, losses, n, at) >= -z, value, 1.0)
    return (low, high)


def tango_z(wins: int, losses: int, n: int, difference: float) -> float:
    """T of `tango` at one Δ in [-1, 1]: how far the observed difference lies above it, in standard errors.

    0 where both the distance and its error are 0, infinite where only the error is.
    """
    linear = -wins - losses + (2 * n - wins + losses) * difference
    constant = -losses * difference * (1 - difference)
    both = (sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * both + difference * (1 - difference))
    distance = wins - losses - n * difference
    if variance <= 1e-12:
        return 0.0 if abs(distance) < 1e-9 else float("inf") if distance > 0 else float("-inf")
    return distance / sqrt(variance)


def _where(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at the lower end stops to hold; an end where it never changes."""
    if holds(high):
        return high
    if not holds(low):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def mcnemar_midp(wins: int, losses: int) -> float:
    """Two-sided mid-p of McNemar's test: 2 (F(k) - f(k)/2) = F(k) + F(k - 1), k = min(wins, losses), of Bin(wins + losses, 1/2).

    Fagerland, Lydersen and Laake (2013): never above its level in 9,595 settings. 1 where both are equal, none among
    them.
    """
    from scipy.special import bdtr

    if wins == losses:
        return 1.0
    k, discordant = min(wins, losses), wins + losses
    fewer = float(bdtr(k - 1, discordant, 0.5)) if k else 0.0
    return fewer + float(bdtr(k, discordant, 0.5))


def share_effect(
    a: "Floats", b: "Floats", *, confidence: float = 0.95, weight: float = REPORT_WEIGHT
) -> Effect:
    """Difference of two paired shares, `a` - `b` (examples,), each value in [0, 1], none NaN; repeats are averaged before.

    Every value 0 or 1: Tango's interval, the mid-p, and McNemar's own one-sided p, which the interval agrees with. Else
    the t interval on n + 2 differences, to which a pseudo-pair (+weight, -weight) is added (Bonett and Price 2012;
    Agresti and Min 2005, for rates): rare large losses are often in no sample. No example: all None.
    """
    import numpy as np
    from scipy.special import ndtr

    apart = differences(a, b)
    counts = _counts(apart)
    if not apart.size:
        return Effect(value=None, ci=(None, None), p=None, p_below=None, method=TANGO, **counts)
    if np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all():
        n, wins, losses = counts["n"], counts["wins"], counts["losses"]
        return Effect(
            value=(wins - losses) / n,
            ci=tango(wins, losses, n, confidence=confidence),
            p=mcnemar_midp(wins, losses),
            p_below=float(ndtr(tango_z(wins, losses, n, 0.0))),
            method=TANGO,
            **counts,
        )
    _, ci, p, p_below = _t(np.append(apart, (weight, -weight)), confidence)
    return Effect(
        value=float(apart.mean()), ci=_clipped(ci), p=p, p_below=p_below, method=ADJUSTED_T, **counts
    )


def stratified_effect(
    a: "Floats",
    b: "Floats",
    strata: "Codes",
    *,
    weights: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Effect:
    """Difference of two paired shares over strata that are weighted: Δ = Σ w_s Δ_s, Var Δ = Σ w_s² s_s² / n_s.

    `a`, `b` as `share_effect`; `strata` (examples,) integer codes, each example in one; `weights`, in the order of the
    codes, are scaled to add up to 1, and are the strata's shares of the examples unless given. The interval is that of t
    with Satterthwaite's (1946) degrees of freedom. One pseudo-pair (±½) is shared out evenly: it adds ½/S to the sum of squares of
    each of S strata, since in small ones the differences often do not differ. No example: all None. A stratum of one: it
    has no spread, and there is no interval.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    apart = differences(a, b)
    counts = _counts(apart)
    if not apart.size:
        return Effect(value=None, ci=(None, None), p=None, p_below=None, method=STRATIFIED_T, **counts)
    _, index, sizes = np.unique(np.asarray(strata), return_inverse=True, return_counts=True)
    share = np.asarray(sizes if weights is None else weights, dtype=float)
    share = share / share.sum()
    means = np.bincount(index, weights=apart) / sizes
    value = float(share @ means)
    if sizes.min() < 2:
        return Effect(value=value, ci=(None, None), p=None, p_below=None, method=STRATIFIED_T, **counts)
    squares = np.bincount(index, weights=(apart - means[index]) ** 2) + 2 * REPORT_WEIGHT**2 / sizes.size
    parts = share**2 * squares / (sizes - 1) / sizes
    error = float(np.sqrt(parts.sum()))
    freedom = float(parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum())
    half, t = float(stdtrit(freedom, (1 + confidence) / 2)) * error, value / error
    return Effect(
        value=value,
        ci=_clipped((value - half, value + half)),
        p=2 * float(stdtr(freedom, -abs(t))),
        p_below=float(stdtr(freedom, t)),
        method=STRATIFIED_T,
        **counts,
    )


def amount_effect(a: "Floats", b: "Floats", *, confidence: float = 0.95) -> Effect:
    """Difference of two paired quantities in any unit, `a` - `b` (examples,), none NaN: mean ± t (Student 1908).

    One example, or differences that do not differ: no interval for one, a point for the other, and a p of 1 where that
    point is 0, else 0.
    """
    apart = differences(a, b)
    mean, ci, p, p_below = _t(apart, confidence)
    return Effect(value=mean, ci=ci, p=p, p_below=p_below, method=PAIRED_T, **_counts(apart))


def differences(a: "Floats", b: "Floats") -> "NDArray[np.float64]":
    """First less second (examples,), 0 where they differ by no more than the rounding of their own sums: such are ties."""
    import numpy as np

    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    apart = first - second
    return np.where(np.abs(apart) <= _NOISE * np.maximum(np.abs(first), np.abs(second)), 0.0, apart)


def _counts(apart: "NDArray[np.float64]") -> dict[str, int]:
    wins, losses = int((apart > 0).sum()), int((apart < 0).sum())
    return {"n": apart.size, "wins": wins, "losses": losses, "ties": apart.size - wins - losses}


def _clipped(ci: Interval) -> Interval:
    low, high = ci
    return (None if low is None else max(-1.0, low), None if high is None else min(1.0, high))


def _t(values: "Floats", confidence: float) -> tuple[float | None, Interval, float | None, float | None]:
    """Mean, interval, two-sided p and lower one-sided p of independent values."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

    data = np.asarray(values, dtype=float)
    n = data.size
    if n == 0:
        return None, (None, None), None, None
    mean = float(data.mean())
    if n == 1:
        return mean, (None, None), None, None
    error = float(data.std(ddof=1)) / n**0.5
    if error == 0:
        return mean, (mean, mean), float(mean == 0), 0.5 if mean == 0 else float(mean > 0)
    half, t = float(stdtrit(n - 1, (1 + confidence) / 2)) * error, mean / error
    below, beyond = (
        float(stdtr(n - 1, at)) for at in (t, -abs(t))
    )  # 1 - below would round the smallest to 0
    return mean, (mean - half, mean + half), 2 * beyond, below
