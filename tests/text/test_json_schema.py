"""A schema is compiled once, fetches nothing, and no schema and no value can run away."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from harness.text.json_schema import JsonSchema
from harness.text.validator import linear_pattern
from harness.text.validator_child import SchemaOverrun

LIMIT_S = 10.0
"""Well above the deadline of 2 s: the machine may be busy."""


def fault(schema: Mapping[str, Any], value: Any) -> str | None:
    """Check one value."""
    return JsonSchema(schema).fault(value, len(json.dumps(value)))


def doubling(levels: int) -> dict[str, Any]:
    """Every level refers to the next one twice."""
    defs: dict[str, Any] = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**defs, f"d{levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def unevaluated(levels: int) -> dict[str, Any]:
    """Every level evaluates the one below twice."""
    schema: dict[str, Any] = {"properties": {"a": True}}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": False}
    return schema


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (unevaluated(28), {"a": 1}),
        ({"pattern": "(?=(a+)+$)b"}, "a" * 300_000),
        ({"items": {"enum": [{"a": n} for n in range(40_000)]}}, [{"a": 0.5}] * 150_000),
    ],
    ids=["nested unevaluated", "look-ahead", "enum by array"],
)
def test_a_hostile_pair_ends(schema, value):
    """A check that would take hours ends soon: with a verdict, or without one, but never with a pass."""
    began = time.perf_counter()
    with suppress(SchemaOverrun):
        assert fault(schema, value) is not None
    assert time.perf_counter() - began < LIMIT_S


def test_a_schema_goes_on_after_a_check_that_had_to_be_ended():
    """The child that was ended is replaced, and later values get their verdicts."""
    schema = JsonSchema({"anyOf": [{"type": "integer"}, doubling(40)], "$defs": doubling(40)["$defs"]})
    with pytest.raises(SchemaOverrun, match="within 2 s"):
        schema.fault(None, 4)
    assert schema.fault(7, 1) is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#"}, 1),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, 1),
        ({"pattern": "^(a+)+$"}, "a" * 100_000 + "b"),
    ],
    ids=["refers to itself", "refers in a circle", "classic backtracking bomb"],
)
def test_a_circle_or_a_bomb_is_answered_at_once(schema, value):
    """What brings naive validators down has a verdict within moments."""
    began = time.perf_counter()
    fault(schema, value)
    assert time.perf_counter() - began < LIMIT_S / 2


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "http://example.com/other.json"}, "nothing is fetched"),
        ({"$ref": "file:///etc/hostname"}, "nothing is fetched"),
        ({"type": "nope"}, "$.type"),
        ({"properties": {"a": {"minLength": -1}}}, "$.properties.a.minLength: -1"),
        ({"pattern": "("}, "$.pattern"),
        ({"minimum": float("nan")}, "not JSON"),
        ({"const": {1, 2}}, "not JSON"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema names"),
        ({"description": "x" * 1_100_000}, "larger than"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_in_one_line(schema, says):
    """What is no schema, or is not complete by itself, is a ValueError that says where and what."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - what it says is looked at below
        JsonSchema(schema)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("levels", [65, 20_000])
def test_a_schema_that_is_too_deep_is_refused(levels):
    """Nesting is bounded before any recursion meets it."""
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    with pytest.raises(ValueError, match="deeper than 64"):
        JsonSchema(schema)


def test_the_fault_names_the_path_and_clips_the_value():
    """A fault is one short line: where, what was there, what was wanted."""
    schema = {"properties": {"items": {"items": {"properties": {"n": {"type": "integer"}}}}}}
    assert (
        fault(schema, {"items": [{"n": 1}, {"n": "one"}]}) == '$.items[1].n: "one" is not of type "integer"'
    )
    long = fault({"type": "integer"}, "x" * 10_000)
    assert long is not None
    assert len(long) < 120
    assert long.endswith('is not of type "integer"')


def test_the_compiled_schema_still_reads_as_the_mapping():
    """Compiling loses nothing of what was written."""
    schema = {"type": "object", "required": ["a"]}
    compiled = JsonSchema(schema)
    assert dict(compiled) == schema
    assert len(compiled) == 2


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", "((a{1,1000}){1,1000}){1,1000}", "\ud800"])
def test_a_pattern_of_another_kind_is_refused(pattern):
    """No pattern is taken whose time is not linear in the text."""
    with pytest.raises(ValueError, match="not a pattern of the linear kind"):
        linear_pattern(pattern)
