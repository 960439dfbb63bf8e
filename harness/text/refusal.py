"""Whether a text declines to answer: refuses, or says that it does not know."""

import functools
import re
from collections.abc import Sequence

from harness.text.words import find, words

UNKNOWN = (
    "I don't know",
    "I do not know",
    "don't have enough information",
    "do not have enough information",
    "don't have information",
    "do not have information",
    "don't have that information",
    "do not have that information",
    "I'm not sure",
    "I am not sure",
    "not enough information",
    "no information about",
    "cannot be answered",
    "can't be answered",
    "cannot be determined",
    "can't be determined",
    "cannot answer",
    "can't answer",
    "unable to answer",
    "cannot find",
    "can't find",
    "could not find",
    "couldn't find",
    "not mentioned in the",
    "not stated in the",
    "not provided in the",
    "does not say",
    "doesn't say",
)
"""Saying that one does not know."""

REFUSAL = (
    "I can't help",
    "I cannot help",
    "I'm unable to help",
    "I am unable to help",
    "I can't assist",
    "I cannot assist",
    "I'm unable to assist",
    "I am unable to assist",
    "I can't comply",
    "I cannot comply",
    "I can't provide",
    "I cannot provide",
    "I won't",
    "I will not",
    "I must decline",
    "I can't do that",
    "I cannot do that",
)
"""Saying that one will not."""

WHOLE = ("unknown", "unanswerable", "no answer", "not available", "not known", "n/a", "none", "no idea")
"""Answers that say nothing where they stand alone; inside a sentence they may mean anything."""

_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n\s*\n")
_APOSTROPHES = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MODIFIER LETTER APOSTROPHE}": "'"})
_OPENING = 400
"""Characters; what has not been declined by then has been answered."""


def declines(text: str, phrases: Sequence[str] = UNKNOWN + REFUSAL, whole: Sequence[str] = WHOLE) -> bool:
    """True where `text` gives no answer.

    That is: nothing at all, one of `whole` and no more, or one of `phrases` in the first sentence (or in the
    second, where the first only apologises). Case, punctuation and the form of the apostrophe do not count.
    """
    start = text.strip()[:_OPENING].translate(_APOSTROPHES)
    if not start or (len(text.strip()) <= _OPENING and words(start) in map(_phrase, whole)):
        return True
    opening = words(_opening(start))
    return any(find(opening, _phrase(phrase)) for phrase in phrases)


@functools.lru_cache(maxsize=1024)
def _phrase(phrase: str) -> list[str]:
    return words(phrase.translate(_APOSTROPHES))


def _opening(text: str) -> str:
    """The first sentence, and the next one too where the first is no longer than "I'm sorry."."""
    parts = _SENTENCE_END.split(text, maxsplit=2)
    return " ".join(parts[:2]) if len(words(parts[0])) <= 4 else parts[0]
