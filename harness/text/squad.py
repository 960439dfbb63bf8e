"""Exact match and token F1 as SQuAD defines them.

Source: the official evaluation script of SQuAD 2.0 (Rajpurkar et al. 2018, worksheets.codalab.org).
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower the case, drop ASCII punctuation and the articles a/an/the, collapse white space."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(prediction: str, gold: str) -> float:
    """1.0 where both normalise to the same text, else 0.0."""
    return float(normalise(prediction) == normalise(gold))


def token_f1(prediction: str, gold: str) -> float:
    """Harmonic mean of token precision and recall, in [0, 1].

    Where either text normalises to nothing, both must (the rule of SQuAD 2.0).
    """
    left, right = normalise(prediction).split(), normalise(gold).split()
    if not left or not right:
        return float(left == right)
    shared = sum((Counter(left) & Counter(right)).values())
    return 2 * shared / (len(left) + len(right))


def best(measure: Callable[[str, str], float], prediction: str, golds: Iterable[str]) -> tuple[float, str]:
    """Find the acceptable answer that `prediction` does best against: (value, that answer).

    No acceptable answer at all means that the question has none: nothing is then the right thing to say.
    """
    return max(
        ((measure(prediction, gold), gold) for gold in (tuple(golds) or ("",))), key=lambda pair: pair[0]
    )
