"""Search by words and by meaning at once, the two orders made one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from harness.registry import RETRIEVERS, load
from harness.types.plugins import Retriever, Store
from harness.types.search import Query
from harness.types.trial import Passage

RRF_K = 60
"""Cormack, Clarke and Büttcher (2009), Reciprocal rank fusion outperforms Condorcet and individual rank learning methods."""
DEPTH = 3
"""Each side is asked for so many times the passages that are wanted, and for 50 at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hybrid:
    """BM25 and dense search, fused."""

    embeds: ClassVar[bool] = True

    fuse: Literal["rrf", "weighted"] = "rrf"
    """rrf: by rank alone, Σ weight/(60 + rank). weighted: by score, each side scaled to [0, 1] over what it found."""
    weights: Mapping[str, float] = field(default_factory=lambda: {"bm25": 0.5, "dense": 0.5})

    def build(self, chunks: Sequence[Passage], store: Store | None) -> Retriever:
        """Index the words; the store has indexed the vectors."""
        assert store is not None
        sides = {
            "bm25": load(RETRIEVERS, "bm25", what="search")().build(chunks, None),
            "dense": load(RETRIEVERS, "dense", what="search")().build(chunks, store),
        }
        return _Fused(sides, self)


class _Fused:
    def __init__(self, sides: Mapping[str, Retriever], how: Hybrid) -> None:
        self._sides = sides
        self._how = how

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """At most `top_k`, best first; equal scores stand in the order of document and chunk."""
        depth = max(50, DEPTH * top_k)
        found: dict[tuple[str, int], Passage] = {}
        scores: dict[tuple[str, int], float] = {}
        for name, side in self._sides.items():
            passages = side.search(query, depth)
            worths = _by_rank(passages) if self._how.fuse == "rrf" else _by_score(passages)
            for passage, worth in zip(passages, worths, strict=True):
                key = (passage.doc, passage.chunk)
                found.setdefault(key, passage)
                scores[key] = scores.get(key, 0.0) + self._how.weights.get(name, 0.0) * worth
        best = sorted(found, key=lambda key: (-scores[key], key))[:top_k]
        return tuple(replace(found[key], score=scores[key], rank=rank) for rank, key in enumerate(best, 1))


def _by_rank(passages: Sequence[Passage]) -> list[float]:
    return [1.0 / (RRF_K + passage.rank) for passage in passages]


def _by_score(passages: Sequence[Passage]) -> list[float]:
    """Scale to [0, 1]: the least that was found is 0, the most 1; where all are equal, 1."""
    scores = [passage.score or 0.0 for passage in passages]
    least, most = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - least) / (most - least) if most > least else 1.0 for score in scores]
