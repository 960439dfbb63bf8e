"""Search by meaning: the chunks whose embeddings are nearest to the query's, wherever a store keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.types.plugins import Retriever, Store
from harness.types.search import Query
from harness.types.trial import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """Nearest by cosine."""

    embeds: ClassVar[bool] = True

    def build(self, chunks: Sequence[Passage], store: Store | None) -> Retriever:
        """The store has indexed them."""
        del chunks
        assert store is not None
        return _Nearest(store)


class _Nearest:
    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """At most `top_k`, best first; there is always a nearest one."""
        return self._store.search(query, top_k)
