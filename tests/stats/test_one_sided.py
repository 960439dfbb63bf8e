"""Bounds that a gate is judged by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from harness.stats.one_sided import amount_bounds, examples_to_decide, share_bounds
from harness.stats.rates import GATE_PAIR, wilson_effective
from harness.stats.ratios import FEWEST_PAIRS, quantile_difference


def test_a_share_of_single_trials_has_exact_bounds():
    """Those of Clopper and Pearson: by the tail of the binomial itself, on both sides."""
    value, (low, high) = share_bounds([1.0] * 45 + [0.0] * 5, 1)
    assert value == 0.9
    assert binom.sf(44, 50, low) == pytest.approx(0.05)
    assert binom.cdf(45, 50, high) == pytest.approx(0.05)
    assert share_bounds([1.0] * 59, 1)[1][0] >= 0.95
    assert share_bounds([1.0] * 58, 1)[1][0] < 0.95


@pytest.mark.parametrize("n", [30, 100])
def test_neither_bound_misses_the_truth_in_more_than_one_sample_of_twenty(n):
    """Exact, at every rate: the promise that a verdict makes."""
    bounds = [share_bounds([1.0] * ones + [0.0] * (n - ones), 1)[1] for ones in range(n + 1)]
    low, high = np.array(bounds).T
    for rate in np.linspace(0.02, 0.98, 49):
        chances = binom.pmf(range(n + 1), n, rate)
        assert chances @ (low > rate) <= 0.05
        assert chances @ (high < rate) <= 0.05


def test_graded_and_repeated_scores_have_the_bounds_of_their_effective_number():
    """The two-sided interval of 90 % that a report would have, with the gate's own pseudo-pair."""
    random = np.random.default_rng(2)
    graded = random.beta(8, 2, 80)
    assert share_bounds(graded, 1)[1] == wilson_effective(graded, confidence=0.9, pair=GATE_PAIR)
    repeated = np.round(graded * 3) / 3
    assert share_bounds(repeated, 3)[1] == wilson_effective(
        repeated, binary_trials=240, confidence=0.9, pair=GATE_PAIR
    )
    assert share_bounds([], 1) == (None, (None, None))


def test_an_amount_has_its_t_bounds():
    """Each at 95 %."""
    value, (low, high) = amount_bounds([1.0, 2.0, 3.0])
    assert (value, high - value) == (2.0, pytest.approx(2.9199856 / 3**0.5))
    assert value - low == pytest.approx(high - value)


def test_examples_to_decide_brings_the_bound_clear_of_the_limit():
    """Four times as many for half the distance; the same figure that a planner has of a rate with 80 % power."""
    near, far = (examples_to_decide(100, 0.8, 0.73, limit) for limit in (0.75, 0.70))
    assert near == pytest.approx(4 * far, rel=0.01)
    assert far == pytest.approx(100 * 0.49 * (1 + 0.8416 / 1.6449) ** 2, abs=1)
    assert examples_to_decide(100, 0.8, 0.7, 0.8) is None
    assert examples_to_decide(100, 0.8, 0.7, 0.7999999) is None


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=40), st.sampled_from([0.5, 0.95]))
def test_a_percentile_against_itself_does_not_differ(times, q):
    """Nor does it leave 0, whatever the times."""
    held = [[one] for one in times]
    found = quantile_difference(held, held, q)
    assert found.value == 0
    assert found.ci in ((None, None), (0.0, 0.0))
    assert found.p is None or found.p == 1


def test_under_fifty_pairs_a_percentile_has_no_bounds():
    """A value all the same, and none without a pair."""
    few = [[float(at)] for at in range(1, FEWEST_PAIRS)]
    found = quantile_difference(few, [[one[0] + 5] for one in few], 0.5)
    assert (found.value, found.ci, found.p_below) == (-5.0, (None, None), None)
    assert quantile_difference([], [], 0.5).value is None


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_the_bounds_of_a_difference_of_percentiles_cover(q):
    """Paired log-normal times, the second a fifth longer: each one-sided bound misses in at most 8 % of 120 samples of 100."""
    random, runs = np.random.default_rng(9), 120
    spread = 0.3**2 + 0.4**2
    z = {0.5: 0.0, 0.95: 1.6448536269514722}[q]
    truth = np.exp(6 + z * spread**0.5) * (1.2 - 1)
    over = under = claimed = 0
    for run in range(runs):
        shared = random.normal(6, 0.4, 100)
        a, b = (np.exp(shared + random.normal(0, 0.3, 100)) * scale for scale in (1.2, 1.0))
        found = quantile_difference([[one] for one in a], [[one] for one in b], q, seed=run, confidence=0.9)
        under += found.ci[0] > truth
        over += found.ci[1] < truth
        same = np.exp(shared + random.normal(0, 0.3, 100))
        null = quantile_difference([[one] for one in same], [[one] for one in b], q, seed=run)
        claimed += null.p_below <= 0.05
    assert max(over, under, claimed) / runs <= 0.08
