"""What a sample of paired examples can show: before it is taken, and beside a verdict that could not be given."""

from math import inf, sqrt

Z_TWO_SIDED = 1.959963984540054
"""Normal quantile of a two-sided 5 % test."""
Z_ONE_SIDED = 1.6448536269514722
"""Normal quantile of a one-sided 5 % test."""
Z_POWER = 0.8416212335729143
"""Normal quantile of 80 % power."""

TYPICAL_DISCORDANCE = 0.15
"""Share of examples on which two variants disagree, where nothing better is known."""


def detectable_difference(n: int, discordance: float = TYPICAL_DISCORDANCE) -> float | None:
    """The smallest difference of two paired rates that `n` examples show with 80 % power at 5 %, two-sided.

    Solves n = [(z_α √q + z_β √(q − Δ²)) / Δ]² for Δ, with q the share of discordant pairs (Connor 1987;
    Miettinen 1968). Returns a share in (0, q]; None where not even one-way disagreement (Δ = q) would show.
    """
    if n <= 0 or not 0 < discordance <= 1:
        return None
    low, high = 0.0, discordance
    if examples_needed(high, discordance) > n:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if examples_needed(middle, discordance) > n else (low, middle)
    return high


def detectable_observed(n: int, discordance: float) -> float | None:
    """The same where `discordance` was observed: one too small for any difference to show does not say that none could be.

    The two sides may disagree more often than they did in this sample; then the smallest one-way disagreement that would
    show stands in: Δ = q, n Δ = (z_α + z_β √(1 - Δ))². None where `n` examples could show nothing at all.
    """
    least = 1.0
    for _ in range(60):
        least = min(1.0, (Z_TWO_SIDED + Z_POWER * sqrt(1 - least)) ** 2 / n) if n > 0 else 1.0
    if least >= 1:
        return None
    return least if discordance <= least else detectable_difference(n, discordance)


def examples_needed(difference: float, discordance: float = TYPICAL_DISCORDANCE) -> float:
    """Paired examples that show a difference of two rates with 80 % power at 5 %, two-sided; formula as above."""
    if difference <= 0:
        return inf
    spread = max(0.0, discordance - difference**2)
    return ((Z_TWO_SIDED * sqrt(discordance) + Z_POWER * sqrt(spread)) / difference) ** 2


def detectable_mean(n: int, spread: float) -> float | None:
    """The smallest mean difference that `n` paired examples show with 80 % power at 5 %, two-sided: (z_α + z_β) σ / √n.

    `spread` is the standard deviation σ of the examples' differences, in any unit. None for no example.
    """
    return (Z_TWO_SIDED + Z_POWER) * spread / sqrt(n) if n > 0 else None


def examples_for_mean(difference: float, spread: float) -> float:
    """Paired examples that show a mean difference with 80 % power at 5 %, two-sided: (z_α + z_β)² σ² / Δ²; as above.

    With K repeats σ² = ω² + (σ_A² + σ_B²) / K: ω² is the variance between examples of their true differences, σ_A² and
    σ_B² those between repeats of one example (Miller 2024).
    """
    return ((Z_TWO_SIDED + Z_POWER) * spread / difference) ** 2 if difference > 0 else inf


def examples_for_margin(margin: float, discordance: float = TYPICAL_DISCORDANCE) -> float:
    """Paired examples that show two equal rates to differ by less than `margin`, with 80 % power at one-sided 5 %.

    n = (z_0.95 + z_0.8)² q / M², q the share of discordant pairs; of graded scores the variance of the differences.
    """
    return (Z_ONE_SIDED + Z_POWER) ** 2 * discordance / margin**2 if margin > 0 else inf


def least_margin(n: int, z: float = Z_ONE_SIDED) -> float:
    """The smallest margin that can be kept where no pair differs: Tango's bound z²/(n + z²); 1 without an example."""
    return z * z / (n + z * z)


def mcnemar_power(n: int, wins: float, losses: float, *, level: float = 0.05) -> float:
    """The chance that `n` pairs show the second side to be better, by McNemar's score test at one-sided `level`.

    `wins` and `losses` are the chances that only the first, or only the second, is right on an example. Exact: all tables
    (b, c) with their multinomial probabilities, (b - c) / √(b + c) ≤ -z among them. n = 0, or no losses: 0.
    """
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import binom

    discordant = wins + losses
    if n <= 0 or discordant <= 0:
        return 0.0
    bound, power = -float(ndtri(1 - level)), 0.0
    for many, chance in enumerate(binom.pmf(np.arange(n + 1), n, discordant)):
        b = np.arange(many + 1)
        if many and chance > 1e-15:
            shown = (2 * b - many) / sqrt(many) <= bound
            power += float(chance * binom.pmf(b[shown], many, wins / discordant).sum())
    return power
