"""Declining is told apart from answering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.refusal import declines


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "I don't know.",
        "I don\N{RIGHT SINGLE QUOTATION MARK}t know",
        "I DO NOT KNOW!",
        "Unknown.",
        "N/A",
        "I'm sorry. I can't help with that.",
        "I'm sorry, but I cannot assist with this request.",
        "Sorry, I don't have enough information to answer that question.",
        "The answer is not mentioned in the context.",
        "Based on the passages, this cannot be determined.",
        "Unfortunately, I do not have that information. You could ask the support team.",
    ],
)
def test_it_declines(text):
    """Silence, "I don't know" and refusals, however they are spelt."""
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "30 days",
        "The refund takes 5 days. I don't know about gift cards.",
        "An unknown artist painted it.",
        "None of the plans include it.",
        "Knowing this, I do.",
        "You have 30 days to return it; after that no refund is possible.",
        "{}",
        "0",
    ],
)
def test_it_answers(text):
    """A doubt that follows an answer, and words that only look like one."""
    assert not declines(text)


def test_own_phrases_replace_the_built_in_ones():
    """A caller's phrases are all that counts, beside silence."""
    assert declines("Keine Ahnung, leider.", ("keine Ahnung",), ())
    assert not declines("I don't know", ("keine Ahnung",), ())


@given(st.text())
def test_any_text_is_judged(text):
    """No text raises."""
    assert declines(text) in (True, False)
