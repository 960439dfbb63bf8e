"""A chunk in a store: it comes back whole, and its facets say exactly what a condition says."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.text.chunks import chunk_id
from harness.text.stored import asked_facets, batches, facets, packed, ranked, row_passage, unpacked
from harness.text.where import holds
from harness.types.trial import Passage

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, 1.0, 0.5, -0.0, 1e300, float("inf")]),
    st.sampled_from(["", "1", "true", "a", "é", "\x00", "a\ud800"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["a", "b", "a.b", ""])


def passage(**changes):
    """Make a chunk; any field may be given."""
    fields = {"doc": "d", "chunk": 0, "start": 0, "end": 1, "text": "t", "score": 0.0, "rank": 0}
    return Passage(**{**fields, **changes})


@given(
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(KEYS, st.lists(SCALARS, max_size=3).map(tuple), max_size=2),
)
def test_facets_say_what_a_condition_says(meta, where):
    """Of each group one is there, exactly where the condition holds: bool from int, lists within lists, all of it."""
    groups, said = asked_facets(where), set(facets(meta))
    assert holds(meta, where) == (groups is not None and all(said & set(group) for group in groups))


@given(st.text(), st.text(), st.dictionaries(st.text(), VALUES, max_size=3))
def test_a_chunk_comes_back_whole(text, title, meta):
    """Also with signs that no database takes: the line is ASCII, and its id is the same."""
    chunk = passage(text=text, title=title, meta=meta)
    line = packed(chunk)
    assert line.isascii()
    assert "\x00" not in line
    assert unpacked(line) == chunk
    assert chunk_id(unpacked(line)) == chunk_id(chunk)


def test_no_condition_asks_for_what_is_no_scalar():
    """Null, NaN and objects have no facet; a key without a value, or with NaN alone, can never hold."""
    assert facets({"a": None, "b": float("nan"), "c": {"d": 1}, "e": []}) == []
    assert asked_facets({"a": ()}) is None
    assert asked_facets({"a": (float("nan"),)}) is None
    assert asked_facets({}) == []


def test_ranks_follow_scores_and_then_documents():
    """Best first; equal ones in the order of document and chunk."""
    found = ranked([(0.5, passage(doc="b")), (0.5, passage(doc="a", chunk=1)), (0.9, passage(doc="c"))])
    assert [(p.doc, p.score, p.rank) for p in found] == [("c", 0.9, 1), ("a", 0.5, 2), ("b", 0.5, 3)]


def test_a_row_of_others_is_read_by_its_fields():
    """What is named is the passage, all else its meta; id and text stand in for what is not there."""
    row = {"source": 7, "body": "read", "head": None, "year": 2020}
    read = row_passage(row, {"doc": "source", "text": "body", "title": "head"}, key="k")
    assert (read.doc, read.text, read.title, read.end, read.meta) == ("7", "read", "", 4, {"year": 2020})
    bare = row_passage({"title": "not asked for"}, {"doc": "doc", "text": "text"}, key="k", text="stood in")
    assert (bare.doc, bare.text, bare.title) == ("k", "stood in", "")
    assert json.dumps(dict(bare.meta)) == '{"title": "not asked for"}'


def test_batches_cover_all_once():
    """In order, none larger than allowed."""
    assert [list(range(7))[part] for part in batches(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches(0, 3)) == []
