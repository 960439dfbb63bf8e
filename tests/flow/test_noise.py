"""The noise floor: what differs though nothing was changed."""

from dataclasses import replace

import numpy as np
import pytest

from harness.flow.noise import noise
from harness.stats.rates import wilson
from harness.types.comparison import Side


def side(right, *, repeats=1, flips=(0, 0), rows=None):
    """One variant on golden, by the share of repeats that are right."""
    ids = tuple(f"g-{number}" for number in range(len(right)))
    return Side(
        variant="rag",
        partition="golden",
        run="run",
        examples=ids,
        digests=tuple(rows or ids),
        tags=((),) * len(ids),
        repeats=repeats,
        marks={},
        times={},
        flips=flips,
        right=np.array(right, float),
    )


def of(one, again=None):
    """Its only line."""
    (told,) = noise({("rag", "golden"): one}, None if again is None else {("rag", "golden"): again})
    return told


def test_between_two_repeats_every_example_is_a_pair():
    """The interval is Wilson's on the pairs, and the difference that can be seen follows from the rate."""
    told = of(side([1] * 100, repeats=2, flips=(15, 100)))
    assert (told.flips, told.pairs, told.rate, told.examples) == (15, 100, 0.15, 100)
    assert told.ci == wilson(15, 100)
    assert told.mde == pytest.approx(0.107, abs=0.001)  # statistics of planning: n = 100, q = .15


def test_more_repeats_make_more_pairs_and_no_more_examples():
    """Five repeats are ten pairs of one example, which depend on each other: the interval stays that of the examples."""
    told = of(side([1] * 40, repeats=5, flips=(40, 400)))
    assert (told.rate, told.examples) == (0.1, 40)
    assert told.ci == wilson(4, 40)


def test_without_a_pair_nothing_is_known():
    """One repeat, or none that was judged: no rate, no interval, never 0."""
    for one in (side([1, 0]), side([float("nan")] * 2, repeats=2)):
        told = of(one)
        assert (told.rate, told.ci, told.mde, told.pairs) == (None, (None, None), None, 0)


def test_two_runs_flip_where_one_is_right_and_the_other_is_not():
    """Only rows that are the same and judged in both."""
    told = of(side([1, 0, 1, 1, 1]), side([1, 1, 0, float("nan"), 1]))
    assert (told.flips, told.pairs, told.examples, told.rate) == (2, 4, 4, 0.5)
    changed = of(side([1, 0]), side([0, 0], rows=("another", "g-1")))
    assert (changed.flips, changed.pairs) == (0, 1)


def test_repeats_of_two_runs_are_all_paired():
    """Two right of four against all right: half of the pairs flip."""
    told = of(side([0.5], repeats=4), side([1.0], repeats=2))
    assert (told.flips, told.pairs, told.examples) == (4, 8, 1)


def test_a_variant_of_one_run_only_has_no_noise():
    """What the other run does not have is left out; one without the metric has no pair."""
    one = side([1])
    assert noise({("rag", "golden"): one}, {}) == ()
    assert noise({("rag", "golden"): one}, {("rag", "golden"): replace(one, right=())})[0].rate is None
