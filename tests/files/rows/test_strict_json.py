"""Strict JSON reads whatever is JSON, refuses everything else, and always says where."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.files.rows import strict_json
from harness.files.rows.strict_json import JsonFault

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 0, 2]))
def test_what_can_be_written_is_read_back(value: object, indent: int | None) -> None:
    """Strictness costs nothing that is JSON."""
    text = json.dumps(value, indent=indent)
    assert strict_json.parse(text) == value
    assert [item for _, item in strict_json.elements(json.dumps([value, value], indent=indent))] == [
        value,
        value,
    ]


@given(st.text(max_size=40) | st.text('{}[]",:\\ue0dN1 ', max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    """Whatever stands there, nothing but JsonFault comes out, and it points into the text."""
    for read in (strict_json.parse, lambda one: list(strict_json.elements(one))):
        at: int | None = 0
        try:
            read(text)
        except JsonFault as fault:
            at = fault.at
        assert at is not None
        assert 0 <= at <= len(text)


@given(values)
def test_every_place_in_a_document_is_found_again(value: object) -> None:
    """The offset of a path is where its key or element stands, whatever surrounds it."""
    text = json.dumps({"before": value, "here": {"list": [value, "target"]}})
    at = strict_json.offset_of(text, ["here", "list", 1])
    assert text[at:].startswith('"target"')
    assert strict_json.offset_of(text, ["here", "nowhere"]) == strict_json.offset_of(text, ["here"])
