"""What a sample can show, against published figures."""

import pytest

from harness.stats.power import detectable_difference


@pytest.mark.parametrize(
    ("n", "discordance", "points"),
    [
        (50, 0.15, 15.0),
        (100, 0.10, 8.8),
        (100, 0.15, 10.7),
        (200, 0.15, 7.6),
        (500, 0.20, 5.6),
        (1000, 0.05, 2.0),
    ],
)
def test_the_smallest_difference_is_the_formulas(n: int, discordance: float, points: float) -> None:
    """Connor's formula, solved for the difference, gives the planning table's points."""
    assert round(100 * detectable_difference(n, discordance), 1) == points


@pytest.mark.parametrize(("n", "discordance"), [(0, 0.15), (50, 0.05), (50, 0.10), (10, 0.0)])
def test_where_nothing_would_show_there_is_no_figure(n: int, discordance: float) -> None:
    """Too few examples for too little disagreement is None, not a number."""
    assert detectable_difference(n, discordance) is None
