"""Texts as words: what is the same, and what holds what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.words import fold, holds, words


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Out-of-domain", "out_of  DOMAIN"),
        ("1,299.00 EUR", "1299.00 eur."),
        ("Straße", "STRASSE"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}1", "a1"),
        ("東 京", "東京"),
    ],
)
def test_one_spelling(left, right):
    """Case, space, punctuation, width and thousands separators mean nothing."""
    assert fold(left) == fold(right)


@pytest.mark.parametrize(("left", "right"), [("C", "C++"), ("C#", "C++"), ("1.5", "15"), ("a b", "ab")])
def test_another_spelling(left, right):
    """What tells names and numbers apart is kept."""
    assert fold(left) != fold(right)


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("You have 30 days.", "30 days", True),
        ("You have 130 days.", "30 days", False),
        ("You have 30.5 days.", "30 days", False),
        ("within the 30 days", "30 days", True),
        ("Beatles", "The Beatles", True),
        ("days 30", "30 days", False),
        ("plan A", "a", True),
        ("plan B", "a", False),
        ("東京です", "東京", True),
        ("anything", "?!", False),
        ("", "x", False),
    ],
)
def test_holding_is_by_whole_words_in_a_row(text, phrase, found):
    """A phrase is found as words, never inside one; a phrase without a word is nowhere."""
    assert holds(text, phrase) is found


@given(st.text(), st.text(), st.text())
def test_a_text_holds_its_own_words(before, phrase, after):
    """What stands in a text between spaces is found there; folding twice changes nothing."""
    if [word for word in words(phrase) if word not in ("a", "an", "the")]:
        assert (
            holds(f"{before} {phrase} {after}", phrase)
            or fold(f"{before} {phrase}") != f"{fold(before)} {fold(phrase)}"
        )
    assert fold(fold(phrase)) == fold(phrase)
