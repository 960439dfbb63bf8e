"""Quantiles: equal to scipy's, honest about what a sample cannot bound, and covering what they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, quantile_test

from harness.stats.quantiles import quantile, ranks

SIGMA = 0.5
TRUE_P95 = float(np.exp(SIGMA * norm.ppf(0.95)))

SAMPLES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("n", "q", "expected"),
    [
        *(
            (n, 0.95, pair)
            for n, pair in {72: (64, 72), 100: (90, 100), 200: (184, 197), 300: (277, 293)}.items()
        ),
        *((n, 0.5, pair) for n, pair in {50: (18, 33), 100: (40, 61), 6: (1, 6), 5: (None, None)}.items()),
        (71, 0.95, (63, None)),
        (0, 0.95, (None, None)),
    ],
)
def test_ranks_are_the_published_ones(n, q, expected):
    """Exact binomial ranks; the upper one of P95 exists from n = 72, both of P50 from n = 6."""
    assert ranks(n, q) == expected


@given(SAMPLES, st.sampled_from([0.5, 0.9, 0.95]))
def test_intervals_are_scipys(values, q):
    """Bounds are those of scipy's quantile_test, None where it says nan; the value is numpy's."""
    expected = quantile_test(values, q=0, p=q).confidence_interval()
    found = quantile(values, q)
    assert found.value == np.quantile(values, q)
    for ours, theirs in zip(found.ci, expected, strict=True):
        assert np.isnan(theirs) if ours is None else ours == theirs


@given(SAMPLES)
def test_percentiles_are_monotone(values):
    """Smallest ≤ P50 ≤ P95 ≤ largest, and each lies in its interval."""
    p50, p95 = quantile(values, 0.5), quantile(values, 0.95)
    assert min(values) <= p50.value <= p95.value <= max(values)
    for one in (p50, p95):
        low, high = one.ci
        assert low is None or low <= one.value
        assert high is None or high >= one.value


@given(SAMPLES)
def test_single_trials_have_no_design_effect(values):
    """Examples that do not repeat change nothing."""
    assert quantile(values, 0.95, list(range(len(values)))) == quantile(values, 0.95)


def test_identical_repeats_count_once():
    """Five copies of each of 80 samples are worth about 80, and bound P95 like these."""
    values = np.random.default_rng(3).lognormal(sigma=SIGMA, size=80)
    copies = quantile(np.repeat(values, 5), 0.95, np.repeat(np.arange(80), 5))
    assert copies.n == 400
    assert 60 <= copies.n_effective <= 90
    low, high = quantile(values, 0.95).ci
    assert copies.ci[0] <= low * 1.0001
    assert copies.ci[1] is None or copies.ci[1] >= high * 0.9999


def test_one_example_repeated_is_one_sample():
    """Repeats of a single example bound nothing."""
    assert quantile([1.0, 2.0, 3.0] * 40, 0.95, [0] * 120).ci == (None, None)


def test_nothing_gives_nothing():
    """No sample: no value and no bounds."""
    empty = quantile([], 0.95)
    assert (empty.value, empty.ci, empty.n) == (None, (None, None), 0)


def held(found) -> bool:
    """Whether the interval holds the true P95; an open side holds."""
    low, high = found.ci
    return (low is None or low <= TRUE_P95) and (high is None or high >= TRUE_P95)


@pytest.mark.parametrize("n", [60, 100, 200])
def test_p95_covers(n):
    """Independent log-normal latencies: at least 94 %."""
    samples = np.random.default_rng(n).lognormal(sigma=SIGMA, size=(1500, n))
    assert np.mean([held(quantile(row, 0.95)) for row in samples]) >= 0.94


def test_a_bootstrap_fails_the_same_bar():
    """Negative control: the percentile bootstrap of P95 misses it at n = 50."""
    random = np.random.default_rng(50)
    covered = []
    for row in random.lognormal(sigma=SIGMA, size=(400, 50)):
        again = np.quantile(random.choice(row, size=(400, 50)), 0.95, axis=1)
        low, high = np.quantile(again, [0.025, 0.975])
        covered.append(low <= TRUE_P95 <= high)
    assert np.mean(covered) < 0.92


@pytest.mark.parametrize(("q", "bar"), [(0.5, 0.925), (0.95, 0.925)])
def test_repeats_cover_and_pooling_does_not(q, bar):
    """50 examples × 5 alike repeats (ρ = .7): at least 92.5 %; ranks of 250 independent samples fall short."""
    random, runs, n, repeats = np.random.default_rng(70), 700, 50, 5
    truth = float(np.exp(SIGMA * norm.ppf(q)))
    between = np.repeat(random.normal(size=(runs, n)), repeats, axis=1)
    samples = np.exp(
        SIGMA * (np.sqrt(0.7) * between + np.sqrt(0.3) * random.normal(size=(runs, n * repeats)))
    )
    examples = np.repeat(np.arange(n), repeats)

    def covers(ci) -> bool:
        return (ci[0] is None or ci[0] <= truth) and (ci[1] is None or truth <= ci[1])

    assert np.mean([covers(quantile(row, q, examples).ci) for row in samples]) >= bar
    assert np.mean([covers(quantile(row, q).ci) for row in samples]) < bar
