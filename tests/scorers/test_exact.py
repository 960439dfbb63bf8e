"""The scorer `exact`."""

import pytest

from harness.scorers.exact import Exact
from harness.types.score import UNLABELLED


@pytest.mark.parametrize(
    ("scorer", "text", "expected", "value"),
    [
        (Exact(), " Paris\n", "Paris", 1.0),
        (Exact(), "paris", "Paris", 0.0),
        (Exact(), "Paris", ["Rome", "Paris"], 1.0),
        (Exact(normalise="case"), "PARIS!", "Paris", 1.0),
        (Exact(normalise="case"), "the Paris", "Paris", 0.0),
        (Exact(normalise="squad"), "The Paris.", "Paris", 1.0),
        (Exact(), '{"b": 1.0, "a": [true]}', {"a": [True], "b": 1}, 1.0),
        (Exact(), '{"a": [1]}', {"a": [True]}, 0.0),
        (Exact(), '```\n{"a": 1}\n```', {"a": 1}, 0.0),
        (Exact(), "12", 12, 1.0),
        (Exact(), "true", True, 1.0),
        (Exact(), "", [], 1.0),
        (Exact(), "x", [], 0.0),
    ],
)
def test_the_whole_answer_is_compared(judge, scorer, text, expected, value):
    """Text as text, an object as JSON; any of several; an empty list wants an empty answer."""
    scored = judge(scorer, text, expected)
    assert scored.value == value
    assert (scored.why == "") == (value == 1.0)


def test_unlabelled(judge):
    """Nothing to compare with is no score."""
    assert judge(Exact(), "x") == UNLABELLED
