"""How widely a graph is searched: as widely as it takes to find what an exact search finds, measured on its own vectors."""

from collections.abc import Iterable
from typing import Any

from harness.retrievers.disk.graphs import Graph

WIDTHS = (64, 128, 256, 512, 1024, 2048)
"""Texts that mean something lie in clusters, and the first is enough; noise of many dimensions needs the last."""
ENOUGH = 0.98
"""Share of the nearest that has to be found; above what a search promises, since a query is no chunk."""
SAMPLE = 100
NEAREST = 10


def candidates(top_k: int) -> int:
    """How many of a graph's candidates are scored exactly to find `top_k`: its own order is off by its rounding."""
    return 2 * top_k + 10


def set_width(graph: Graph, sample: tuple[Any, Any], blocks: Iterable[tuple[Any, Any]]) -> float:
    """Set the graph's width to the least of WIDTHS that finds ENOUGH, or to the greatest.

    Args:
        graph: What is searched.
        sample: Keys and vectors, (n,) and (n, dimensions), of what is searched for. They are not in the graph yet: one
            that is leads to its own neighbours, and a graph looks better than it is (0.98 for 0.91).
        blocks: Keys and vectors of all chunks, a part at a time.

    Returns:
        The share of the NEAREST that it finds at this width.
    """
    wanted = [set(nearest.tolist()) for nearest in _nearest(sample, blocks)]
    recall = 0.0
    for width in WIDTHS:
        graph.width = width
        found = [graph.search(vector, candidates(NEAREST)) for vector in sample[1]]
        hits = sum(len(one & set(keys.tolist())) for one, keys in zip(wanted, found, strict=True))
        recall = hits / sum(len(one) for one in wanted)
        if recall >= ENOUGH:
            break
    return recall


def _nearest(sample: tuple[Any, Any], blocks: Iterable[tuple[Any, Any]]) -> Any:
    """Keys of the NEAREST of each, exactly, the sample itself left out: (n, NEAREST)."""
    import numpy as np

    own, queries = sample
    best_scores = np.empty((len(own), 0), np.float32)
    best_keys = np.empty((len(own), 0), np.int64)
    for keys, vectors in blocks:
        scores = queries @ vectors.T
        scores[:, np.isin(keys, own)] = -np.inf
        best_scores = np.concatenate([best_scores, scores], axis=1)
        best_keys = np.concatenate([best_keys, np.broadcast_to(keys, scores.shape)], axis=1)
        place = np.argpartition(-best_scores, NEAREST - 1, axis=1)[:, :NEAREST]
        best_scores = np.take_along_axis(best_scores, place, axis=1)
        best_keys = np.take_along_axis(best_keys, place, axis=1)
    return best_keys
