"""A chunk as a store outside of this process keeps it: whole on one line, found by facets; and rows that others wrote."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.text.canonical import digest
from harness.types.search import Where
from harness.types.trial import Passage

_KEPT = ("doc", "chunk", "start", "end", "title", "text")


def packed(chunk: Passage) -> str:
    """A chunk as one line of JSON in ASCII, which every store can hold: some take no NUL, some no half of a pair."""
    return json.dumps({**{name: getattr(chunk, name) for name in _KEPT}, "meta": dict(chunk.meta)})


def unpacked(line: str) -> Passage:
    """The chunk, with score 0 and rank 0. ValueError or KeyError for a line that `packed` did not write."""
    told = json.loads(line)
    return Passage(**{name: told[name] for name in _KEPT}, meta=told["meta"], score=0.0, rank=0)


def facets(meta: Mapping[str, Any]) -> list[str]:
    """Each value under each key, and each item of a list, as 32 hex digits.

    Stores differ in what they hold and compare: true and 1, 1 and 1.0, lists, long texts, points in names. Equal digits
    are the same everywhere, and `text.where.holds` is then: of each group that is asked for, one is there.
    """
    found = (_facet(key, value) for key, values in meta.items() for value in _scalars(values))
    return sorted({facet for facet in found if facet is not None})


def asked_facets(where: Where) -> list[list[str]] | None:
    """Of each group one must be there; None where nothing can be, since a key may have no value."""
    groups = [facets({key: list(values)}) for key, values in where.items()]
    return groups if all(groups) else None


def ranked(found: Iterable[tuple[float, Passage]]) -> tuple[Passage, ...]:
    """Passages by their scores, best first, rank from 1; equal ones stand in the order of document and chunk."""
    best = sorted(found, key=lambda pair: (-pair[0], pair[1].doc, pair[1].chunk))
    return tuple(replace(passage, score=score, rank=rank) for rank, (score, passage) in enumerate(best, 1))


def row_passage(row: Mapping[str, Any], fields: Mapping[str, str], *, key: str, text: str = "") -> Passage:
    """A row of a collection that somebody else made.

    Args:
        row: Its fields; what `fields` does not name is the passage's meta.
        fields: {doc, text, title?} → the names of the row's fields.
        key: The document's id where the row has no such field.
        text: What is read of it where the row has no such field.
    """
    doc, said, title = (row.get(fields.get(name, name)) for name in ("doc", "text", "title"))
    said = text if said is None else str(said)
    named = set(fields.values())
    return Passage(
        doc=key if doc is None else str(doc),
        chunk=0,
        start=0,
        end=len(said),
        text=said,
        score=0.0,
        rank=0,
        title=str(title) if title is not None and "title" in fields else "",
        meta={name: value for name, value in row.items() if name not in named},
    )


def batches(count: int, size: int) -> Iterator[slice]:
    """Cut 0..count into stretches of at most `size`."""
    return (slice(start, start + size) for start in range(0, count, size))


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        items: Sequence[Any] = value
        for one in items:
            yield from _scalars(one)
    else:
        yield value


def _facet(key: str, value: Any) -> str | None:
    """None for what no condition can ask for: null, objects, NaN."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        value = int(value) if value.is_integer() else value
    return digest([key, value])[:32] if isinstance(value, str | int | float) else None
