"""Lexical search: BM25 over all chunks, exact, deterministic, safe to call from several threads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from harness.text.similarity import STOP_TERMS, terms
from harness.text.where import holds
from harness.types.plugins import Retriever, Store
from harness.types.search import Query, Where
from harness.types.trial import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bm25:
    """BM25 with the idf of Lucene, which is never negative. Titles are searched with the text."""

    embeds: ClassVar[bool] = False

    k1: float = 1.5
    """How fast a repeated word stops counting."""
    b: float = 0.75
    """How far long chunks are held back: 0 not at all, 1 in full."""
    stop_words: bool = True
    """Leave English function words out of queries. They are indexed all the same."""

    def build(self, chunks: Sequence[Passage], store: Store | None = None) -> Retriever:
        """Index the chunks; chunks without a word are never found."""
        import bm25s

        del store

        ordered = sorted(chunks, key=lambda passage: (passage.doc, passage.chunk))
        corpus = [terms(f"{passage.title}\n{passage.text}") for passage in ordered]
        if not any(corpus):
            return _Nothing()
        index = bm25s.BM25(k1=self.k1, b=self.b, method="lucene")
        index.index(corpus, show_progress=False)
        return _Index(ordered, index, STOP_TERMS if self.stop_words else frozenset())


class _Nothing:
    """A search over no words at all."""

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:  # noqa: ARG002 - the shape of every search
        return ()


class _Index:
    """The chunks in order of document and chunk, which is also how ties are broken."""

    def __init__(self, chunks: Sequence[Passage], index: Any, stop_words: frozenset[str]) -> None:
        self._chunks = chunks
        self._index = index
        self._stop_words = stop_words

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """At most `top_k` passages that share a word with the query, best first."""
        import numpy as np

        known = self._index.get_tokens_ids(
            [word for word in terms(query.text) if word not in self._stop_words]
        )
        if not known or top_k < 1:
            return ()
        scores = self._index.get_scores_from_ids(known)
        if query.where:
            scores[~self._open_to(query.where)] = 0.0
        # bm25s' own top-k returns chunks that score 0, fails where k is larger than the corpus, and breaks ties
        # as it happens: everything down to the k-th score is taken instead, and sorted stably.
        least = np.partition(scores, -top_k)[-top_k] if top_k < len(scores) else 0.0
        hits = np.flatnonzero((scores >= least) & (scores > 0))
        best = hits[np.argsort(-scores[hits], kind="stable")][:top_k]
        return tuple(
            replace(self._chunks[place], score=float(scores[place]), rank=rank)
            for rank, place in enumerate(best, 1)
        )

    def _open_to(self, where: Where) -> Any:
        """Which chunks a condition leaves, as booleans."""
        import numpy as np

        return np.fromiter((holds(chunk.meta, where) for chunk in self._chunks), bool, len(self._chunks))
