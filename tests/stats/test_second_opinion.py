"""The formulas against code that nobody here wrote, at levels other than 95 % two-sided too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import quantile_test

from harness.stats.quantiles import quantile, ranks
from harness.stats.rates import clopper_pearson_lower, clopper_pearson_upper, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(COUNTS, LEVELS)
def test_wilson_is_statsmodels(counts, confidence):
    """To 1e-9, at any confidence."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    expected = proportion.proportion_confint(*counts, alpha=1 - confidence, method="wilson")
    found = wilson(*counts, critical=float(ndtri((1 + confidence) / 2)))
    assert found == pytest.approx(expected, abs=1e-9)


@given(COUNTS, LEVELS)
def test_the_exact_bounds_are_statsmodels(counts, confidence):
    """Two one-sided bounds make its two-sided interval."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    low, high = proportion.proportion_confint(*counts, alpha=1 - confidence, method="beta")
    one_sided = (1 + confidence) / 2
    assert clopper_pearson_lower(*counts, level=one_sided) == pytest.approx(low, abs=1e-9)
    assert clopper_pearson_upper(*counts, level=one_sided) == pytest.approx(high, abs=1e-9)


@given(st.integers(1, 400), st.sampled_from([0.5, 0.9, 0.95, 0.99]), LEVELS)
def test_quantile_bounds_are_scipys(n, q, confidence):
    """Those of its quantile test, None where it says nan."""
    values = np.random.default_rng(n).lognormal(size=n)
    expected = quantile_test(values, q=0, p=q).confidence_interval(confidence)
    for ours, theirs in zip(quantile(values, q, confidence=confidence).ci, expected, strict=True):
        assert np.isnan(theirs) if ours is None else ours == theirs


@pytest.mark.parametrize(
    ("q", "one_sided", "two_sided"), [(0.5, 5, 6), (0.9, 29, 36), (0.95, 59, 72), (0.99, 299, 368)]
)
def test_fewest_samples_with_an_upper_bound(q, one_sided, two_sided):
    """From so many on it exists: at one-sided 95 %, which is two-sided 90 %, and at two-sided 95 %."""
    for confidence, fewest in ((0.90, one_sided), (0.95, two_sided)):
        assert ranks(fewest, q, confidence)[1] is not None
        assert ranks(fewest - 1, q, confidence)[1] is None
