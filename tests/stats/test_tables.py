"""Published and planned figures, enumerated to the printed digit: rates, paired tests, gates, certificates, sample sizes."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.certificates import allowed, needed
from harness.stats.paired import mcnemar_midp, tango_z
from harness.stats.power import (
    Z_ONE_SIDED,
    Z_TWO_SIDED,
    detectable_difference,
    detectable_mean,
    examples_for_margin,
    examples_needed,
)
from harness.stats.rates import clopper_pearson_lower, clopper_pearson_upper, wilson

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import exact_chances as exact

DIGIT = 0.0501
"""Half of the last printed digit of a percentage."""
ROUND = 0.501


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """Two-sided, from the one-sided bounds."""
    return clopper_pearson_lower(count, n, level=0.975), clopper_pearson_upper(count, n, level=0.975)


@pytest.mark.parametrize(
    ("interval", "n", "at", "mean", "lowest", "width"),
    [
        (exact.textbook, 30, (95.7, 80.9, 78.2, 26.0), 88.9, 26.0, 0.190),
        (exact.textbook, 50, (93.5, 87.9, 92.0, 39.5), 91.4, 39.5, 0.159),
        (exact.textbook, 100, (94.3, 93.2, 87.7, 63.3), 93.3, 63.3, 0.116),
        (exact.textbook, 300, (94.3, 93.8, 92.6, 79.9), 94.4, 79.9, 0.068),
        (wilson, 30, (95.7, 97.4, 93.9, 96.4), 95.3, 89.9, 0.215),
        (wilson, 50, (93.5, 97.0, 96.2, 91.1), 95.2, 89.5, 0.166),
        (wilson, 100, (94.3, 93.6, 96.6, 92.1), 95.1, 92.1, 0.118),
        (wilson, 300, (94.3, 95.7, 95.5, 96.7), 95.0, 93.6, 0.068),
        (clopper_pearson, 50, (96.7, 97.0, 98.8, 98.6), 96.9, 95.3, 0.180),
        (clopper_pearson, 300, (95.7, 96.6, 96.7, 98.9), 95.9, 95.0, 0.071),
    ],
)  # fmt: skip
def test_coverage_of_a_rate(interval, n, at, mean, lowest, width):
    """Exact coverage at .5, .9, .95, .99, its mean and its lowest over rates, and the mean width at .9."""
    covered = exact.rate_coverage(interval, n)
    places = [int(np.argmin(np.abs(exact.RATES - rate))) for rate in (0.5, 0.9, 0.95, 0.99)]
    assert covered[places] == pytest.approx(at, abs=DIGIT)
    assert covered.mean() == pytest.approx(mean, abs=DIGIT)
    assert covered.min() == pytest.approx(lowest, abs=DIGIT)
    counts = np.arange(n + 1)
    widths = [high - low for low, high in (interval(int(count), n) for count in counts)]
    assert binom.pmf(counts, n, 0.9) @ widths == pytest.approx(width, abs=0.000501)


def chance(n: int, wins: float, losses: float, holds) -> float:
    """Exact chance in % of the tables for which a condition holds."""
    return 100 * sum(weight for b, c, weight in exact.tables(n, wins, losses) if holds(b, c))


def exact_p(wins: int, losses: int) -> float:
    """McNemar's exact test, for comparison: it asks for too much."""
    return min(1.0, 2 * float(binom.cdf(min(wins, losses), wins + losses, 0.5))) if wins + losses else 1.0


PAIRED_TESTS = {
    "exact": lambda _: lambda b, c: exact_p(b, c) <= 0.05,
    "mid-p": lambda _: lambda b, c: mcnemar_midp(b, c) <= 0.05,
    "score": lambda n: lambda b, c: abs(tango_z(b, c, n, 0.0)) >= Z_TWO_SIDED,
}


@pytest.mark.parametrize(
    ("test", "n", "errors", "power"),
    [
        ("exact", 50, (0.1, 0.9, 2.2, 2.8, 3.0), (6.9, 24.1)),
        ("mid-p", 50, (0.5, 2.5, 4.1, 4.6, 4.4), (11.8, 32.8)),
        ("score", 50, (2.2, 4.7, 4.3, 4.7, 5.4), (13.2, 33.2)),
        ("exact", 100, (0.9, 2.2, 2.9, 3.1, 3.7), (17.8, 54.4)),
        ("mid-p", 100, (2.5, 4.1, 4.6, 4.5, 4.9), (23.9, 61.8)),
        ("score", 100, (4.7, 4.3, 5.2, 5.2, 4.9), (24.4, 63.9)),
        ("mid-p", 300, (4.6, 4.5, 4.9, 4.9, 4.9), (61.5, 98.0)),
    ],
)
def test_error_and_power_of_a_paired_test(test, n, errors, power):
    """At 5 %: errors where 5, 10, 20, 30, 50 % of the pairs differ; power at 5 points of 15 %, at 10 points of 20 %."""
    significant = PAIRED_TESTS[test](n)
    found = [chance(n, q / 2, q / 2, significant) for q in (0.05, 0.1, 0.2, 0.3, 0.5)]
    assert found == pytest.approx(errors, abs=DIGIT)
    found = [
        chance(n, (q + shift) / 2, (q - shift) / 2, significant) for q, shift in ((0.15, 0.05), (0.2, 0.1))
    ]
    assert found == pytest.approx(power, abs=DIGIT)


def drops(points: float):
    """A gate that fails from so many points on; from any drop at 0."""
    return lambda n: lambda b, c: c > b and (c - b) / n >= points - 1e-12


GATES = {
    "any drop": drops(0.0),
    "2 points": drops(0.02),
    "5 points": drops(0.05),
    "mid-p": lambda _: lambda b, c: c > b and mcnemar_midp(b, c) <= 0.10,
    "shown": lambda n: lambda b, c: tango_z(b, c, n, 0.0) < -Z_ONE_SIDED,
    "not shown": lambda n: lambda b, c: tango_z(b, c, n, -exact.MARGIN) <= Z_ONE_SIDED,
}
"""Those of two states, which fail unchanged code too often; the mid-p, one-sided; and what ours fails by."""


@pytest.mark.parametrize(
    ("gate", "n", "share", "fails"),
    [
        ("any drop", 100, 0.15, (44.8, 64.2, 84.5, 97.5)),
        ("2 points", 50, 0.15, (42.6, 56.8, 73.8, 90.5)),
        ("2 points", 100, 0.15, (35, 55, 79, 96)),
        ("2 points", 200, 0.15, (26, 53, 85, 99)),
        ("2 points", 500, 0.15, (14, 52, 94, 100)),
        ("5 points", 100, 0.15, (12.1, 27, 54, 87)),
        ("mid-p", 50, 0.15, (3.8, 8, 17, 40)),
        ("mid-p", 100, 0.15, (4.8, 12, 29, 65)),
        ("mid-p", 200, 0.15, (5.0, 17, 48, 89)),
        ("mid-p", 500, 0.15, (4.9, 28, 81, 100)),
        ("mid-p", 100, 0.05, (3.0, 15, 45, 86)),
        ("mid-p", 200, 0.05, (4.2, 27, 74, 99)),
        ("not shown", 50, 0.15, (78, 88, 95)),
        ("not shown", 100, 0.15, (65, 83, 95, 99.6)),
        ("not shown", 200, 0.15, (44, 74, 95)),
        ("not shown", 500, 0.15, (11, 51, 95, 100)),
        ("shown", 50, 0.15, (5.0, 10, 20, 42)),
        ("shown", 100, 0.15, (5.0, 12.0, 29.5, 64.8)),
        ("shown", 500, 0.15, (5.1, 29, 81, 100)),
    ],
)
def test_how_often_a_gate_fails(gate, n, share, fails):
    """Of unchanged code, and of code 2, 5, 10 points worse: the drop adds to the losses, `share` of the pairs differ before."""
    fires = GATES[gate](n)
    found = [chance(n, share / 2, share / 2 + drop, fires) for drop in (0.0, 0.02, 0.05, 0.1)[: len(fails)]]
    for ours, printed in zip(found, fails, strict=True):
        assert ours == pytest.approx(printed, abs=ROUND if printed == round(printed) else DIGIT)


def test_three_losses_without_a_win_are_the_fewest_that_fail_a_gate():
    """By the score, one-sided; of the mid-p it takes four, and five of it two-sided."""
    scores = [tango_z(0, losses, 100, 0.0) < -Z_ONE_SIDED for losses in (2, 3)]
    assert scores == [False, True]
    assert [mcnemar_midp(0, losses) <= 0.10 for losses in (3, 4)] == [False, True]
    assert [mcnemar_midp(0, losses) <= 0.05 for losses in (4, 5)] == [False, True]


@pytest.mark.parametrize(
    ("below", "failures", "n", "certified"),
    [
        (0.01, 0, 299, (0.86, 0.74, 0.55)),
        (0.01, 1, 473, (0.98, 0.92, 0.76)),
        (0.01, 3, 773, (1.00, 0.99, 0.93)),
        (0.005, 0, 598, (0.74, 0.55, 0.30)),
        (0.005, 1, 947, (0.92, 0.76, 0.44)),
        (0.005, 3, 1549, (0.99, 0.93, 0.63)),
        (0.001, 0, 2995, (0.22, 0.05, 0.00)),
    ],
)
def test_the_plan_of_a_certificate(below, failures, n, certified):
    """So many examples, not one fewer, and the chance of the certificate where the rate is .05, .1, .2 %."""
    assert needed(failures, below) == n
    assert allowed(n, below) == failures
    assert allowed(n - 1, below) == (failures - 1 if failures else None)
    found = [binom.cdf(failures, n, rate) for rate in (0.0005, 0.001, 0.002)]
    assert found == pytest.approx(certified, abs=0.00501)


PLANNED = {
    50: (None, None, 15.0, 17.3, 21.2, 7.9, 11.9),
    100: (None, 8.8, 10.7, 12.4, 15.2, 5.6, 8.4),
    200: (4.4, 6.2, 7.6, 8.8, 10.8, 4.0, 5.9),
    300: (3.6, 5.1, 6.2, 7.2, 8.8, 3.2, 4.9),
    500: (2.8, 4.0, 4.8, 5.6, 6.8, 2.5, 3.8),
    1000: (2.0, 2.8, 3.4, 4.0, 4.8, 1.8, 2.7),
}
"""Examples → points that show, where 5, 10, 15, 20, 30 % of the pairs differ, and of graded scores whose σ is .2, .3."""


@pytest.mark.parametrize("n", PLANNED)
def test_what_an_evalset_can_show(n):
    """The smallest difference that shows with 80 % power."""
    binary = [detectable_difference(n, q) for q in (0.05, 0.1, 0.15, 0.2, 0.3)]
    means = [detectable_mean(n, spread) for spread in (0.2, 0.3)]
    for ours, printed in zip([*binary, *means], PLANNED[n], strict=True):
        assert (ours is None) == (printed is None)
        assert ours is None or 100 * ours == pytest.approx(printed, abs=0.0501)


@pytest.mark.parametrize(
    ("n", "share", "points"),
    [
        (50, 0.15, 14.2),
        (50, 0.2, 16.5),
        (100, 0.1, 8.2),
        (100, 0.15, 10.5),
        (200, 0.05, 4.2),
        (200, 0.2, 8.8),
    ],
)
def test_the_formula_is_close_to_the_exact_power(n, share, points):
    """The mid-p's exact power is 80 % at about that difference, within half a point of the formula's, and .15 of the printed one."""
    significant = PAIRED_TESTS["mid-p"](n)

    def power(shift: float) -> float:
        return chance(n, (share + shift) / 2, (share - shift) / 2, significant)

    assert power(points / 100 - 0.0015) < 80.5
    assert power(points / 100 + 0.0015) > 79.5
    assert detectable_difference(n, share) == pytest.approx(points / 100, abs=0.009)


@pytest.mark.parametrize(
    ("difference", "examples"),
    [(0.02, (979, 1960, 2941)), (0.03, (434, 870, 1306)), (0.05, (155, 312, 469)), (0.1, (None, 77, 116))],
)
def test_how_many_examples_a_difference_needs(difference, examples):
    """Where 5, 10, 15 % of the pairs differ."""
    for share, printed in zip((0.05, 0.1, 0.15), examples, strict=True):
        assert printed is None or examples_needed(difference, share) == pytest.approx(printed, abs=1)


@pytest.mark.parametrize(("margin", "examples"), [(0.05, (124, 248, 371)), (0.1, (31, 62, 93))])
def test_how_many_examples_a_margin_needs(margin, examples):
    """Where nothing changed, and 5, 10, 15 % of the pairs differ."""
    found = [examples_for_margin(margin, share) for share in (0.05, 0.1, 0.15)]
    assert found == pytest.approx(examples, abs=1)
