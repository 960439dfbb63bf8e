"""Texts as search sees them: the terms of a text, the text of some inputs, and when two texts ask the same."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from harness.text.words import fold, words


def terms(text: str) -> list[str]:
    """Split a text into what it can be found by: its words, English plurals cut, in order, repeats kept."""
    return [_singular(word) for word in words(text)]


def _singular(word: str) -> str:
    """Cut the plural of an English word: the S-stemmer of Harman (1991), JASIS 42(1), table 1."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
    if word.endswith(("aes", "ees", "oes")):
        return word
    return word[:-1]


STOP_TERMS = frozenset(
    terms(
        "a about am an and are as at be been but by can could did do does for from had has have how i if in into is "
        "it its me my no not of on or our should such that the their then there these they this to was we were what "
        "when where which who why will with would you your"
    )
)
"""English terms that say nothing about the subject of a question."""


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """Join all inputs of an example, in their order, a line each; what is not text is written as JSON."""
    return "\n".join(as_text(value) for value in inputs.values())


def as_text(value: Any) -> str:
    """Write one value of a user's data: text as it stands, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def fingerprint(text: str) -> str:
    """Reduce a text to what makes it ask the same as another: case, punctuation and spacing are left out.

    A text of nothing else (`"!!!"`) keeps its characters, so that two such texts are not taken for one.
    """
    return fold(text) or "".join(unicodedata.normalize("NFKC", text).split())
