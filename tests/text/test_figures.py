"""Figures as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.figures import amount, bound_places, count, figure, interval_plot, percent, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, "–"), (0.0, "0"), (1234.5, "1,230"), (612.4, "612"), (99.96, "100"), (9.996, "10.0")),
        *((0.12345, "0.123"), (0.000123456, "0.000123"), (-4.0, "-4.00"), (1e7, "10,000,000")),
    ],
)
def test_three_significant_digits(value, text):
    """Never an exponent, thousands set apart, the unknown as a dash."""
    assert figure(value) == text


@given(st.floats(1e-6, 1e9))
def test_figures_keep_their_size(value):
    """What is read back lies within half a per cent."""
    assert float(figure(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_intervals_stand_in_brackets():
    """A bound that is not known is left out, and the other says which side it is of."""
    assert share(0.712, (0.63, 0.78)) == "71.2 [63, 78]"
    assert share(0.712, (0.701, 0.723), places=1) == "71.2 [70.1, 72.3]"
    assert amount(612.0, (540.0, None)) == "612 [≥ 540]"
    assert amount(612.0, (None, 700.0)) == "612 [≤ 700]"
    assert amount(612.0, (None, None)) == "612"
    assert share(None, (None, None)) == "–"


def test_bounds_of_a_column_are_alike():
    """A decimal only where every interval of the column is narrow."""
    assert bound_places([(0.50, 0.55), (0.1, 0.15)]) == 1
    assert bound_places([(0.50, 0.55), (0.1, 0.3)]) == 0
    assert bound_places([(None, None)]) == 0


def test_counts_and_percentages():
    """Unknown is a dash, not a zero."""
    assert (count(None), count(0), count(12345)) == ("–", "0", "12,345")
    assert (percent(None), percent(1.0), percent(0.1262)) == ("–", "100.0", "12.6")


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_plot_is_as_wide_as_asked(value, below, above):
    """One mark at the value, its whiskers around it, the line always as long."""
    line = interval_plot(value, (max(0.0, value - below), min(1.0, value + above)), cells=20)
    assert len(line) == 20
    assert line.count("●") == 1
    assert line.index("●") == min(19, int(value * 20))


def test_a_plot_of_nothing_is_empty():
    """No value, no mark; no interval, no whiskers."""
    assert interval_plot(None, (None, None)) == ""
    assert interval_plot(0.5, (None, None), cells=3) == "·●·"
