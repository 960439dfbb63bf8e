"""What a sample can show before it is taken: exact power, margins, and formulas that invert each other."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from harness.stats.certificates import allowed, needed
from harness.stats.paired import tango
from harness.stats.power import (
    Z_ONE_SIDED,
    detectable_difference,
    detectable_mean,
    detectable_observed,
    examples_for_margin,
    examples_for_mean,
    examples_needed,
    least_margin,
    mcnemar_power,
)
from harness.stats.rates import clopper_pearson_upper


@pytest.mark.parametrize(("n", "wins", "losses"), [(20, 0.1, 0.3), (30, 0.0, 0.2), (12, 0.5, 0.5)])
def test_the_power_is_that_of_all_tables(n, wins, losses):
    """Summed over every table with its multinomial chance, z = (b - c) / √(b + c) ≤ -1.645 among them."""
    expected = sum(
        multinomial.pmf([b, c, n - b - c], n, [wins, losses, 1 - wins - losses])
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if b + c and (b - c) / (b + c) ** 0.5 <= -Z_ONE_SIDED
    )
    assert mcnemar_power(n, wins, losses) == pytest.approx(expected, abs=1e-9)


def test_the_power_of_nothing_is_nothing():
    """No pair, or none that could differ, shows nothing; no loss can show a loss."""
    assert mcnemar_power(0, 0.1, 0.2) == 0
    assert mcnemar_power(50, 0, 0) == 0
    assert mcnemar_power(50, 0.2, 0) == 0


def test_the_planned_ten_points_are_seen_by_a_gate():
    """N = 100, a fifth of the pairs differ, ten points lost: the gate's test sees it in 4 of 5 runs."""
    assert mcnemar_power(100, 0.05, 0.15) == pytest.approx(0.74, abs=0.03)
    found = np.mean(mcnemar_simulated(100, 0.05, 0.15))
    assert mcnemar_power(100, 0.05, 0.15) == pytest.approx(found, abs=0.015)


def mcnemar_simulated(n: int, wins: float, losses: float) -> np.ndarray:
    """Whether each of 10,000 samples shows the loss."""
    b, c, _ = np.random.default_rng(1).multinomial(n, (wins, losses, 1 - wins - losses), 10_000).T
    return (b - c) / np.sqrt(np.maximum(b + c, 1)) <= -Z_ONE_SIDED


@given(st.integers(1, 5000))
def test_the_least_margin_is_tangos_bound_without_a_difference(n):
    """Smaller margins could never be kept, not even by a copy of the control."""
    low, _ = tango(0, 0, n, confidence=0.90)
    assert least_margin(n) == pytest.approx(-low, abs=1e-9)


def test_without_an_example_no_margin_can_be_kept():
    """The whole range."""
    assert least_margin(0) == 1


@given(st.integers(20, 5000), st.floats(0.05, 0.6))
def test_what_shows_is_what_needs_so_many(n, discordance):
    """The detectable difference needs just these examples, of rates and of means."""
    shown = detectable_difference(n, discordance)
    if shown is not None:
        assert examples_needed(shown, discordance) == pytest.approx(n, rel=1e-6)
    assert examples_for_mean(detectable_mean(n, discordance), discordance) == pytest.approx(n)


def test_two_that_hardly_differed_could_still_be_told_apart():
    """Where so few pairs differed that nothing could show, the smallest one-way disagreement that would stands in."""
    least = detectable_observed(100, 0.0)
    assert detectable_difference(100, 0.03) is None
    assert detectable_observed(100, 0.03) == least
    assert detectable_difference(100, least + 1e-9) == pytest.approx(least, abs=1e-4)
    assert detectable_observed(100, 0.2) == detectable_difference(100, 0.2)
    assert detectable_observed(0, 0.2) is None


def test_no_difference_needs_them_all():
    """Endless examples for nothing, no figure without an example."""
    assert (examples_needed(0, 0.1), examples_for_mean(0, 0.1), examples_for_margin(0, 0.1)) == (
        inf,
        inf,
        inf,
    )
    assert detectable_mean(0, 0.1) is None


@given(st.integers(0, 12), st.sampled_from([0.3, 0.1, 0.05, 0.01, 0.002]))
def test_a_certificate_needs_no_more_than_it_says(failures, below):
    """So many show it, one fewer does not; and of so many so few failures are allowed."""
    n = needed(failures, below)
    assert clopper_pearson_upper(failures, n) < below <= clopper_pearson_upper(failures, n - 1)
    assert allowed(n, below) == failures


def test_too_few_certify_nothing():
    """298 without a failure are not enough for 1 %, and none for anything."""
    assert allowed(298, 0.01) is None
    assert allowed(0, 0.5) is None
