"""What a sample of paired examples can show, before it is taken."""

from math import sqrt

Z_TWO_SIDED = 1.959963984540054
"""Normal quantile of a two-sided 5 % test."""
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
    if _needed(high, discordance) > n:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _needed(middle, discordance) > n else (low, middle)
    return high


def _needed(difference: float, discordance: float) -> float:
    """Examples that are needed to show this difference."""
    if difference <= 0:
        return float("inf")
    spread = max(0.0, discordance - difference**2)
    return ((Z_TWO_SIDED * sqrt(discordance) + Z_POWER * sqrt(spread)) / difference) ** 2
