"""What Claude's structured outputs cannot take is found, each thing at its place, and nothing else is."""

import copy

import pytest

from harness.text.claude_schema import FORMATS, MOST_OPTIONAL, MOST_UNIONS, claude_faults

TAKEN = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Answer",
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", 1, True, None], "description": "which"},
        "fixed": {"const": "x"},
        "when": {"type": "string", "format": "date-time"},
        "code": {"type": "string", "pattern": "^[A-Z]{2,4}$", "default": "AB"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "maybe": {"type": ["number", "null"]},
        "either": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/part"}]},
        "both": {"allOf": [{"type": "string"}]},
        "again": {"$ref": "#/$defs/part"},
    },
    "required": ["kind"],
    "additionalProperties": False,
    "$defs": {
        "part": {
            "type": "object",
            "properties": {"leaf": {"$ref": "#/$defs/leaf"}},
            "additionalProperties": False,
        },
        "leaf": {"type": "boolean"},
    },
}


def with_property(schema):
    """An object whose one property has that schema."""
    return {"type": "object", "properties": {"p": schema}, "required": ["p"], "additionalProperties": False}


def told(schema):
    """The faults, as `path: what`."""
    return [f"{fault.path}: {fault.what}" for fault in claude_faults(schema)]


def test_what_is_taken_passes():
    """All that the vendor lists, and the schema is left as it was."""
    before = copy.deepcopy(TAKEN)
    assert told(TAKEN) == []
    assert before == TAKEN
    assert all(told(with_property({"type": "string", "format": form})) == [] for form in FORMATS)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "integer", "minimum": 1}, "'minimum' is not taken"),
        ({"type": "string", "maxLength": 5}, "'maxLength' is not taken"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "'maxItems' is not taken"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "minItems may be 0 or 1, not 2"),
        ({"oneOf": [{"type": "string"}]}, "'oneOf' is not taken"),
        ({"type": "string", "not": {"const": "x"}}, "'not' is not taken"),
        ({"type": "string", "format": "uri-reference"}, 'format "uri-reference" is not taken'),
        ({"type": "string", "pattern": "a(?=b)"}, "a pattern may not look around"),
        ({"type": "string", "pattern": r"(a)\1"}, "a pattern may not look around"),
        ({"type": "string", "pattern": r"\bword"}, "a pattern may not look around"),
        ({"enum": ["a", {"b": 1}]}, "an enum may hold"),
        ({"allOf": [{"$ref": "#/properties/q"}]}, "allOf may hold no $ref"),
        ({"$ref": "https://elsewhere.example/x.json"}, "points out of the schema"),
        ({"type": "object", "properties": {}}, "additionalProperties must be false"),
        ({"type": ["object", "null"], "additionalProperties": True}, "additionalProperties must be false"),
        ({}, "has no type"),
        ({"description": "anything"}, "has no type"),
        (True, "true is not an object with a type"),
    ],
)
def test_what_is_not_taken_is_told_at_its_place(schema, says):
    """One fault, at the property."""
    (line,) = told(with_property(schema))
    assert line.startswith("$.properties.p: ")
    assert says in line


def test_every_fault_is_told_at_once():
    """Deep ones too, in the order in which they stand."""
    schema = with_property(
        {"type": "array", "items": {"type": "object", "properties": {"x": {"minimum": 1}}}}
    )
    assert told(schema) == [
        "$.properties.p.items: additionalProperties must be false",
        "$.properties.p.items.properties.x: 'minimum' is not taken",
        "$.properties.p.items.properties.x: has no type",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        with_property({"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        {
            **with_property({"$ref": "#/$defs/a"}),
            "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
        },
        {
            **with_property({"$ref": "#/$defs/a"}),
            "$defs": {
                "a": {"type": "array", "items": {"$ref": "#/$defs/b"}},
                "b": {"type": "array", "items": {"$ref": "#/$defs/a"}},
            },
        },
        {
            **with_property({"$ref": "#/$defs/x~1y"}),
            "$defs": {"x/y": {"type": "array", "items": {"$ref": "#/$defs/x~1y"}}},
        },
    ],
)
def test_recursion_is_told_where_it_closes(schema):
    """Direct, by way of another, to the root, and under a name that has to be escaped."""
    lines = told(schema)
    assert lines
    assert all("makes the schema recursive" in line for line in lines)


def test_a_schema_may_be_used_twice():
    """Two references to one definition are no circle."""
    schema = with_property({"$ref": "#/$defs/a"})
    schema["properties"]["q"] = {"$ref": "#/$defs/a"}
    assert told({**schema, "$defs": {"a": {"type": "string"}}}) == []


def test_sizes_have_bounds():
    """So many properties that are not required, so many places with several types."""
    many = {f"p{n}": {"type": "string"} for n in range(MOST_OPTIONAL + 1)}
    schema = {"type": "object", "properties": many, "required": ["p0"], "additionalProperties": False}
    assert told(schema) == []
    assert told({**schema, "required": []}) == [
        f"$: {MOST_OPTIONAL + 1} properties are not required; {MOST_OPTIONAL} may be"
    ]
    unions = {f"p{n}": {"type": ["string", "null"]} for n in range(MOST_UNIONS + 1)}
    schema = {**schema, "properties": unions, "required": list(unions)}
    assert told(schema) == [f"$: {MOST_UNIONS + 1} places have several types; {MOST_UNIONS} may have"]


@pytest.mark.parametrize(
    "schema", [{}, {"properties": 3, "$defs": [], "anyOf": 3}, {"type": "object", "required": 3}]
)
def test_a_schema_that_is_none_breaks_nothing(schema):
    """Whatever stands in a keyword's place."""
    assert claude_faults(schema) is not None
