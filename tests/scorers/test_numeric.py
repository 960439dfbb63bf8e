"""The scorer `numeric`."""

import pytest

from harness.scorers.numeric import Numeric
from harness.types.score import UNLABELLED, Unscored


@pytest.mark.parametrize(
    ("scorer", "text", "expected", "value"),
    [
        (Numeric(), "2 + 2 makes 4.", 4, 1.0),
        (Numeric(which="first"), "4, because of 2", "4", 1.0),
        (Numeric(), "$1,299.00", 1299, 1.0),
        (Numeric(absolute=0.5), "10.5", 10, 1.0),
        (Numeric(relative=0.1), "111", 100, 0.0),
        (Numeric(), "12 %", 0.12, 1.0),
        (Numeric(), "7", [3, "seven is 7"], 1.0),
        (Numeric(point=","), "1.000,5", "1000,5", 1.0),
        (Numeric(), "no idea", 7, 0.0),
    ],
)
def test_the_number_that_counts(judge, scorer, text, expected, value):
    """The last number, within the tolerance, in people's spelling; an answer without one is wrong."""
    assert judge(scorer, text, expected).value == value


def test_no_number_is_expected(judge):
    """An expectation without a number is no score."""
    assert judge(Numeric(), "7") == UNLABELLED
    assert isinstance(judge(Numeric(), "7", "seven"), Unscored)
    assert isinstance(judge(Numeric(), "7", True), Unscored)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_that_is_none(value):
    """A tolerance is a number of at least 0."""
    with pytest.raises(ValueError, match="relative must be"):
        Numeric(relative=value)
