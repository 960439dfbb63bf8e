"""Vectors and orders are read without trust: what does not fit the texts that were sent is a broken answer."""

import base64
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.calls.vectors import best_first, input_usage, listed, one_each
from harness.errors import CallError
from harness.types.call import Usage


def entries(*vectors):
    """As servers tell them."""
    return [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]


@given(st.permutations(range(6)))
def test_vectors_stand_in_the_order_of_the_texts(order):
    """Whatever order the entries came in, their index says whose they are."""
    told = entries(*([float(at), 1.0] for at in range(6)))
    assert one_each([told[at] for at in order], 6) == tuple((float(at), 1.0) for at in range(6))


def test_entries_without_an_index_stand_as_they_came():
    """Some servers name none."""
    assert one_each([{"embedding": [1]}, {"embedding": [2], "index": None}], 2) == ((1.0,), (2.0,))


def test_a_packed_vector_is_the_same_one():
    """base64 of float32, little-endian."""
    packed = base64.b64encode(array("f", [0.5, -2.0]).tobytes()).decode()
    assert one_each(entries(packed, [0.5, -2.0]), 2) == ((0.5, -2.0), (0.5, -2.0))


@pytest.mark.parametrize(
    ("told", "sent", "said"),
    [
        (entries([1.0]), 2, "texts sent: 2, vectors that came: 1"),
        (entries([1.0], [2.0]), 1, "texts sent: 1, vectors that came: 2"),
        ([], 1, "vectors that came: 0"),
        ([{"index": 0, "embedding": [1.0]}] * 2, 2, "for the same ones"),
        ([{"index": 0, "embedding": [1.0]}] * 2, 1, "for the same ones"),
        ([{"index": 5, "embedding": [1.0]}], 1, "vectors that came: 1"),
        (entries([1.0], [1.0, 2.0]), 2, "differ in length"),
        *(
            (entries(bad), 1, "no list of numbers")
            for bad in ([], None, 3, ["a"], [None], [float("nan")], [1e999])
        ),
        *((entries(bad), 1, "no list of numbers") for bad in ("", "!!", "YWJj", {"float": [1.0]})),
    ],
    ids=str,
)
def test_what_fits_no_text_is_a_broken_answer(told, sent, said):
    """It is told with what is wrong, and may be asked for again."""
    with pytest.raises(CallError, match=said) as raised:
        one_each(told, sent)
    assert raised.value.type == "bad_reply"
    assert raised.value.retryable


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=12), st.randoms())
def test_an_order_is_best_first_and_stable(scores, random):
    """Scores fall, and texts of the same score keep their order, however the entries came."""
    told = list(enumerate(scores))
    random.shuffle(told)
    ordered = best_first(told, len(scores))
    assert list(ordered) == sorted(enumerate(scores), key=lambda one: (-one[1], one[0]))


def test_texts_may_be_missing_from_an_order():
    """A server that cuts by itself says nothing of the rest."""
    assert best_first([(2, 0.5), (0, 0.9)], 4) == ((0, 0.9), (2, 0.5))
    assert best_first([], 0) == ()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([(3, 0.5)], r"0 to 2"),
        ([(-1, 0.5)], "no index"),
        ([(None, 0.5)], "no index"),
        ([("1", 0.5)], "no index"),
        ([(True, 0.5)], "no index"),
        ([(0, None)], "no score"),
        ([(0, "0.5")], "no score"),
        ([(0, True)], "no score"),
        ([(0, float("nan"))], "no score"),
        ([(0, 0.5), (0, 0.4)], "twice"),
        ([], "empty"),
    ],
    ids=str,
)
def test_an_order_of_something_else_is_a_broken_answer(told, said):
    """Places that no text had, places twice, scores that are none."""
    with pytest.raises(CallError, match=said):
        best_first(told, 3)


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ({"usage": {"prompt_tokens": 7, "total_tokens": 9}}, 7),
        ({"usage": {"total_tokens": 9}}, 9),
        ({"usage": {"input_tokens": 8}}, 8),
        ({"meta": {"billed_units": {"input_tokens": 5}}}, 5),
        ({"meta": {"billed_units": {"search_units": 1}}}, None),
        (
            {
                "meta": {
                    "billed_units": {"search_units": 1},
                    "tokens": {"input_tokens": 40, "output_tokens": 0},
                }
            },
            40,
        ),
        ({"usage": {"total_tokens": 0}}, None),
        ({"usage": {"total_tokens": -1}}, None),
        ({"usage": {"total_tokens": 3.5}}, None),
        ({"usage": {"total_tokens": True}}, None),
        ({"usage": "9"}, None),
        ({"usage": None, "meta": None}, None),
        ({}, None),
        ([], None),
    ],
    ids=str,
)
def test_tokens_are_what_the_answer_counts(told, tokens):
    """Under the names of the vendors; a search unit is no token, and unknown is None."""
    assert input_usage(told) == (None if tokens is None else Usage(input_tokens=tokens, output_tokens=0))


@pytest.mark.parametrize("told", [None, [], {"data": None}, {"data": {}}, {"data": [1]}, {"other": []}])
def test_an_answer_without_a_list_is_broken(told):
    """It names what is missing."""
    with pytest.raises(CallError, match="no list of data"):
        listed(told, "data")
