"""The scorers `squad_em` and `squad_f1`."""

import pytest

from harness.scorers.squad_em import SquadEm
from harness.scorers.squad_f1 import SquadF1
from harness.types.score import UNLABELLED


@pytest.mark.parametrize(
    ("text", "expected", "em", "f1"),
    [
        ("The Beatles", ["Beatles"], 1.0, 1.0),
        ("December 14, 1972", ["14 December 1972 UTC", "December 1972"], 0.0, 6 / 7),
        ("", [], 1.0, 1.0),
        ("something", [], 0.0, 0.0),
        ("the", "a", 1.0, 1.0),
        ("", "x", 0.0, 0.0),
    ],
)
def test_the_best_acceptable_answer_counts(judge, text, expected, em, f1):
    """SQuAD's figures, over several answers; an empty list means that the question has none."""
    assert judge(SquadEm(), text, expected).value == em
    assert judge(SquadF1(), text, expected).value == pytest.approx(f1)


def test_unlabelled(judge):
    """Nothing to compare with is no score."""
    assert judge(SquadEm(), "x") == judge(SquadF1(), "x") == UNLABELLED
