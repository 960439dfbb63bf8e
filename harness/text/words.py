"""Texts as folded words: what counts as "the same words" where case and punctuation mean nothing."""

import re
import unicodedata
from collections.abc import Sequence

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"\d+(?:[.,]\d+)+"  # 1,299.00 is one word
    rf"|[{_CJK}]"  # scripts without spaces go sign by sign
    rf"|(?:(?![{_CJK}])[^\W_])+(?:(?<=[^\W\d_])[+#]+)?"  # C++ and C# are not C
)
_ARTICLES = frozenset({"a", "an", "the"})


def words(text: str) -> list[str]:
    """Split into words: compatibility forms unified, case folded, punctuation and thousands separators gone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [_number(word) if word[0].isdigit() else word for word in _WORD.findall(folded)]


def fold(text: str) -> str:
    """One spelling for all texts that differ only in case, space and punctuation."""
    return " ".join(words(text))


def holds(text: str, phrase: str) -> bool:
    """True where the words of `phrase` stand in `text`, in a row, whole and in order; articles do not count.

    "30 days" is not in "130 days". A phrase without a word is in nothing.
    """
    wanted = [word for word in words(phrase) if word not in _ARTICLES]
    if wanted:
        return bool(find([word for word in words(text) if word not in _ARTICLES], wanted))
    wanted = words(phrase)
    return bool(wanted) and bool(find(words(text), wanted))


def find(haystack: Sequence[str], needle: Sequence[str]) -> list[int]:
    """Every position at which `needle` begins in `haystack`; none for an empty needle."""
    size = len(needle)
    if not size:
        return []
    first, rest = needle[0], list(needle)
    return [
        at for at, word in enumerate(haystack) if word == first and list(haystack[at : at + size]) == rest
    ]


def _number(word: str) -> str:
    """1,299.00 → 1299.00: a comma before three digits separates thousands, any other is a decimal comma."""
    return re.sub(r",(?=\d{3}(?:\D|$))", "", word)
