"""Chunks: exact offsets, full coverage, sizes kept, cut at breaks that mean something."""

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.text.chunks import Chunking, count_tokens, cut
from harness.types.evalset import Document

DATA = Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))

TEXT = st.text(st.sampled_from(list("ab é.,;()'\"—-\n\t 漢字かカ😀\u200b\x00")), max_size=400) | st.text(
    max_size=200
)


def spans(text, **chunking):
    """Cut one document, and check what holds of every chunk."""
    chunks = cut([Document(id="d", text=text, title="T")], Chunking(**chunking))
    assert all((c.doc, c.title, c.score, c.rank) == ("d", "T", 0.0, 0) for c in chunks)
    assert [c.chunk for c in chunks] == list(range(len(chunks)))
    return chunks


@settings(max_examples=200, deadline=None)
@given(
    text=TEXT | st.integers(0, 300).map("x".__mul__),
    size=st.integers(1, 40),
    overlap=st.integers(0, 39),
    unit=st.sampled_from(["tokens", "characters"]),
)
def test_chunks_cover_the_document_exactly(text, size, overlap, unit):
    """Offsets give the text, every character but white space is in a chunk, none is over its size, all advance."""
    chunks = spans(text, size=size, overlap=min(overlap, size - 1), unit=unit)
    measure = count_tokens if unit == "tokens" else len
    assert all(text[c.start : c.end] == c.text for c in chunks)
    assert all(measure(c.text) <= size and c.text.strip() for c in chunks)
    covered = {place for c in chunks for place in range(c.start, c.end)}
    assert all(place in covered for place, letter in enumerate(text) if not letter.isspace())
    assert all(a.start < b.start and a.end <= b.end for a, b in pairwise(chunks))


def test_a_document_that_fits_is_one_chunk_and_an_empty_one_none():
    """An overlap never cuts what needs no cutting."""
    text = "\n\nOne. Two.\n\nThree, four; five.  "
    assert [c.text for c in spans(text, size=11, overlap=3)] == [text.strip()]
    assert spans(" \n\t ") == []
    assert spans("") == []


def test_neighbours_overlap_by_no_more_than_asked():
    """With an overlap, neighbours share text; without one, they share none."""
    text = " ".join(f"Sentence {n} says something short." for n in range(60))
    apart = spans(text, size=50, overlap=0)
    shared = spans(text, size=50, overlap=15)
    assert all(a.end <= b.start for a, b in pairwise(apart))
    assert all(0 < count_tokens(text[b.start : a.end]) <= 15 for a, b in pairwise(shared))


def test_breaks_mean_something():
    """Paragraphs are kept whole where they fit."""
    paragraphs = [f"Paragraph {n} has a few words in it." for n in range(6)]
    assert [c.text for c in spans("\n\n".join(paragraphs), size=10, overlap=0)] == paragraphs


def test_a_long_blob_does_not_pass_for_one_token():
    """Text without spaces is cut too."""
    assert count_tokens("one two, three!") == 5
    assert count_tokens("x" * 120) == 10
    assert count_tokens("漢字かな") == 4
    for overlap in (0, 5):
        chunks = spans("x" * 10_000, size=50, overlap=overlap)
        assert len(chunks) > 10
        assert all(count_tokens(c.text) <= 50 for c in chunks)
        assert sum(len(c.text) for c in chunks) >= 10_000


@pytest.mark.parametrize("chunking", [{"size": 0}, {"size": 10, "overlap": 10}, {"size": 10, "overlap": -1}])
def test_an_impossible_chunking_is_refused(chunking):
    """A size below 1, or an overlap as large as the chunk, is the user's mistake."""
    with pytest.raises(UsageError, match="cannot be cut"):
        spans("text", **chunking)


def test_real_abstracts_are_covered():
    """On 1,400 real documents every word is in a chunk, and chunks are well filled."""
    file = DATA / "cranfield" / "cran.all.1400.xml"
    if not file.exists():
        pytest.skip("the Cranfield collection is not here")
    texts = re.findall(r"<text>(.*?)</text>", file.read_text(encoding="utf-8"), re.DOTALL)
    documents = [Document(id=str(n), text=text) for n, text in enumerate(texts)]
    chunks = cut(documents, Chunking(size=200, overlap=30))
    assert all(texts[int(c.doc)][c.start : c.end] == c.text for c in chunks)
    covered = {}
    for c in chunks:
        covered.setdefault(int(c.doc), []).append((c.start, c.end))
    for n, text in enumerate(texts):
        edge = 0
        for start, end in covered.get(n, []):
            assert not text[edge:start].strip()
            edge = max(edge, end)
        assert not text[edge:].strip()
