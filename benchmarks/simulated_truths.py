"""Samples from a known truth, and how often an interval, a test or a gate of harness/stats gets it right.

For `coverage_of_methods.py`, and for the tests of harness/stats. Each function takes the number of runs, draws from a
fixed seed, and returns percent; where a method is its argument, a method that must fail is put through the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, sqrt

import numpy as np
from scipy.stats import norm

from harness.stats.means import mean_t
from harness.stats.one_sided import share_bounds
from harness.stats.paired import amount_effect, mcnemar_midp, share_effect, stratified_effect, tango
from harness.stats.quantiles import quantile
from harness.stats.rates import wilson, wilson_effective
from harness.stats.ratios import geometric_ratio, quantile_difference, quantile_ratio
from harness.stats.sequential import LOOKS, bounds, level

Interval = tuple[float | None, float | None]

SIGMA = 0.5
"""Of the log-normal times."""
TRUE_P95 = float(np.exp(SIGMA * norm.ppf(0.95)))
MARGIN = 0.05
N_MAX = 500
"""Examples of a gate that is looked at."""


def held(ci: Interval, truth: float) -> bool:
    """Whether an interval holds the truth; an open side holds it."""
    low, high = ci
    return (-inf if low is None else low) <= truth <= (inf if high is None else high)


def share_held(intervals: Sequence[Interval], truth: float) -> float:
    """Coverage in %."""
    return 100 * float(np.mean([held(ci, truth) for ci in intervals]))


def graded(runs: int, *, n: int, rare: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Two graded scores of the same examples (runs, n), and their true difference.

    Continuous: an ability of the example and a noise of each side's own. Rare: 9 % win a quarter, 3 % lose three.
    """
    random = np.random.default_rng([n, rare])
    if rare:
        change = random.choice([0.25, -0.75, 0.0], (runs, n), p=[0.09, 0.03, 0.88])
        return 0.75 + change, np.full((runs, n), 0.75), 0.0
    ability = 0.25 + 0.5 * random.beta(3, 2, (runs, n))
    first, second = random.uniform(-0.2, 0.2, (2, runs, n))
    return ability + first + 0.03, ability + second, 0.03


def adjusted(a: np.ndarray, b: np.ndarray) -> Interval:
    """The interval that is reported."""
    return share_effect(a, b).ci


def unadjusted(a: np.ndarray, b: np.ndarray) -> Interval:
    """That of a plain paired t."""
    return mean_t(a - b)[1]


def graded_coverage(interval: Callable[..., Interval], runs: int, *, n: int, rare: bool) -> float:
    """Of an interval of two graded scores."""
    first, second, truth = graded(runs, n=n, rare=rare)
    return share_held([interval(a, b) for a, b in zip(first, second, strict=True)], truth)


def graded_gate_error(weight: float, runs: int, *, n: int) -> float:
    """The larger of the two one-sided errors in % of a gate at 5 %, on rare losses."""
    first, second, _ = graded(runs, n=n, rare=True)
    below = [share_effect(a, b, weight=weight).p_below for a, b in zip(first, second, strict=True)]
    return 100 * float(max(np.mean(np.less_equal(below, 0.05)), np.mean(np.greater_equal(below, 0.95))))


def effective(right: np.ndarray, repeats: int) -> Interval:
    """On examples: `right` of so many repeats each."""
    return wilson_effective(right / repeats, binary_trials=right.size * repeats)


def pooled(right: np.ndarray, repeats: int) -> Interval:
    """On trials, as if each were an example."""
    return wilson(float(right.sum()), right.size * repeats)


def repeat_coverage(interval: Callable[..., Interval], runs: int, *, n: int) -> float:
    """Five 0-or-1 repeats an example: four fifths of them answer nearly always, the others rarely."""
    random, repeats = np.random.default_rng([n, 5]), 5
    ability = np.where(random.random((runs, n)) < 0.8, 0.95, 0.2)
    right = random.binomial(repeats, ability)
    return share_held([interval(row, repeats) for row in right], 0.8 * 0.95 + 0.2 * 0.2)


LOSSES: dict[str, tuple[float, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]]] = {
    "all": (1.0, lambda _, shape: np.ones(shape)),
    "half": (0.5, lambda _, shape: np.full(shape, 0.5)),
    "levels": (0.625, lambda random, shape: random.choice([1.0, 0.75, 0.5, 0.25], shape)),
    "uniform": (0.5, lambda random, shape: random.random(shape)),
    "small": (0.1, lambda random, shape: 0.2 * random.random(shape)),
    "skewed": (0.2, lambda random, shape: random.beta(0.5, 2, shape)),
}
"""Kind of loss → its mean, and how it is drawn."""


def ceiling_coverage(interval: Callable[..., Interval], runs: int, *, n: int) -> float:
    """The lowest over the kinds of loss: 97 % of the scores are perfect."""
    covered = []
    for at, (mean, draw) in enumerate(LOSSES.values()):
        random = np.random.default_rng([n, at])
        lost = np.where(random.random((runs, n)) < 0.97, 0.0, draw(random, (runs, n)))
        covered.append(share_held([interval(1 - row) for row in lost], 1 - 0.03 * mean))
    return min(covered)


def ceiling_gate_error(runs: int, *, n: int) -> float:
    """The larger of the two one-sided errors in % of an absolute gate at 5 %, at the worst over the kinds of loss."""
    errors = []
    for at, (mean, draw) in enumerate(LOSSES.values()):
        random = np.random.default_rng([n, at])
        lost = np.where(random.random((runs, n)) < 0.97, 0.0, draw(random, (runs, n)))
        ends = np.array([share_bounds(1 - row, 1)[1] for row in lost])
        errors += [np.mean(ends[:, 0] > 1 - 0.03 * mean), np.mean(ends[:, 1] < 1 - 0.03 * mean)]
    return 100 * float(max(errors))


def mean_interval(row: np.ndarray) -> Interval:
    """Mean ± t."""
    return mean_t(row)[1]


def order_statistics(row: np.ndarray) -> Interval:
    """The interval of P95 that is reported."""
    return quantile(row, 0.95).ci


def bootstrap(row: np.ndarray) -> Interval:
    """A percentile bootstrap of it."""
    random = np.random.default_rng(0)
    again = np.quantile(random.choice(row, (300, row.size)), 0.95, axis=1)
    low, high = np.quantile(again, (0.025, 0.975))
    return float(low), float(high)


def p95_coverage(interval: Callable[..., Interval], runs: int, *, n: int) -> float:
    """Independent log-normal times."""
    rows = np.random.default_rng([n, 95]).lognormal(sigma=SIGMA, size=(runs, n))
    return share_held([interval(row) for row in rows], TRUE_P95)


def p95_repeat_coverage(runs: int, *, by_example: bool) -> float:
    """50 examples, five repeats each that resemble each other (ρ = .7)."""
    random, n, repeats = np.random.default_rng(505), 50, 5
    between = np.repeat(random.normal(size=(runs, n)), repeats, axis=1)
    rows = np.exp(SIGMA * (sqrt(0.7) * between + sqrt(0.3) * random.normal(size=(runs, n * repeats))))
    examples = np.repeat(np.arange(n), repeats) if by_example else None
    return share_held([quantile(row, 0.95, examples).ci for row in rows], TRUE_P95)


def times(runs: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two log-normal times of the same examples, the first one a tenth longer."""
    random = np.random.default_rng([n, 7])
    shared = 0.35 * random.normal(size=(runs, n))
    first, second = np.exp(shared + 0.35 * random.normal(size=(2, runs, n)))
    return 1.1 * first, second


def ratio_coverage(runs: int, *, n: int, q: float | None) -> float:
    """Of the ratio of a quantile, or of the geometric means."""
    pairs = zip(*times(runs, n), strict=True)
    if q is None:
        return share_held([geometric_ratio(a, b).ci for a, b in pairs], 1.1)
    return share_held([quantile_ratio(a[:, None], b[:, None], q).ci for a, b in pairs], 1.1)


def slower_gate_error(runs: int, *, n: int, q: float) -> float:
    """The larger of the two one-sided errors in % of a gate on the difference of a quantile, where there is none."""
    first, second = times(runs, n)
    below = [
        quantile_difference(a[:, None], 1.1 * b[:, None], q).p_below
        for a, b in zip(first, second, strict=True)
    ]
    return 100 * float(max(np.mean(np.less_equal(below, 0.05)), np.mean(np.greater_equal(below, 0.95))))


def cost_coverage(runs: int, *, n: int) -> float:
    """Mean difference of two costs of the same examples, skewed as tokens are."""
    random = np.random.default_rng([n, 16])
    tokens = random.lognormal(sigma=0.6, size=(runs, n))
    first, second = tokens * random.uniform(1.0, 1.6, (runs, n)), tokens * random.uniform(0.8, 1.2, (runs, n))
    truth = 0.3 * float(np.exp(0.6**2 / 2))
    return share_held([amount_effect(a, b).ci for a, b in zip(first, second, strict=True)], truth)


def strata_coverage(runs: int) -> float:
    """The lowest over strata of unlike sizes and shifts, each weighted alike."""
    covered = []
    for sizes in ((10, 10, 10), (8, 12, 20), (6, 6, 6, 6, 6), (5, 40)):
        random, codes = np.random.default_rng(sizes), np.repeat(np.arange(len(sizes)), sizes)
        shifts = np.linspace(0.1, -0.1, len(sizes))
        wins, losses = (0.15 + shifts)[codes] / 2, (0.15 - shifts)[codes] / 2
        drawn = random.random((runs, codes.size))
        apart = (drawn < wins).astype(float) - ((drawn >= wins) & (drawn < wins + losses))
        truth, weights = float(shifts.mean()), [1.0] * len(sizes)
        found = [
            stratified_effect(np.maximum(row, 0), np.maximum(-row, 0), codes, weights=weights).ci
            for row in apart
        ]
        covered.append(share_held(found, truth))
    return min(covered)


@cache
def bounded(b: int, c: int, n: int, confidence: float) -> Interval:
    """Tango's interval, once."""
    return tango(b, c, n, confidence=confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What a gate that is looked at came to, in %."""

    failed: float
    passed: float
    saved: float
    """Of the calls."""


@cache
def stopped(runs: int, drop: float, looks: int, z: tuple[float, ...]) -> Stopped:
    """A gate on 500 examples, looked at evenly; 15 % of the pairs differ, and the drop adds to the losses."""
    random = np.random.default_rng([round(1000 * drop), looks])
    chances = (0.075, 0.075 + drop, 0.85 - drop)
    counts = random.multinomial(N_MAX // looks, chances, (runs, looks)).cumsum(axis=1)
    ends = {"fail": 0, "pass": 0, "inconclusive": 0}
    asked = 0
    for run in counts.tolist():
        verdict = "inconclusive"
        for (b, c, same), bound in zip(run, z if len(z) > 1 else z * looks, strict=True):
            low, high = bounded(b, c, b + c + same, 2 * level(bound) - 1)
            verdict = "fail" if high < 0 else "pass" if low > -MARGIN else verdict
            if verdict != "inconclusive":
                break
        ends[verdict] += 1
        asked += b + c + same
    return Stopped(
        failed=100 * ends["fail"] / runs,
        passed=100 * ends["pass"] / runs,
        saved=100 - 100 * asked / (runs * N_MAX),
    )


def early(figure: str, drop: float, runs: int) -> float:
    """One figure of five looks at the bounds that are used."""
    return float(getattr(stopped(runs, drop, len(LOOKS), bounds()), figure))


def winners_excess(runs: int, *, n: int) -> float:
    """By how many points the best of six equal variants looks better than it is."""
    random = np.random.default_rng([n, 66])
    ability = random.beta(4, 1.5, (runs, n, 1))
    right = random.random((runs, n, 6)) < ability
    return 100 * float(right.mean(axis=1).max(axis=1).mean() - 4 / 5.5)


def family_error(adjust: Callable[[Sequence[float]], Sequence[float]], runs: int) -> float:
    """The chance in % that any of six variants, all as good as the control, is called different; n = 100."""
    random, variants, n = np.random.default_rng(6), 6, 100
    ability = random.beta(4, 1.5, (runs, n, 1))
    right = random.random((runs, n, variants + 1)) < ability
    control, others = right[:, :, :1], right[:, :, 1:]
    wins, losses = (others & ~control).sum(axis=1), (~others & control).sum(axis=1)
    claims = [
        min(adjust([mcnemar_midp(b, c) for b, c in zip(w, x, strict=True)])) <= 0.05
        for w, x in zip(wins.tolist(), losses.tolist(), strict=True)
    ]
    return 100 * float(np.mean(claims))
