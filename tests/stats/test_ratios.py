"""Ratios of times: equal to plain derivations, the same each time, and silent where a sample says too little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from harness.stats.ratios import (
    FEWEST_PAIRS,
    ROUNDS,
    example_times,
    geometric_ratio,
    quantile_difference,
    quantile_ratio,
)

TIMES = st.floats(0.01, 1e6)
REPEATS = st.lists(st.lists(TIMES, min_size=1, max_size=4), min_size=1, max_size=30)


def samples(n: int, repeats: int = 1, seed: int = 0):
    """Log-normal times of n examples."""
    return list(np.random.default_rng(seed).lognormal(sigma=0.5, size=(n, repeats)))


def test_the_mean_ratio_is_a_paired_t_on_logs():
    """Scipy's interval of the logs, raised again; twice as long is 2, and shown to be no faster."""
    first, second = np.concatenate(samples(40)), np.concatenate(samples(40, seed=1))
    found, expected = geometric_ratio(2 * first, second), ttest_rel(np.log(2 * first), np.log(second))
    interval = expected.confidence_interval()
    assert found.ci == pytest.approx((np.exp(interval.low), np.exp(interval.high)))
    assert found.p == pytest.approx(expected.pvalue)
    assert found.p_below > 0.99
    assert geometric_ratio(2 * first, first).value == pytest.approx(2)


@given(REPEATS, REPEATS, st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]))
def test_the_value_is_numpys(first, second, q):
    """The ratio of the two quantiles of all times, whatever the number of repeats."""
    n = min(len(first), len(second))
    found = quantile_ratio(first[:n], second[:n], q)
    expected = np.quantile(np.concatenate(first[:n]), q) / np.quantile(np.concatenate(second[:n]), q)
    assert found.value == pytest.approx(expected)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_interval_is_that_of_a_plain_bootstrap(repeats):
    """As drawing examples, gathering their times and taking numpy's quantiles, round by round."""
    first, second = samples(80, repeats), samples(80, repeats, seed=1)
    second[5] = second[5][:1]
    random, logs = np.random.default_rng(7), []
    for _ in range(ROUNDS):
        drawn = random.integers(0, 80, 80)
        times = [np.concatenate([side[at] for at in drawn]) for side in (first, second)]
        logs.append(np.log(np.quantile(times[0], 0.9) / np.quantile(times[1], 0.9)))
    expected = np.exp(np.quantile(logs, (0.025, 0.975)))
    assert quantile_ratio(first, second, 0.9, seed=7).ci == pytest.approx(tuple(expected), rel=1e-9)


def test_the_same_input_gives_the_same_interval():
    """Seeded: to the last digit; and another seed gives nearly the same."""
    first, second = samples(100), samples(100, seed=1)
    once = quantile_ratio(first, second, 0.5)
    assert quantile_ratio(first, second, 0.5) == once
    assert quantile_ratio(first, second, 0.5, seed=1).ci == pytest.approx(once.ci, rel=0.05)


def test_a_variant_is_as_fast_as_itself():
    """The same times on both sides: 1, without any doubt, since every round draws both at once."""
    first = samples(60)
    assert quantile_ratio(first, first, 0.95).ci == (1.0, 1.0)
    assert geometric_ratio(np.concatenate(first), np.concatenate(first)).p == 1.0


def test_few_examples_bound_nothing():
    """Under 50 a bootstrapped quantile covers too little: a value, and no interval."""
    few = quantile_ratio(samples(FEWEST_PAIRS - 1), samples(FEWEST_PAIRS - 1, seed=1), 0.95)
    assert few.value is not None
    assert (few.ci, few.p) == ((None, None), None)


def test_a_time_of_nothing_has_no_ratio():
    """No pair, or a time of 0: unknown, no division by it."""
    assert quantile_ratio([], [], 0.5).value is None
    assert quantile_ratio([[0.0], [1.0]], [[1.0], [1.0]], 0.5).value is None
    assert geometric_ratio([], []).value is None
    assert geometric_ratio([1.0, 0.0], [1.0, 1.0]).ci == (None, None)


def test_a_difference_is_in_milliseconds():
    """Half a second more on every example: 500, an interval around it, and no doubt which way."""
    second = samples(80)
    found = quantile_difference([times + 0.5 for times in second], second, 0.95)
    assert found.value == pytest.approx(0.5)
    assert found.ci == pytest.approx((0.5, 0.5))
    assert found.p < 0.001
    assert found.p_below > 0.999


@given(st.integers(50, 80), st.floats(0.8, 1.25), st.sampled_from([0.5, 0.95]))
@settings(max_examples=40, deadline=None)
def test_a_difference_is_shown_just_where_its_interval_leaves_out_0(n, factor, q):
    """The p and the interval are of the same rounds; and sides exchanged turn both."""
    first, second = [factor * times for times in samples(n)], samples(n, seed=1)
    found, back = quantile_difference(first, second, q), quantile_difference(second, first, q)
    low, high = found.ci
    assert back.ci == pytest.approx((-high, -low))
    assert back.p == found.p
    if abs(found.p - 0.05) > 0.003:
        assert (low > 0 or high < 0) == (found.p < 0.05)


def test_a_difference_of_few_or_none():
    """Under 50 examples a value alone; without one, nothing."""
    assert quantile_difference(samples(49), samples(49, seed=1), 0.5).ci == (None, None)
    assert quantile_difference([], [], 0.5).value is None


def test_a_single_pair_has_a_ratio_and_no_interval():
    """One example shows how it was, not how it will be."""
    one = geometric_ratio([3.0], [2.0])
    assert (one.value, one.ci, one.p) == (pytest.approx(1.5), (None, None), None)


@given(st.lists(st.tuples(TIMES, st.integers(0, 9)), min_size=1, max_size=60))
def test_the_time_of_an_example_is_a_geometric_mean(trials):
    """Of its repeats, in the order of the codes."""
    grouped: dict[int, list[float]] = {}
    for ms, example in trials:
        grouped.setdefault(example, []).append(ms)
    expected = [np.exp(np.mean(np.log(grouped[example]))) for example in sorted(grouped)]
    assert example_times(*zip(*trials, strict=True)) == pytest.approx(expected)
