"""What is paired with what, and what is left over on either side."""

from math import nan

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.pairing import paired, paired_times
from harness.types.comparison import WHOLE, Samples, Side


def side(marks, digests=None, times=None):
    """One side whose examples are the keys of `marks`."""
    ids = tuple(sorted(marks))
    return Side(
        variant="v",
        partition="golden",
        run="r",
        examples=ids,
        digests=tuple((digests or {}).get(id_, id_) for id_ in ids),
        tags=((),) * len(ids),
        repeats=1,
        marks={"answer": np.array([marks[id_] for id_ in ids], dtype=float)},
        times={} if times is None else {WHOLE: times},
    )


def test_only_equal_rows_with_a_value_on_both_sides_are_pairs():
    """What is left over is told apart: unscored by a, never planned by a, only a's, and rows that changed."""
    a = side(
        {"both": 1, "changed": 1, "fresh": 1, "unscored": nan, "halved": 0, "void": nan}, {"changed": "x"}
    )
    b = side({"both": 0, "changed": 1, "gone": 1, "unscored": 1, "halved": nan, "void": nan})
    found = paired(a, b, "answer")
    assert (found.ids, found.a.tolist(), found.b.tolist()) == (("both",), [1.0], [0.0])
    assert found.missing == ("unscored",)
    assert found.absent == ("gone",)
    assert found.new == ("fresh", "halved")
    assert found.changed == ("changed",)


def test_a_metric_that_a_side_does_not_have_has_no_value_there():
    """Then nothing is paired, and all of the other side is left over."""
    assert paired(side({"x": 1}), side({"x": 1}), "other").ids == ()


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([0.0, 1.0, nan]), max_size=8))
def test_a_side_paired_with_itself_is_all_pairs(marks):
    """Nothing is missing, new or changed; the examples without a value are in no list."""
    found = paired(side(marks), side(marks), "answer")
    assert found.ids == tuple(id_ for id_ in sorted(marks) if marks[id_] == marks[id_])
    assert [found.missing, found.absent, found.new, found.changed] == [()] * 4


def test_times_are_paired_by_example_with_all_their_repeats():
    """In the order of the ids; one that either side has no time of, or whose row changed, is left out."""
    a = side(
        dict.fromkeys("abcd", 1),
        {"d": "x"},
        Samples(ms=np.array([5.0, 1.0, 2.0, 9.0, 7.0]), examples=np.array([1, 0, 0, 3, 2])),
    )
    b = side(
        dict.fromkeys("acd", 1), times=Samples(ms=np.array([3.0, 4.0, 8.0]), examples=np.array([0, 1, 2]))
    )
    found = paired_times(a, b, WHOLE)
    assert found.ids == ("a", "c")
    assert [one.tolist() for one in found.a] == [[1.0, 2.0], [7.0]]
    assert [one.tolist() for one in found.b] == [[3.0], [4.0]]
    assert paired_times(a, side({"a": 1}), WHOLE).ids == ()
