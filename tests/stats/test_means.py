"""Means, the averaging of repeats, and the estimate that fits the values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from harness.stats.estimates import MEAN_T, WILSON, WILSON_EFFECTIVE, amount, share
from harness.stats.means import example_means, mean_t
from harness.stats.rates import wilson

TRIALS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=60)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=60).filter(lambda values: np.std(values) > 1e-6))
def test_the_interval_is_scipys(values):
    """Mean ± t is the interval of scipy's one-sample t test."""
    expected = ttest_1samp(values, 0).confidence_interval()
    assert mean_t(values)[1] == pytest.approx((expected.low, expected.high))


def test_few_values():
    """No value: nothing. One: a mean without an interval."""
    assert mean_t([]) == (None, (None, None))
    assert mean_t([2.0]) == (2.0, (None, None))


@given(TRIALS)
def test_an_example_counts_once(trials):
    """The mean of means is what a plain loop over the examples gives, in the order of their codes."""
    grouped: dict[int, list[float]] = {}
    for value, example in trials:
        grouped.setdefault(example, []).append(value)
    expected = [np.mean(grouped[example]) for example in sorted(grouped)]
    assert example_means(*zip(*trials, strict=True)) == pytest.approx(expected)


def test_single_binary_trials_get_wilson():
    """30 of 40 examples, one trial each."""
    estimate = share([1.0] * 30 + [0.0] * 10, range(40), unscored=2)
    assert (estimate.value, estimate.ci, estimate.method) == (0.75, wilson(30, 40), WILSON)
    assert (estimate.n, estimate.unscored) == (40, 2)


def test_repeats_do_not_narrow_the_interval_by_themselves():
    """Five identical repeats of each example say no more than one."""
    once = share([1.0] * 30 + [0.0] * 10, range(40))
    five = share(np.repeat([1.0] * 30 + [0.0] * 10, 5), np.repeat(np.arange(40), 5))
    assert five.method == WILSON_EFFECTIVE
    assert five.value == once.value
    assert five.n == once.n
    assert five.ci == pytest.approx(once.ci, abs=0.01)


def test_a_score_outside_of_0_to_1_is_a_quantity():
    """A user's scorer may count in another unit: no share interval is made of it."""
    assert share([0.5, 3.0, 2.0], range(3)).method == MEAN_T


@pytest.mark.parametrize("estimate", [share, amount])
def test_nothing_is_not_zero(estimate):
    """No value at all: None, no bounds, n = 0, and the unscored still told."""
    nothing = estimate([], [], unscored=7)
    assert (nothing.value, nothing.ci, nothing.n, nothing.unscored) == (None, (None, None), 0, 7)
