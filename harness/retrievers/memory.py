"""The embedded store: exact search over all vectors in memory, deterministic, gone with the process."""

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import CallError, Fault, UsageError
from harness.text.chunks import chunk_id
from harness.text.where import holds
from harness.types.plugins import Store, StoreKit
from harness.types.search import Query, Where
from harness.types.trial import Passage

MOST_MASKS = 64
"""Conditions whose chunks are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Needs nothing, and is fast to about 200,000 chunks."""

    @property
    def owned(self) -> bool:
        """Always the harness's own."""
        return True

    def open(self, kit: StoreKit) -> Store:
        """An empty one."""
        del kit
        return _Memory()


class _Memory:
    blocks = False

    def __init__(self) -> None:
        self._chunks: list[Passage] = []
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._vectors: Any = None
        self._masks: dict[Any, Any] = {}

    def ids(self) -> Set[str]:
        """Those that were added."""
        return self._places.keys()

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Add them, in the order of document and chunk, which is also how ties are broken."""
        import numpy as np

        if self._vectors is not None and len(chunks) and vectors.shape[1] != self._vectors.shape[1]:
            what = f"the store holds vectors of {self._vectors.shape[1]} numbers, not of {vectors.shape[1]}"
            raise UsageError(Fault(where="memory", what=what, next="embed all of them with one model"))
        ids = [chunk_id(chunk) for chunk in chunks]
        self.delete(ids)
        if not chunks:
            return
        rows = [*self._chunks, *chunks]
        stacked = (
            vectors if self._vectors is None or not self._chunks else np.concatenate([self._vectors, vectors])
        )
        order = sorted(range(len(rows)), key=lambda place: (rows[place].doc, rows[place].chunk))
        names = [*self._ids, *ids]
        self._keep([rows[place] for place in order], [names[place] for place in order], stacked[order])

    def delete(self, ids: Collection[str]) -> None:
        """Forget them."""
        gone = {self._places[one] for one in ids if one in self._places}
        if gone:
            left = [place for place in range(len(self._chunks)) if place not in gone]
            self._keep(
                [self._chunks[place] for place in left],
                [self._ids[place] for place in left],
                self._vectors[left],
            )

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest by cosine, exactly."""
        import numpy as np

        if not self._chunks or query.vector is None or top_k < 1:
            return ()
        asked = np.asarray(query.vector, dtype=np.float32)
        if asked.shape[0] != self._vectors.shape[1]:
            what = f"the index holds vectors of {self._vectors.shape[1]} numbers, and the query has {asked.shape[0]}"
            raise CallError(type="bad_request", message=what)
        scores = self._vectors @ asked
        open_to = self._mask(query.where)
        places = np.arange(len(scores)) if open_to is None else np.flatnonzero(open_to)
        if len(places) > top_k:
            least = np.partition(scores[places], -top_k)[-top_k]
            places = places[scores[places] >= least]
        best = places[np.argsort(-scores[places], kind="stable")][:top_k]
        return tuple(
            replace(self._chunks[place], score=float(scores[place]), rank=rank)
            for rank, place in enumerate(best, 1)
        )

    def close(self) -> None:
        """Nothing is kept."""

    def _keep(self, chunks: list[Passage], ids: list[str], vectors: Any) -> None:
        self._chunks, self._ids, self._vectors = chunks, ids, vectors
        self._places = {name: place for place, name in enumerate(ids)}
        self._masks = {}

    def _mask(self, where: Where) -> Any:
        """Which chunks a condition leaves, as booleans; None for all of them."""
        import numpy as np

        if not where:
            return None
        key = tuple(sorted((name, repr(values)) for name, values in where.items()))
        if key not in self._masks:
            if len(self._masks) >= MOST_MASKS:
                self._masks = {}
            self._masks[key] = np.asarray([holds(chunk.meta, where) for chunk in self._chunks])
        return self._masks[key]
