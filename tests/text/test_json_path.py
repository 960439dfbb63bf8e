"""Paths into JSON documents: strictly the standard's, with what was probably meant."""

import pytest

from harness.text.fields import MISSING
from harness.text.json_path import parse

DOCUMENT = {"a": [{"b-c": 1, "d": None}, {"b-c": 2}], "e": {"f": []}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.a[0]['b-c']", 1),
        ("$.a[-1]['b-c']", 2),
        ("$.a[0].d", None),
        ("$.e.f", []),
        ("$.a[?@['b-c'] > 1]['b-c']", 2),
        ("$.a[7].d", MISSING),
        ("$.e.f[0]", MISSING),
        ("$.none.of.this", MISSING),
    ],
)
def test_the_first_value_of_a_path(path, value):
    """Null is a value; what is not there is missing."""
    assert parse(path).first(DOCUMENT) == value


def test_every_value_has_its_place():
    """The indices on the way say what stands beside what."""
    assert parse("$.a[*]['b-c']").find(DOCUMENT) == [((0,), 1), ((1,), 2)]
    assert parse("$.a[*].d").find(DOCUMENT) == [((0,), None)]


@pytest.mark.parametrize("document", ["text", 3, None, MISSING])
def test_what_has_no_parts_is_found_whole(document):
    """A bare value is a document too, and nothing stands inside it."""
    assert parse("$").first(document) is document
    assert parse("$.a").first(document) is MISSING


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("text", "not a JSON path; did you mean '$.text'?"),
        (".text", "not a JSON path; did you mean '$.text'?"),
        ("a.b", "not a JSON path; did you mean '$.a.b'?"),
        ("$.a-b.c", "not a JSON path; did you mean '$['a-b'].c'?"),
        ("$.a b", "not a JSON path; did you mean '$['a b']'?"),
        ("", "not a JSON path: it needs '$', found ''"),
        ("$.a[", "not a JSON path: unbalanced brackets"),
        ("$.a[?nope(@)]", "not a JSON path: "),
    ],
)
def test_what_is_no_path_is_told_in_a_line(path, message):
    """And the usual slips with what they were meant to be, which is a path."""
    with pytest.raises(ValueError, match="not a JSON path") as raised:
        parse(path)
    assert str(raised.value).startswith(message)
    _, mended, meant = str(raised.value).partition("did you mean '")
    assert not mended or parse(meant.removesuffix("'?"))


def test_a_document_too_deep_is_told():
    """A search through all levels is bounded."""
    deep = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(ValueError, match=r"^\$\.\.x fails: "):
        parse("$..x").find(deep)
