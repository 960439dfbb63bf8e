"""Documents cut into chunks: each a Passage whose offsets give back exactly its text."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast
from uuid import UUID

from harness.errors import Fault, UsageError
from harness.text.canonical import digest
from harness.types.evalset import Document
from harness.types.trial import Passage

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that set no spaces: each character counts."""

_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")

_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]{{1,12}}|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How documents are cut."""

    size: int = 200
    overlap: int = 30
    """How much of a chunk's end stands again at the start of the next, at most; less than `size`."""
    unit: Literal["tokens", "characters"] = "tokens"
    """Of both: the tokens of `count_tokens`, or characters."""
    by: Literal["heading"] | None = None
    """Cut Markdown at its headings first: no chunk holds text of two sections."""


def count_tokens(text: str) -> int:
    """Count tokens without any model's vocabulary: words, CJK characters and punctuation marks.

    A word longer than 12 characters counts once per 12, so that a long blob cannot pass for one token.
    """
    return len(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class _Unit:
    count: Callable[[str], int]
    places: re.Pattern[str]
    """Where an overlap may begin: never within a word."""
    back: Callable[[list[int], int, int], int]
    """(places, start, overlap) → the earliest offset that the overlap may reach back to."""


def _tokens_back(places: list[int], start: int, overlap: int) -> int:
    return places[max(0, bisect_left(places, start) - overlap)] if overlap else start


def _characters_back(_places: list[int], start: int, overlap: int) -> int:
    return start - overlap


_UNITS: Mapping[str, _Unit] = {
    "tokens": _Unit(count_tokens, _TOKEN, _tokens_back),
    "characters": _Unit(len, re.compile(r"\S+"), _characters_back),
}


def cut(documents: Sequence[Document], chunking: Chunking) -> list[Passage]:
    """Cut documents at the most meaningful breaks (paragraph, line, sentence, clause, word).

    Every character but white space lies in at least one chunk, and `document.text[start:end]` is the chunk's text.
    A document that fits is one chunk; an empty one has none.

    Returns:
        Passages with score 0 and rank 0, in the order of the documents; chunks count from 0 in each.

    Raises:
        UsageError: the size is below 1, or the overlap is not smaller than the size.
    """
    if chunking.size < 1 or not 0 <= chunking.overlap < chunking.size:
        raise UsageError(
            Fault(
                where="retrieve.chunk",
                what=f"{chunking.unit} {chunking.size} with overlap {chunking.overlap} cannot be cut",
                next="give at least 1, and an overlap from 0 to below it",
            )
        )
    return [
        Passage(
            doc=document.id,
            chunk=number,
            start=start,
            end=end,
            text=document.text[start:end],
            score=0.0,
            rank=0,
            title=document.title,
            meta=document.meta,
        )
        for document in documents
        for number, (start, end) in enumerate(_of_document(document.text, chunking))
    ]


def chunk_id(chunk: Passage) -> str:
    """Name a chunk by all that it says, as a UUID: the same chunk has the same id in every store and every run."""
    said = [chunk.doc, chunk.chunk, chunk.start, chunk.end, chunk.title, chunk.text, chunk.meta]
    return str(UUID(digest(said)[:32]))


def searched_text(chunk: Passage) -> str:
    """What of a chunk is embedded or put in order: its document's title, where it has one, before its text."""
    return (
        f"{chunk.title}\n{chunk.text}"
        if chunk.title and not chunk.text.startswith(chunk.title)
        else chunk.text
    )


def _of_document(text: str, chunking: Chunking) -> Iterator[tuple[int, int]]:
    for first, last in _sections(text) if chunking.by == "heading" else [(0, len(text))]:
        for start, end in _spans(text[first:last], chunking):
            yield first + start, first + end


def _sections(text: str) -> list[tuple[int, int]]:
    """Where each section of a Markdown text begins and ends; code in fences has no headings."""
    starts, fenced, place = [0], False, 0
    for line in text.splitlines(keepends=True):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if not fenced and _HEADING.match(line) and place:
            starts.append(place)
        place += len(line)
    return list(pairwise([*starts, len(text)]))


def _spans(text: str, chunking: Chunking) -> Iterator[tuple[int, int]]:
    from semchunk.semchunk import chunk

    unit, overlap = _UNITS[chunking.unit], chunking.overlap
    stripped = text.strip()
    if unit.count(stripped) <= chunking.size:
        if stripped:
            start = text.index(stripped)
            yield start, start + len(stripped)
        return
    # semchunk's own overlap glues small chunks together: half-filled ones, and over the size in characters.
    # memoize=False: its cache is global, keeps every text, and never lets go.
    _, offsets = chunk(text, chunking.size - overlap, unit.count, memoize=False, offsets=True)
    places = [match.start() for match in unit.places.finditer(text)]
    before = -1
    for start, end in cast("list[tuple[int, int]]", offsets):
        # Not so far back that the chunk before would stand whole in this one.
        earliest = max(unit.back(places, start, overlap), before + 1)
        place = bisect_left(places, earliest)
        yield min(start, places[place]) if place < len(places) else start, end
        before = start
