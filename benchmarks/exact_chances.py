"""Exact chances of a method of harness/stats: every count that can come, with its probability.

For `coverage_of_methods.py`, and for the tests of harness/stats.
"""

from collections.abc import Callable, Iterator
from math import sqrt

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from harness.stats.paired import tango_z

Z_TWO_SIDED, Z_ONE_SIDED = 1.959963984540054, 1.6448536269514722
RATES = np.arange(500, 991) / 1000
MARGIN = 0.05


def tables(n: int, wins: float, losses: float) -> Iterator[tuple[int, int, float]]:
    """All (wins, losses) of n pairs with their probability; those under 1e-12 together weigh nothing."""
    b, c = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    kept = b + c <= n
    b, c = b[kept], c[kept]
    logs = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        for count, chance in ((b, wins), (c, losses), (n - b - c, 1 - wins - losses)):
            logs = logs + np.where(count > 0, count * np.log(chance), 0.0)
    chances = np.exp(logs)
    likely = chances > 1e-12
    return zip(b[likely].tolist(), c[likely].tolist(), chances[likely].tolist(), strict=True)


def rate_coverage(interval: Callable[[int, int], tuple[float, float]], n: int) -> np.ndarray:
    """Exact coverage in % of an interval of a rate, by true rate."""
    counts = np.arange(n + 1)
    low, high = np.array([interval(int(count), n) for count in counts]).T
    return np.array([100 * binom.pmf(counts, n, p) @ ((low <= p) & (p <= high)) for p in RATES])


def textbook(successes: float, n: float) -> tuple[float, float]:
    """P ± z·s/√n."""
    rate = successes / n
    half = Z_TWO_SIDED * sqrt(rate * (1 - rate) / n)
    return max(0.0, rate - half), min(1.0, rate + half)


PAIRS = [
    (q, shift)
    for q in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
    for shift in (0.0, 0.02, 0.05, 0.1)
    if shift <= q
]


def tango_holds(b: int, c: int, n: int, truth: float) -> bool:
    """Whether Tango's interval holds the truth; the interval is where |T| ≤ z."""
    return abs(tango_z(b, c, n, truth)) <= Z_TWO_SIDED


def wald_holds(b: int, c: int, n: int, truth: float) -> bool:
    """The same of the textbook's interval of paired rates."""
    return abs((b - c) / n - truth) <= Z_TWO_SIDED * sqrt(max(b + c - (b - c) ** 2 / n, 0.0)) / n + 1e-12


def pair_coverage(holds: Callable[[int, int, int, float], bool], n: int) -> float:
    """The lowest exact coverage in % over `PAIRS`."""
    return min(
        100 * sum(chance for b, c, chance in tables(n, (q + d) / 2, (q - d) / 2) if holds(b, c, n, d))
        for q, d in PAIRS
    )


def type_one(p_value: Callable[[int, int], float], n: int) -> float:
    """The highest exact chance in % of p ≤ 5 % where both are equally good."""
    return max(
        100 * sum(chance for b, c, chance in tables(n, q / 2, q / 2) if p_value(b, c) <= 0.05)
        for q in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
    )


def score_gate(b: int, c: int, n: int) -> str:
    """The three verdicts on one-sided 95 % bounds."""
    if tango_z(b, c, n, 0.0) < -Z_ONE_SIDED:
        return "fail"
    return "pass" if tango_z(b, c, n, -MARGIN) > Z_ONE_SIDED else "inconclusive"


def threshold_gate(b: int, c: int, n: int) -> str:
    """The gate of two points."""
    return "fail" if (c - b) / n >= 0.02 - 1e-12 else "pass"


def gate_error(judge: Callable[[int, int, int], str], drop: float, wrong: str) -> float:
    """The highest exact chance in % of a wrong verdict, n = 50, 100, 200; the drop adds to the losses."""
    return max(
        100 * sum(chance for b, c, chance in tables(n, q / 2, q / 2 + drop) if judge(b, c, n) == wrong)
        for n in (50, 100, 200)
        for q in (0.05, 0.15, 0.3)
    )
