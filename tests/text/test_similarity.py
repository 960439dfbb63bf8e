"""Terms and sameness: what search sees of a text, and when two texts ask the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.similarity import STOP_TERMS, as_text, fingerprint, inputs_text, terms


def test_terms_are_folded_and_kept_whole():
    """Case and compatibility forms fold, single characters and digits count, CJK goes by the character."""
    assert terms("The ﬁrst Straße: a B-2 café, 東京タワー!") == [
        *("the", "first", "strasse", "a", "b", "2", "café"),
        *"東京タワー",
    ]
    assert terms(" ?! ") == []


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("refunds", "refund"),
        ("policies", "policy"),
        ("prices", "price"),
        ("bus", "bus"),
        ("address", "address"),
    ],
)
def test_english_plurals_are_found_by_their_singular(plural, singular):
    """A question about refunds finds the refund policy; words that only end in s are left alone."""
    assert terms(plural) == terms(singular)


def test_stop_terms_are_spelt_as_terms_are():
    """`this` loses its s like any word, and is still a stop word."""
    assert set(terms("This is the")) <= STOP_TERMS
    assert not set(terms("refund")) & STOP_TERMS


@given(st.text(max_size=30))
def test_dress_does_not_change_a_text(text):
    """Spacing and case make no other text."""
    assert fingerprint(f"  {text}\n") == fingerprint(text)


def test_punctuation_alone_is_still_a_text():
    """Two malformed inputs without a word are not the same text."""
    assert fingerprint("Hello,  World!") == fingerprint("hello world")
    assert fingerprint("!!!") != fingerprint("???")
    assert fingerprint("") == ""


def test_inputs_are_joined_as_text():
    """Text as it is, the rest as JSON, one line each."""
    assert inputs_text({"q": "why", "n": {"a": None}}) == 'why\n{"a":null}'
    assert as_text([1, "ä"]) == '[1,"ä"]'
