"""Differences of paired samples: published values, independent derivations, algebra, and the ends of each formula."""

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm, ttest_rel

from harness.stats.paired import (
    ADJUSTED_T,
    TANGO,
    amount_effect,
    mcnemar_midp,
    share_effect,
    stratified_effect,
    tango,
    tango_z,
)

COUNTS = st.integers(1, 300).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)).filter(
        lambda t: t[0] + t[1] <= t[2]
    )
)
GRADES = st.floats(0, 1)
PAIRS = st.lists(st.tuples(GRADES, GRADES), min_size=2, max_size=60)


@pytest.mark.parametrize(
    ("wins", "losses", "n", "confidence", "expected"),
    [
        (1, 7, 21, 0.95, (-0.517, -0.026)),
        (6, 16, 161, 0.95, (-0.1240, -0.0054)),
        (28, 25, 618, 0.90, (-0.0148, 0.0247)),
        (0, 0, 50, 0.95, (-0.0713, 0.0713)),
    ],
)
def test_tango_is_the_published_interval(wins, losses, n, confidence, expected):
    """Bentur 2009 and Cavo 2012 as R's contingencytables has them, one of R's PropCIs, and where no pair differs: ± z²/(n + z²)."""
    found = tango(wins, losses, n, confidence=confidence)
    assert found == pytest.approx(expected, abs=0.0005 if expected[0] == -0.517 else 0.00005)


def test_the_midp_is_the_published_one():
    """Cavo 2012: 6 against 16 gives 0.034690."""
    assert mcnemar_midp(6, 16) == pytest.approx(0.034690, abs=5e-7)


@given(COUNTS)
def test_the_midp_is_the_exact_p_less_half_the_point(counts):
    """As statsmodels' exact test has it, less the chance of the table that was seen; 1 where both are equal."""
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    wins, losses, _ = counts
    exact = contingency.mcnemar([[0, wins], [losses, 0]], exact=True).pvalue if wins + losses else 1.0
    from scipy.stats import binom

    expected = exact - binom.pmf(min(wins, losses), wins + losses, 0.5) if wins != losses else 1.0
    assert mcnemar_midp(wins, losses) == pytest.approx(expected, abs=1e-9)


@given(COUNTS)
def test_tango_turns_with_its_sides(counts):
    """The second less the first is the same with the sign turned; the value lies within, and all of it in [-1, 1]."""
    wins, losses, n = counts
    low, high = tango(wins, losses, n)
    assert tango(losses, wins, n) == pytest.approx((-high, -low), abs=1e-9)
    assert -1 <= low <= (wins - losses) / n + 1e-12
    assert (wins - losses) / n - 1e-12 <= high <= 1


@given(COUNTS, st.floats(0.5, 0.99), st.floats(0.001, 0.009))
def test_more_confidence_is_a_wider_interval(counts, confidence, more):
    """Never narrower on either side."""
    low, high = tango(*counts, confidence=confidence)
    wider = tango(*counts, confidence=confidence + more)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12


@given(COUNTS, st.floats(-0.999, 0.999))
def test_the_interval_is_where_the_score_is_small(counts, at):
    """A difference lies in it just where |T| ≤ z; at 0 that is McNemar's test."""
    wins, losses, n = counts
    low, high = tango(wins, losses, n)
    score = tango_z(wins, losses, n, at)
    if abs(abs(score) - 1.959963984540054) > 1e-6:
        assert (low <= at <= high) == (abs(score) <= 1.959963984540054)
    if wins + losses:
        assert tango_z(wins, losses, n, 0.0) == pytest.approx((wins - losses) / (wins + losses) ** 0.5)


@given(COUNTS.filter(lambda t: t[0] > 0 and t[1] > 0 and t[0] + t[1] < t[2]), st.floats(-0.8, 0.8))
def test_the_score_uses_the_likeliest_rates(counts, at):
    """Tango's closed form is the maximum of the likelihood under that difference, found by search."""
    wins, losses, n = counts
    least, most = max(0.0, -at), (1 - at) / 2

    def unlikely(only_second: float) -> float:
        rest = 1 - 2 * only_second - at
        return -wins * log(only_second + at) - losses * log(only_second) - (n - wins - losses) * log(rest)

    margin = 1e-9 * (most - least)
    best = minimize_scalar(
        unlikely, bounds=(least + margin, most - margin), method="bounded", options={"xatol": 1e-12}
    ).x
    variance = n * (2 * best + at * (1 - at))
    assert tango_z(wins, losses, n, at) == pytest.approx(
        (wins - losses - n * at) / variance**0.5, rel=1e-3, abs=1e-3
    )


@pytest.mark.parametrize(
    ("wins", "losses", "n", "expected"),
    [
        (0, 0, 0, (None, None)),
        (1, 0, 1, (-0.5869, 1.0)),
        (0, 1, 1, (-1.0, 0.5869)),
        (0, 0, 1, (-0.7935, 0.7935)),
        (50, 0, 50, (0.8573, 1.0)),
        (0, 50, 50, (-1.0, -0.8573)),
        (25, 25, 50, (-0.2671, 0.2671)),
    ],
)
def test_tango_at_its_ends(wins, losses, n, expected):
    """No pair, one pair, all won, all lost, all differing: finite, in [-1, 1], and at an end only where the value is."""
    assert tango(wins, losses, n) == pytest.approx(expected, abs=0.00005)


def test_the_score_at_its_ends():
    """0 where distance and error are both 0; infinite where only the error is."""
    assert tango_z(0, 0, 50, 0.0) == 0.0
    assert tango_z(5, 0, 5, 1.0) == 0.0
    assert tango_z(0, 5, 5, -1.0) == 0.0
    assert tango_z(0, 0, 5, -1.0) == inf
    assert tango_z(0, 0, 5, 1.0) == -inf


def test_a_share_of_zeros_and_ones_gets_the_score():
    """7 wins and 2 losses of 40: Tango's interval, the mid-p, McNemar's one-sided p, and who won."""
    first, second = np.zeros(40), np.zeros(40)
    first[:7], second[7:9], first[20:], second[20:] = 1, 1, 1, 1
    found = share_effect(first, second)
    assert (found.value, found.ci, found.p) == (5 / 40, tango(7, 2, 40), mcnemar_midp(7, 2))
    assert found.p_below == pytest.approx(norm.cdf(5 / 3))
    assert (found.method, found.n, found.wins, found.losses, found.ties) == (TANGO, 40, 7, 2, 31)


@given(PAIRS, st.sampled_from([0.5, 1.0]))
def test_a_graded_share_is_a_paired_t_with_one_pair_more(pairs, weight):
    """Scipy's paired t on the sample and a pseudo-pair; the mean is the sample's own."""
    first, second = map(np.array, zip(*pairs, strict=True))
    found = share_effect(first, second, weight=weight)
    if found.method == TANGO:
        return
    padded = ttest_rel(np.append(first, (weight, 0)), np.append(second, (0, weight)))
    expected = padded.confidence_interval()
    assert found.method == ADJUSTED_T
    assert found.value == pytest.approx(np.mean(first - second), abs=1e-9)
    assert found.ci == pytest.approx((max(-1, expected.low), min(1, expected.high)), abs=1e-9)
    assert found.p == pytest.approx(padded.pvalue, abs=1e-9)
    assert found.ci[0] - 1e-9 <= found.value <= found.ci[1] + 1e-9


@given(PAIRS)
def test_a_share_turns_with_its_sides(pairs):
    """Sides exchanged: value, interval, wins and losses turn, and the one-sided p is its complement."""
    first, second = map(np.array, zip(*pairs, strict=True))
    there, back = share_effect(first, second), share_effect(second, first)
    assert back.value == pytest.approx(-there.value, abs=1e-12)
    assert back.ci == pytest.approx((-there.ci[1], -there.ci[0]), abs=1e-9)
    assert (back.wins, back.losses) == (there.losses, there.wins)
    assert back.p_below == pytest.approx(1 - there.p_below, abs=1e-9)


@pytest.mark.parametrize("effect", [share_effect, amount_effect])
def test_a_variant_does_not_differ_from_itself(effect):
    """Difference 0, p = 1, all ties."""
    scores = np.linspace(0, 1, 30)
    found = effect(scores, scores)
    assert (found.value, found.p, found.ties) == (0.0, pytest.approx(1.0), 30)
    assert found.p_below == pytest.approx(0.5)


@pytest.mark.parametrize("effect", [share_effect, amount_effect])
def test_the_rounding_of_sums_is_no_difference(effect):
    """0.1 + 0.2 is 0.3: no win, and no difference that is ever so sure."""
    found = effect([0.1 + 0.2] * 20, [0.3] * 20)
    assert (found.value, found.wins, found.losses) == (0.0, 0, 0)
    assert found.p == pytest.approx(1.0)


@pytest.mark.parametrize("effect", [share_effect, amount_effect])
def test_nothing_is_not_zero(effect):
    """No pair: no value, no interval, no p."""
    found = effect([], [])
    assert (found.value, found.ci, found.p, found.p_below, found.n) == (None, (None, None), None, None, 0)


def test_one_pair_shows_nothing():
    """A graded pair has the pseudo-pair's spread alone; an amount has none at all."""
    assert share_effect([0.8], [0.2]).ci == (pytest.approx(-0.89, abs=0.2), 1.0)
    lone = amount_effect([3.0], [1.0])
    assert (lone.value, lone.ci, lone.p) == (2.0, (None, None), None)


def test_all_failed_on_both_sides():
    """Two variants that are never right: no difference, with the interval of so many pairs."""
    found = share_effect([0.0] * 50, [0.0] * 50)
    assert (found.value, found.p, found.ties) == (0.0, 1.0, 50)
    assert found.ci == pytest.approx((-0.0713, 0.0713), abs=0.00005)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=60))
def test_an_amount_is_scipys_paired_t(pairs):
    """Mean, interval, two-sided p and the one-sided one."""
    first, second = map(np.array, zip(*pairs, strict=True))
    if np.std(first - second) < 1e-6:
        return
    found, expected = amount_effect(first, second), ttest_rel(first, second)
    interval = expected.confidence_interval()
    assert found.ci == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.p_below == pytest.approx(ttest_rel(first, second, alternative="less").pvalue, abs=1e-9)


@pytest.mark.parametrize("effect", [amount_effect, share_effect])
def test_a_p_is_as_small_from_either_side(effect):
    """One far beyond what 1 - p can hold is no 0, and the same whichever side is named first."""
    low, high = np.linspace(0.0, 0.3, 100), np.linspace(0.9, 0.8, 100)
    assert 0 < effect(high, low).p == effect(low, high).p < 1e-20


def test_an_amount_that_always_differs_by_the_same_is_sure():
    """A price that is a cent higher on every example: a point, and no doubt."""
    found = amount_effect([1.25] * 10, [1.0] * 10)
    assert (found.value, found.ci, found.p, found.p_below) == (0.25, (0.25, 0.25), 0.0, 1.0)


def test_strata_weigh_as_they_are_told():
    """Alike, the small stratum counts as much as the large one; else the value is the plain mean."""
    first = np.array([1.0] * 10 + [0.0] * 30)
    second, tags = np.zeros(40), [0] * 10 + [1] * 30
    assert stratified_effect(first, second, tags).value == pytest.approx(10 / 40)
    assert stratified_effect(first, second, tags, weights=(1, 1)).value == pytest.approx(0.5)
    assert stratified_effect(first, second, tags, weights=(0.2, 0.8)).value == pytest.approx(0.2)


def test_the_variance_over_strata_is_that_of_its_parts():
    """Σ w² s²/n, with half a unit of squares shared out, and t at Satterthwaite's degrees of freedom: worked by hand."""
    apart, tags = np.array([0.2, 0.4, 0.0, 0.6, -0.2, 0.1, 0.3, 0.0]), [0, 0, 0, 0, 1, 1, 1, 1]
    squares = [0.2 + 0.25, 0.13 + 0.25]
    parts = [0.25 * one / 3 / 4 for one in squares]
    freedom = sum(parts) ** 2 / sum(part**2 / 3 for part in parts)
    from scipy.stats import t

    found = stratified_effect(np.maximum(apart, 0), np.maximum(-apart, 0), tags)
    half = t.ppf(0.975, freedom) * sum(parts) ** 0.5
    assert found.value == pytest.approx(0.175)
    assert found.ci == pytest.approx((0.175 - half, 0.175 + half))
    assert found.p_below == pytest.approx(t.cdf(0.175 / sum(parts) ** 0.5, freedom))


def test_a_stratum_of_one_has_no_spread():
    """Then the value stands alone; and without any example there is none."""
    found = stratified_effect([1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0, 0, 1])
    assert (found.value, found.ci, found.p) == (pytest.approx(1 / 3), (None, None), None)
    assert stratified_effect([], [], []).value is None
