"""The scorer `contains`."""

import pytest

from harness.scorers.contains import Contains
from harness.types.score import UNLABELLED, Unscored


@pytest.mark.parametrize(
    ("scorer", "text", "expected", "value"),
    [
        (Contains(), "You have 30 days.", "30 days", 1.0),
        (Contains(), "You have 130 days.", "30 days", 0.0),
        (Contains(match="characters"), "You have 130 days.", "30 days", 1.0),
        (Contains(match="characters"), "30 Days", "30 days", 0.0),
        (Contains(), "red", ["red", "blue"], 1.0),
        (Contains(mode="all"), "red", ["red", "blue"], 0.0),
        (Contains(mode="all"), "blue, then red", ["red", "blue"], 1.0),
        (Contains(texts=("sorry",)), "Sorry!", None, 1.0),
    ],
)
def test_what_must_be_in_it(judge, scorer, text, expected, value):
    """Any or all, of the given texts or the expected ones, by words or characters."""
    assert judge(scorer, text, expected).value == value


def test_nothing_to_look_for(judge):
    """No expectation, or an empty one, is no score."""
    assert judge(Contains(), "x") == UNLABELLED
    assert isinstance(judge(Contains(), "x", []), Unscored)
