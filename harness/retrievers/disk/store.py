"""The running store on disk: exact over few vectors, through a graph over many, and scored exactly in every case."""

import os
import threading
from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.calls.shared import Shared
from harness.calls.stores import other_dimensions
from harness.errors import CallError
from harness.retrievers.disk.graphs import Graph, Opener
from harness.retrievers.disk.rows import BLOCK, GraphRow, Rows, open_rows
from harness.retrievers.disk.width import SAMPLE, candidates, set_width
from harness.text.stored import asked_facets, ranked
from harness.types.search import Query
from harness.types.trial import Passage

FEW = 5_000
"""Vectors that lie beside the graph, in memory, and are searched exactly, in about 1 ms. It grows by so many at least."""
DEAD_SHARE = 0.2
"""Of a graph's keys may be of chunks that are gone, before it is made anew."""
MOST_CANDIDATES = 5_000
"""That a graph is asked for, where a condition or deleted chunks leave few of them; an exact search is faster then."""
MOST_CONDITIONS = 16
"""Whose keys are remembered: of 1,000,000 chunks 8 MB each at most."""

_OPEN: Shared["DiskStore"] = Shared()


@dataclass(frozen=True, slots=True)
class _View:
    """What a search sees, from beginning to end, whatever is added meanwhile."""

    count: int
    dimensions: int
    graph: Graph | None
    """None where there are few vectors: all of them are `recent`."""
    recent: tuple[Any, Any]
    """Keys and vectors that the graph does not know."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Condition → the keys of the chunks that it leaves."""


class DiskStore:
    """A folder: `chunks.sqlite`, and of the graph that counts `graph-N`. Searches run side by side, changes in turn."""

    blocks = False

    def __init__(self, folder: Path, rows: Rows, opener: Opener) -> None:
        """Take open rows, and bring the graph up to them."""
        self._folder = folder
        self._rows = rows
        self._opener = opener
        self._changes = threading.Lock()
        self._view = self._looked(self._grown())
        counts = rows.graph
        self._tidy(counts.generation if counts else 0)

    @property
    def recall(self) -> float:
        """Share of the ten nearest that the graph found in a sample when it was built; 1 where the search is exact."""
        row = self._rows.graph
        return 1.0 if row is None else row.recall

    def ids(self) -> Set[str]:
        """Of all chunks."""
        return self._rows.ids()

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, and let the graph grow where they are many. Whoever is killed in between finds the first of them."""
        if len(chunks):
            with self._changes:
                self._rows.write(chunks, vectors)
                self._view = self._looked(self._grown())

    def delete(self, ids: Collection[str]) -> None:
        """Forget them, all or none."""
        if ids:
            with self._changes:
                self._rows.erase(ids)
                self._view = self._looked(self._grown())

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest, with their exact cosines."""
        import numpy as np

        view = self._view
        if query.vector is None or top_k < 1 or not view.count:
            return ()
        vector = np.asarray(query.vector, dtype=np.float32)
        if len(vector) != view.dimensions:
            raise other_dimensions(view.dimensions, len(vector))
        groups = asked_facets(query.where)
        if groups is None:
            return ()
        kept = self._kept(view, groups) if groups else None
        keys, scores = _best(*self._candidates(view, vector, top_k, kept), top_k)
        found = self._rows.chunks(keys.tolist())
        scored = zip(scores.tolist(), keys.tolist(), strict=True)
        return ranked((score, found[key]) for score, key in scored if key in found)[:top_k]

    def close(self) -> None:
        """Let the files go, with the last who has the store open."""
        _OPEN.leave(str(self._folder), lambda store: store._rows.close())  # noqa: SLF001 - its own class

    def _candidates(self, view: _View, vector: Any, top_k: int, kept: Any) -> tuple[Any, Any]:
        """Keys and exact scores among which the nearest are."""
        import numpy as np

        if kept is not None and not len(kept):
            return kept, np.empty(0, np.float32)
        keys, vectors = view.recent
        if kept is not None:
            open_to = _among(keys, kept)
            keys, vectors = keys[open_to], vectors[open_to]
        recent = _best(keys, vectors @ vector, top_k)
        if view.graph is None:
            return recent
        known = self._through(view.graph, view, (vector, top_k, kept))
        if known is None:
            return self._exact(self._rows.blocks() if kept is None else self._of_keys(kept), vector, top_k)
        return np.concatenate([recent[0], known[0]]), np.concatenate([recent[1], known[1]])

    def _through(self, graph: Graph, view: _View, asked: tuple[Any, int, Any]) -> tuple[Any, Any] | None:
        """What the graph finds: as much more than is asked for as it takes for enough of it to be there, and open.

        None where that is more than an exact search would have to look at.
        """
        vector, top_k, kept = asked
        left = max(1, view.count - len(view.recent[0])) / len(graph)
        if kept is not None:
            left *= len(kept) / view.count
        wanted = int(candidates(top_k) / left)
        most = max(wanted, MOST_CANDIDATES) if kept is None else min(len(kept), MOST_CANDIDATES)
        while wanted <= most:
            keys = graph.search(vector, min(wanted, len(graph)))
            if kept is not None:
                keys = keys[_among(keys, kept)]
            keys, vectors = self._rows.vectors(keys)
            if len(keys) >= top_k or wanted >= len(graph):
                return keys, vectors @ vector if len(keys) else vectors.reshape(0)
            wanted *= 4
        return None

    def _exact(self, blocks: Iterator[tuple[Any, Any]], vector: Any, top_k: int) -> tuple[Any, Any]:
        import numpy as np

        keys, scores = np.empty(0, np.int64), np.empty(0, np.float32)
        for some, vectors in blocks:
            keys, scores = _best(np.append(keys, some), np.append(scores, vectors @ vector), top_k)
        return keys, scores

    def _of_keys(self, keys: Any) -> Iterator[tuple[Any, Any]]:
        for start in range(0, len(keys), BLOCK):
            some, vectors = self._rows.vectors(keys[start : start + BLOCK])
            if len(some):
                yield some, vectors

    def _kept(self, view: _View, groups: list[list[str]]) -> Any:
        asked = repr(sorted(groups))
        keys = view.kept.get(asked)
        if keys is None:
            keys = self._rows.having(groups)
            if len(view.kept) >= MOST_CONDITIONS:
                view.kept.clear()
            view.kept[asked] = keys
        return keys

    def _looked(self, graph: Graph | None) -> _View:
        """What a search sees from now on."""
        import numpy as np

        row = self._rows.graph
        blocks = list(self._rows.blocks(above=row.upto if row else 0))
        dimensions = self._rows.dimensions() or 0
        keys = np.concatenate([keys for keys, _ in blocks]) if blocks else np.empty(0, np.int64)
        vectors = (
            np.concatenate([vectors for _, vectors in blocks])
            if blocks
            else np.empty((0, dimensions), np.float32)
        )
        return _View(self._rows.count(), dimensions, graph, (keys, vectors))

    def _grown(self) -> Graph | None:
        """The graph that counts, brought up to the rows where it lags behind or where too much of it is gone."""
        row, count = self._rows.graph, self._rows.count()
        if row is None:
            return self._built(None) if count > FEW else None
        recent = self._rows.count(above=row.upto)
        dead = row.size - (count - recent)
        if dead > max(FEW, DEAD_SHARE * row.size):
            row = None
        elif recent <= FEW and (graph := self._opened(row, view=True)) is not None:
            return graph
        if count > FEW:
            return self._built(row)
        self._rows.graph = None
        self._tidy(0)
        return None

    def _built(self, row: GraphRow | None) -> Graph:
        """A graph over all rows: `row`'s, and what is above it; or a new one. It counts from the moment it is whole."""
        graph = None if row is None else self._opened(row, view=False)
        upto = row.upto if row is not None and graph is not None else 0
        graph = graph or self._opener(self._rows.dimensions() or 0, None, False)
        new = self._rows.keys(above=upto)
        sample = self._rows.vectors(new[:: len(new) // SAMPLE + 1])
        for keys, vectors in self._rows.blocks(above=upto):
            held_back = _among(keys, sample[0])
            graph.add(keys[~held_back], vectors[~held_back])
        recall = set_width(graph, sample, self._rows.blocks())
        graph.add(*sample)
        made = self._saved(graph, upto=int(new[-1]), recall=recall)
        self._rows.graph = made
        self._tidy(made.generation)
        viewed = self._opened(made, view=True)
        return graph if viewed is None else viewed

    def _saved(self, graph: Graph, *, upto: int, recall: float) -> GraphRow:
        counts = self._rows.graph
        generation = counts.generation + 1 if counts else 1
        file = self._file(generation)
        try:
            graph.save(file)
            _sync(file)
            length = file.stat().st_size
        except (OSError, RuntimeError) as error:
            message = f"the graph {file} cannot be written ({error})"
            raise CallError(type="application", message=message) from None
        return GraphRow(
            generation=generation, upto=upto, size=len(graph), bytes=length, width=graph.width, recall=recall
        )

    def _opened(self, row: GraphRow, *, view: bool) -> Graph | None:
        """The graph from its file; None where that is not whole."""
        file = self._file(row.generation)
        if not file.exists() or file.stat().st_size != row.bytes:
            return None
        try:
            graph = self._opener(self._rows.dimensions() or 0, file, view)
        except (OSError, RuntimeError, ValueError):
            return None
        graph.width = row.width
        return graph

    def _file(self, generation: int) -> Path:
        return self._folder / f"graph-{generation}"

    def _tidy(self, generation: int) -> None:
        """Remove the files of other generations: of builds that were broken off, and of the past."""
        for file in self._folder.glob("graph-*"):
            if file != self._file(generation):
                with suppress(OSError):  # where a mapped file cannot be removed, the next one to open does it
                    file.unlink()


def open_store(folder: Path, opener: Opener) -> DiskStore:
    """The store in a folder: the same one for all in this process. UsageError: another process has it open."""
    folder = folder.resolve()
    return _OPEN.take(str(folder), lambda: _started(folder, opener))


def _started(folder: Path, opener: Opener) -> DiskStore:
    rows = open_rows(folder / "chunks.sqlite")
    try:
        return DiskStore(folder, rows, opener)
    except BaseException:
        rows.close()
        raise


def _best(keys: Any, scores: Any, top_k: int) -> tuple[Any, Any]:
    """The `top_k` with the highest scores, and all that are as high as the last of them; in the order given."""
    import numpy as np

    if len(scores) > top_k:
        least = np.partition(scores, -top_k)[-top_k]
        open_to = scores >= least
        keys, scores = keys[open_to], scores[open_to]
    return keys, scores


def _among(keys: Any, kept: Any) -> Any:
    """Which of the keys are kept: `kept` ascending, and at least one."""
    import numpy as np

    places = np.minimum(np.searchsorted(kept, keys), len(kept) - 1)
    return kept[places] == keys


def _sync(file: Path) -> None:
    """Have it on the disk, before anything says that it is there."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
