"""Bounds for looks before the end: the published ones, and no more spent than promised."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from harness.stats.sequential import LOOKS, bounds, level


@pytest.mark.parametrize(
    ("looks", "expected", "digit"),
    [
        ((0.25, 0.5, 0.75, 1.0), (3.7496, 2.5399, 2.0160, 1.7201), 0.0002),
        (LOOKS, (4.229, 2.897, 2.303, 1.968, 1.748), 0.01),
        (LOOKS, (4.229, 2.888, 2.298, 1.962, 1.740), 0.0005),
        ((1.0,), (1.6449,), 0.00005),
    ],
)
def test_bounds_are_the_published_ones(looks, expected, digit):
    """Four looks to the fourth digit; five to .01, and to our own finer grid; one look is the plain test."""
    assert bounds(looks) == pytest.approx(expected, abs=digit)


@pytest.mark.parametrize("alpha", [0.01, 0.025, 0.05, 0.1])
def test_what_is_spent_by_each_look_is_the_spending_function(alpha):
    """400,000 normal random walks: the share past a bound by look t is 2 (1 - Φ(z(1 - α/2) / √t))."""
    walks, passed = 400_000, None
    random = np.random.default_rng(round(1000 * alpha))
    place, passed, before = np.zeros(walks), np.zeros(walks, dtype=bool), 0.0
    for fraction, bound in zip(LOOKS, bounds(alpha=alpha), strict=True):
        place += random.normal(scale=(fraction - before) ** 0.5, size=walks)
        passed |= place / fraction**0.5 > bound
        spent = 2 * norm.sf(norm.isf(alpha / 2) / fraction**0.5)
        assert passed.mean() == pytest.approx(spent, abs=4 * (spent / walks) ** 0.5 + 1e-5)
        before = fraction


@pytest.mark.parametrize("looks", range(2, 11))
@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_later_looks_ask_for_less(looks, alpha):
    """Bounds of even looks fall, none under that of a single look."""
    found = bounds([(at + 1) / looks for at in range(looks)], alpha)
    assert all(early > late for early, late in pairwise(found))
    assert found[-1] > norm.isf(alpha)


def test_a_level_reaches_out_to_its_bound():
    """One-sided: 1.645 is 95 %."""
    assert level(1.6448536269514722) == pytest.approx(0.95)
    assert [level(bound) for bound in bounds()] == sorted((level(bound) for bound in bounds()), reverse=True)
