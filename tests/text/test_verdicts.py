"""A verdict in words."""

import pytest

from harness.text.verdicts import details, detectable, gravest_first, measured, reason, told_apart
from tests.text.made_verdicts import ADVISORY, FAILED, INCONCLUSIVE, UNDECIDED, compared, verdict


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "87.5 [81.2, 92.1] %"),
        ({"ci": (None, 0.921)}, "87.5 [≤ 92.1] %"),
        ({"ci": (None, None)}, "87.5 %"),
        ({"value": None, "ci": (None, None)}, "–"),
        ({"share": False, "value": 612.3, "ci": (540.1, None)}, "612 [≥ 540]"),
        ({"versus": "plain", "value": -0.031, "ci": (-0.074, 0.012)}, "-3.1 [-7.4, +1.2] points"),
        ({"versus": "plain", "share": False, "value": 12.34, "ci": (-1.0, 20.0)}, "+12.3 [-1.00, +20.0]"),
        ({"metric": "edge_regression", "value": 0.01, "ci": (-0.02, None)}, "+1.0 [≥ -2.0] points"),
    ],
)
def test_a_value_is_read_in_its_unit(changes, said):
    """A share in per cent, a difference of shares in points and with its sign, a quantity as it is."""
    assert measured(verdict(**changes)) == said


def test_what_would_be_shown_is_said_where_it_is_known():
    """A minimum detectable difference has the unit of its gate, and no sign."""
    assert detectable(compared()) == "10.1 points"
    assert detectable(compared(share=False, mde=41.7)) == "41.7"
    assert detectable(verdict()) == "–"


def test_an_advisory_failure_says_that_it_is_one():
    """Only a failure that costs the run nothing is called advisory."""
    assert reason(verdict(**ADVISORY)) == "advisory: the lower bound keeps it"
    assert [reason(verdict(**how)) for how in ({}, FAILED, INCONCLUSIVE)] == ["the lower bound keeps it"] * 3


def test_details_are_the_facts_that_there_are():
    """Bounds with their level, wins and losses, both p, what could be shown, and examples, the later ones counted."""
    assert details(compared(lost=tuple(f"e-{number}" for number in range(23)))) == [
        "measured: -15.0 [-23.0, -7.1] points, one-sided 95 % bounds, n = 60",
        "against plain: better on 2, worse on 11",
        "p of no regression: <0.001, 0.001 adjusted (Holm)",
        "smallest difference that so many examples show: 10.1 points",
        f"worse on: {', '.join(f'e-{number}' for number in range(20))} and 3 more",
    ]
    assert details(verdict(value=None, ci=(None, None))) == []
    assert details(verdict(ci=(None, None), level=0.99)) == ["measured: 87.5 %, n = 120"]
    assert "99.9 % bounds" in details(verdict(level=0.999))[0]


def test_the_gravest_come_first():
    """What failed, then what is undecided, what warns, what counts as passed and is not, and what passed."""
    kinds = [{}, {"verdict": "inconclusive"}, INCONCLUSIVE, ADVISORY, UNDECIDED, FAILED]
    ordered = gravest_first(verdict(variant=str(number), **kind) for number, kind in enumerate(kinds))
    assert [one.variant for one in ordered] == ["5", "4", "2", "3", "1", "0"]


def test_equal_names_are_numbered():
    """Two gates of one wording are still two."""
    assert told_apart(["a", "b", "a", "a"]) == ["a", "b", "a #2", "a #3"]
