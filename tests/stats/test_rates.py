"""Rates: equal to scipy's, and covering what they claim."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from harness.stats.means import mean_t
from harness.stats.rates import GATE_PAIR, clopper_pearson_upper, wilson, wilson_effective

SIZES = (30, 50, 100, 300)
RATES = np.linspace(0.5, 0.99, 99)


def coverage(interval, n: int, rate: float) -> float:
    """Exact coverage: the probability of all counts whose interval holds the rate."""
    held = [interval(count, n)[0] <= rate <= interval(count, n)[1] for count in range(n + 1)]
    return float(binom.pmf(np.arange(n + 1), n, rate) @ held)


def central_limit(successes: float, n: float) -> tuple[float, float]:
    """The textbook interval p ± z·s/√n, which must not pass."""
    rate = successes / n
    half = 1.96 * sqrt(rate * (1 - rate) / n)
    return rate - half, rate + half


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(case):
    """The interval is that of scipy's binomtest for every count."""
    count, n = case
    expected = binomtest(count, n).proportion_ci(0.95, method="wilson")
    assert wilson(count, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("n", SIZES)
def test_wilson_covers(n):
    """Exact coverage is 94.5 to 96 % on the average over rates, and nowhere under 89 %."""
    covered = [coverage(wilson, n, rate) for rate in RATES]
    assert 0.945 <= np.mean(covered) <= 0.96
    assert min(covered) >= 0.89


@pytest.mark.parametrize("n", [30, 50, 100])
def test_the_textbook_interval_fails_the_same_bar(n):
    """Negative control: p ± z·s/√n misses the bar, above all near 1."""
    covered = [coverage(central_limit, n, rate) for rate in RATES]
    assert np.mean(covered) < 0.945
    assert coverage(central_limit, n, 0.99) < 0.70


def test_wilson_ends_at_the_ends():
    """No failure reaches exactly 1, no success exactly 0, no trial nothing."""
    assert wilson(50, 50)[1] == 1.0
    assert wilson(0, 50)[0] == 0.0
    assert wilson(0, 0) == (None, None)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=200))
def test_effective_is_wilson_with_t_for_single_binary_trials(values):
    """One 0-or-1 trial an example: n_eff is n, so that only the quantile (t, not z) widens it a little."""
    plain, effective = wilson(sum(values), len(values)), wilson_effective(values)
    assert effective[0] <= plain[0] + 1e-12
    assert effective[1] >= plain[1] - 1e-12


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_effective_stays_inside_and_around_the_mean(values):
    """Whatever the values, 0 ≤ low ≤ mean ≤ high ≤ 1."""
    low, high = wilson_effective(values)
    assert 0 <= low <= np.mean(values) + 1e-9
    assert np.mean(values) - 1e-9 <= high <= 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_a_gate_is_never_surer_than_a_report(values):
    """Its pseudo-pair lies farther apart: the interval is as wide or wider."""
    low, high = wilson_effective(values)
    wider = wilson_effective(values, pair=GATE_PAIR)
    assert wider[1] - wider[0] >= high - low - 1e-12


def test_effective_needs_two_examples():
    """One example has no spread to go by."""
    assert wilson_effective([0.7]) == (None, None)
    assert wilson_effective([]) == (None, None)


def test_repeats_never_count_for_more_than_their_number():
    """0-or-1 trials that happen to agree on nearly all means cannot be worth more than n·K of them."""
    means = [0.5] * 49 + [0.6]
    low, high = wilson_effective(means, binary_trials=500)
    capped = wilson(0.502 * 500, 500)
    assert high - low > capped[1] - capped[0]


def test_effective_covers_repeats_where_pooling_does_not():
    """Bimodal ability, 5 trials an example: 93 to 97 % on examples; pooled trials fall under 80 %."""
    random, runs, n, repeats = np.random.default_rng(20), 1500, 50, 5
    ability = np.where(random.random((runs, n)) < 0.8, 0.95, 0.2)
    truth = 0.8 * 0.95 + 0.2 * 0.2
    means = random.binomial(repeats, ability) / repeats
    ours = [wilson_effective(row, binary_trials=n * repeats) for row in means]
    pooled = [wilson(row.sum() * repeats, n * repeats) for row in means]
    assert 0.93 <= np.mean([low <= truth <= high for low, high in ours]) <= 0.97
    assert np.mean([low <= truth <= high for low, high in pooled]) < 0.80


LOSSES = {
    "none left": lambda _, shape: np.zeros(shape),
    "half": lambda _, shape: np.full(shape, 0.5),
    "levels": lambda random, shape: random.choice([0.0, 0.25, 0.5, 0.75], shape),
    "any": lambda random, shape: random.random(shape),
}
MEAN_LEFT = {"none left": 0.0, "half": 0.5, "levels": 0.375, "any": 0.5}


def test_effective_covers_scores_at_the_ceiling():
    """97 % perfect graded scores, n = 50 and 100: 92.5 % at worst, 95 % on average; mean ± t stays under 85 %."""
    random, ours, theirs = np.random.default_rng(21), [], []
    for name, loss in LOSSES.items():
        truth = 0.97 + 0.03 * MEAN_LEFT[name]
        for shape in ((1000, 50), (1000, 100)):
            values = np.where(random.random(shape) < 0.97, 1.0, loss(random, shape))
            ours.append(np.mean([low <= truth <= high for low, high in map(wilson_effective, values)]))
            theirs.append(np.mean([low <= truth <= high for _, (low, high) in map(mean_t, values)]))
    assert min(ours) >= 0.925
    assert np.mean(ours) >= 0.95
    assert np.mean(theirs) < 0.85


@given(st.integers(1, 600).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_upper_bound_is_scipys(case):
    """The one-sided 95 % bound is the upper end of scipy's exact two-sided 90 % interval."""
    count, n = case
    expected = binomtest(count, n).proportion_ci(0.90, method="exact").high
    assert clopper_pearson_upper(count, n) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("failures", "n"), [(0, 299), (1, 473), (3, 773)])
def test_the_plan_table_certifies_one_per_cent(failures, n):
    """The published plan: these counts bound the rate under 1 %, one example less does not."""
    assert clopper_pearson_upper(failures, n) < 0.01
    assert clopper_pearson_upper(failures, n - 1) >= 0.00999


def test_the_upper_bound_at_its_edges():
    """Nothing judged bounds nothing; all failed is 1."""
    assert clopper_pearson_upper(0, 0) is None
    assert clopper_pearson_upper(5, 5) == 1.0
