"""The graphs that find near vectors without looking at all of them: HNSW by usearch or by faiss, in half precision.

Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small World
graphs" (2016), whose M, efConstruction and ef are LINKS, BUILT_WIDTH and a graph's width. Vectors lie in them as
bfloat16: half the memory and the time of float32, and no fewer of the nearest found, since the store scores exactly.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from harness.calls.stores import package

LINKS = 16
BUILT_WIDTH = 128


class Graph(Protocol):
    """Keys by their vectors' inner product. `search` is safe to call from several threads."""

    width: int
    """How many candidates a search holds at a time: the more, the fewer it misses, and the longer it takes."""

    def __len__(self) -> int:
        """How many keys it holds."""

    def add(self, keys: Any, vectors: Any) -> None:
        """Add (n,) int64 with (n, dimensions) float32; not where it was opened as a view."""

    def search(self, vector: Any, count: int) -> Any:
        """At most `count` keys, nearest first, int64."""

    def save(self, file: Path) -> None:
        """Write it to a file."""


Opener = Callable[[int, Path | None, bool], Graph]
"""(dimensions, file or None for a new one, view) → a graph; a view stays in its file, and is not added to."""


class _Usearch:
    def __init__(self, dimensions: int, file: Path | None, view: bool) -> None:
        from usearch.index import Index

        self._index: Any = Index(
            ndim=dimensions, metric="ip", dtype="bf16", connectivity=LINKS, expansion_add=BUILT_WIDTH
        )
        if file is not None:
            (self._index.view if view else self._index.load)(file)

    @property
    def width(self) -> int:
        return int(self._index.expansion_search)

    @width.setter
    def width(self, width: int) -> None:
        self._index.expansion_search = width

    def __len__(self) -> int:
        return len(self._index)

    def add(self, keys: Any, vectors: Any) -> None:
        self._index.add(keys, vectors)

    def search(self, vector: Any, count: int) -> Any:
        return self._index.search(vector, count, threads=1).keys.astype("int64")

    def save(self, file: Path) -> None:
        self._index.save(file)


class _Faiss:
    def __init__(self, dimensions: int, file: Path | None, view: bool) -> None:
        import faiss as library

        faiss: Any = library  # what it says of its types is less than what it has
        self._faiss = faiss
        self.width = 64
        if file is not None:
            self._index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC if view else 0)
            return
        inner, kind = faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer.QT_bf16
        graph = faiss.IndexHNSWSQ(dimensions, kind, LINKS, inner)
        graph.hnsw.efConstruction = BUILT_WIDTH
        self._index = faiss.IndexIDMap(graph)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, keys: Any, vectors: Any) -> None:
        self._index.add_with_ids(vectors, keys)

    def search(self, vector: Any, count: int) -> Any:
        how = self._faiss.SearchParametersHNSW(efSearch=max(self.width, count))
        threads = self._faiss.omp_get_max_threads()
        # One query is the work of one thread, and waiting for the others took 12 ms where the search took 0.1.
        self._faiss.omp_set_num_threads(1)
        try:
            _, keys = self._index.search(vector[None], count, params=how)
        finally:
            self._faiss.omp_set_num_threads(threads)
        return keys[0][keys[0] >= 0]

    def save(self, file: Path) -> None:
        self._faiss.write_index(self._index, str(file))


_ENGINES: Mapping[str, tuple[str, str, Opener]] = {
    "usearch": ("usearch", "disk", _Usearch),
    "faiss": ("faiss", "faiss", _Faiss),
}
"""Name → module, the extra that brings it, and how its graphs are opened."""


def opener_of(name: str) -> Opener:
    """How graphs of this engine are opened. UsageError: it is not installed."""
    module, extra, opener = _ENGINES[name]
    package(module, extra=extra)
    return opener
