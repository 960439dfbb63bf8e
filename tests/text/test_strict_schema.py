"""What a strict mode cannot take: each reason at its place, and nothing held against a schema that fits."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.strict_schema import OPENAI, OPENAI_FINE_TUNED, strict_faults


def record(**properties):
    """An object that strict mode takes."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
FITS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Ticket",
    **record(
        label={"type": "string", "enum": ["a", "b"], "description": "Which one."},
        score={"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 1},
        when={"type": "string", "format": "date-time"},
        code={"type": "string", "pattern": "^[A-Z]{3}$"},
        kind={"type": "string", "const": "x"},
        parts={"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1},
        either={"anyOf": [record(a=TEXT), {"type": "null"}]},
        nothing=record(),
    ),
    "$defs": {"part": record(name=TEXT, below={"type": "array", "items": {"$ref": "#/$defs/part"}})},
}


def said(schema, subset=OPENAI):
    """Each fault as `path: what`."""
    return [f"{fault.path}: {fault.what}" for fault in strict_faults(schema, subset)]


def test_a_schema_that_fits_has_no_fault():
    """Nullable, recursive, with patterns, formats, bounds and definitions: all of it is taken, and none changed."""
    before = copy.deepcopy(FITS)
    assert said(FITS) == []
    assert before == FITS


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "array", "items": TEXT}, "$: the root must be an object"),
        ({"anyOf": [record(a=TEXT), record(b=TEXT)]}, "$: the root may not be anyOf"),
        ({**record(a=TEXT), "additionalProperties": True}, "$: additionalProperties must be false"),
        (record(a={"type": "object"}), "$.properties.a: additionalProperties must be false"),
        (
            {**record(a=TEXT, b=TEXT, c=TEXT), "required": ["b"]},
            "$: every property must be required, and a, c are not",
        ),
        ({**record(a=TEXT), "required": None}, "$: every property must be required, and a is not"),
        ({**record(a=TEXT), "required": ["a", "z"]}, "$: requires z, which is no property"),
        (record(a={"description": "anything"}), "$.properties.a: has no type"),
        (record(a={"const": "x"}), "$.properties.a: has no type"),
        (record(a={}), "$.properties.a: has no type"),
        (record(a=True), "$.properties.a: true is not an object with a type"),
        (record(a={"type": "array"}), "$.properties.a: an array must say what its items are"),
        (record(a={"type": "array", "items": {}}), "$.properties.a.items: has no type"),
        (record(a={"type": "string", "format": "uri"}), '$.properties.a: format "uri" is not taken'),
        (
            record(a={"$ref": "#/$defs/x", "description": "d"}),
            "$.properties.a: nothing may stand beside $ref (description)",
        ),
        (
            record(a={"anyOf": [TEXT, {"type": "object", "properties": {}, "required": []}]}),
            "$.properties.a.anyOf[1]: additionalProperties must be false",
        ),
        (
            {**record(), "$defs": {"d": {"type": "array"}}},
            "$.$defs.d: an array must say what its items are",
        ),
        (record(a={"allOf": [TEXT]}), "$.properties.a: 'allOf' is not taken"),
    ],
)
def test_what_it_cannot_take_is_told_at_its_place(schema, fault):
    """The structural rules of the guide, one at a time and nothing beside it."""
    assert said(schema) == [fault]


@pytest.mark.parametrize("keyword", sorted(OPENAI.refused))
def test_every_refused_keyword_is_found(keyword):
    """Wherever it stands; what it holds is not looked into."""
    assert f"$.properties.a: '{keyword}' is not taken" in said(record(a={**TEXT, keyword: [{}]}))


@pytest.mark.parametrize("keyword", sorted(OPENAI_FINE_TUNED.refused - OPENAI.refused))
def test_fine_tuned_models_take_less(keyword):
    """The same schema fits the base model."""
    schema = record(a={"type": "string", keyword: "date" if keyword == "format" else 1})
    assert said(schema) == []
    assert said(schema, OPENAI_FINE_TUNED) == [f"$.properties.a: '{keyword}' is not taken"]


def test_a_property_named_like_a_keyword_is_a_property():
    """Names under `properties` and values of an enum are the user's words."""
    assert said(record(**{"not": TEXT, "default": TEXT, "if": {"type": "string", "enum": ["allOf"]}})) == []


def nested(levels):
    """Objects and arrays within each other, so many levels below the root."""
    schema = TEXT
    for level in range(levels):
        schema = {"type": "array", "items": schema} if level % 2 else record(a=schema)
    return schema if levels % 2 else record(a=schema)


def test_depth_is_bounded():
    """Ten levels of properties and items are taken, eleven are not."""
    assert said(nested(9)) == []
    assert said(nested(11))[0].endswith("lies 11 levels deep; 10 are taken")


def test_sizes_are_bounded():
    """Properties, enum values, and the characters of names and values."""
    many = record(**{f"p{n}": TEXT for n in range(5001)})
    assert said(many) == ["$: 5,001 properties; 5,000 are taken"]
    values = record(a={"type": "integer", "enum": list(range(1001))})
    assert said(values) == ["$: 1,001 enum values; 1,000 are taken"]
    long = record(a={"type": "string", "const": "x" * 120_001})
    assert said(long) == ["$: 120,002 characters of names and values; 120,000 are taken"]
    wordy = record(a={"type": "string", "enum": [f"{n:060}" for n in range(251)]})
    assert said(wordy) == [
        "$.properties.a: an enum of 251 values may hold 15,000 characters; this one holds 15,060"
    ]
    assert said(record(a={"type": "string", "enum": [f"{n:060}" for n in range(250)]})) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "required",
                    "items",
                    "anyOf",
                    "$ref",
                    "$defs",
                    "enum",
                    "const",
                    "format",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "anyOf", "required", "enum", "items"]), JSON))
def test_no_schema_breaks_the_search(schema):
    """Whatever a user writes for a schema, the search ends with words."""
    assert all(fault.path.startswith("$") and fault.what for fault in strict_faults(schema, OPENAI))
