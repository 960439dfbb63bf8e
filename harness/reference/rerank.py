"""reference-rerank: how well each of some passages answers a query, scored beside each other."""

from collections.abc import Sequence
from itertools import pairwise
from math import fsum

from harness.reference.features import rarity, stems

PAIR_BONUS = 0.5
"""Of a shared pair of words, beside the rarity of its words."""


def rerank(query: str, passages: Sequence[str]) -> list[float]:
    """Score each passage in [0, 1): shared rare words and shared pairs, against the query's own worth."""
    read = [stems(passage) for passage in passages]
    asked = stems(query)
    worth = rarity(read)
    rare = max(worth.values(), default=1.0)
    pairs = set(pairwise(asked))
    total = fsum(worth.get(word, rare) for word in set(asked)) or 1.0
    scores: list[float] = []
    for words in read:
        # A set has no order of its own, and a sum of floats depends on it: fsum does not.
        shared = fsum(worth[word] for word in set(asked).intersection(words))
        shared += fsum(PAIR_BONUS * min(worth[a], worth[b]) for a, b in pairs.intersection(pairwise(words)))
        scores.append(shared / (shared + total))
    return scores
