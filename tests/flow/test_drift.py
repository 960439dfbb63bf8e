"""Whether the control moved since the baseline: told with figures where it is shown, and only by what was asked again."""

from dataclasses import replace

import numpy as np
import pytest

from harness.flow.drift import drift
from harness.types.comparison import WHOLE, Baseline, Samples, Side, Terms

TERMS = Terms(primary="m", better={"m": "higher"}, shares=frozenset({"m"}))


def side(marks, *, live=None, variant="control", partition="golden", **changes):
    """A side with one metric; all of it was asked live, unless `live` says how many were."""
    n = len(marks)
    asked = range(n if live is None else live)
    fields = {
        "variant": variant,
        "partition": partition,
        "run": "r",
        "examples": tuple(f"g-{number:03}" for number in range(n)),
        "digests": ("d",) * n,
        "tags": ((),) * n,
        "repeats": 1,
        "marks": {"m": np.asarray(marks, dtype=float)},
        "times": {WHOLE: Samples(ms=[10.0 for _ in asked], examples=list(asked))} if asked else {},
        "identity": {"m": "s", "schema": "j"},
    }
    return Side(**{**fields, **changes})


def baseline(*sides):
    """What was kept of them."""
    kept = {(one.variant, one.partition): one for one in sides}
    return Baseline(
        file="b.json", experiment="x", run="old", version="0", control="control", primary="m", sides=kept
    )


def told(now, then, *, terms=TERMS, same=True):
    """The notices of one side against one of the baseline."""
    return drift({(now.variant, now.partition): now}, baseline(then), terms, same=same)


GOOD, WORSE = [1.0] * 50, [0.0] * 10 + [1.0] * 40


def test_a_control_that_moved_is_told_with_its_figures() -> None:
    """Ten of fifty examples lost: the change in points, its Tango interval, its p, and what it means for the gates."""
    (one,) = told(side(WORSE), side(GOOD))
    assert (one.code, one.variant, one.partition) == ("provider_drift", "control", "golden")
    assert "by -20.0 [-33, -11] points of m (p < 0.001) on golden (50 examples asked again)" in one.message
    assert "not a change of ours" in one.message
    (up,) = told(side(GOOD), side(WORSE))
    assert "by +20.0 [11, 33] points" in up.message


def test_a_config_that_says_something_else_is_not_the_providers_drift() -> None:
    """Where the control's own words have changed, a move of it may be that."""
    (one,) = told(side(WORSE), side(GOOD), same=False)
    assert "the config says something else of it now" in one.message


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (side(GOOD), side(GOOD)),
        (side([0.0] * 3 + [1.0] * 47), side(GOOD)),
        (side(WORSE, live=0), side(GOOD)),
        (side([0.0] * 10 + [1.0] * 40, live=4), side(GOOD)),
        (side(WORSE, variant="other"), side(GOOD, variant="other")),
        (side(WORSE), side(GOOD, partition="edge")),
        (side(WORSE), side(GOOD, digests=("e",) * 50)),
        (side(WORSE, identity={"m": "t", "schema": "j"}), side(GOOD)),
        (side(WORSE, identity={"m": "s", "schema": "k"}), side(GOOD)),
        (side([float("nan")] * 50), side(GOOD)),
    ],
    ids=[
        "no change", "three of fifty", "from the cache", "too few live", "not the control", "other partition", "other rows",
        "other scorer", "other schema", "unscored",
    ],
)  # fmt: skip
def test_nothing_is_told_where_nothing_is_shown(now, then) -> None:
    """No move at 5 %, nothing asked again, or nothing that can be compared: no word of drift."""
    assert told(now, then) == ()


def test_a_quantity_is_told_in_its_own_unit_and_no_primary_in_none() -> None:
    """A primary metric that is no share moves by its mean; without one nothing decides, and nothing is said."""
    quantity = replace(TERMS, shares=frozenset())
    now = side([float(40 + place % 3) for place in range(50)])
    (one,) = told(now, side([float(20 + place % 2) for place in range(50)]), terms=quantity)
    assert "by +20.5 [" in one.message
    assert "points" not in one.message
    assert told(side(WORSE), side(GOOD), terms=replace(TERMS, primary=None)) == ()
