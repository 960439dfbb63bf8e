"""JSON Schemas as files hold them, with the line of what is wrong in them; nothing outside of them is fetched."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from harness.files.rows import strict_json
from harness.files.rows.faults import DataFaults, shown
from harness.files.rows.strict_json import JsonFault
from harness.files.rows.text_lines import read_text
from harness.registry import nearest
from harness.text.quote import clip, quote
from harness.text.validator import json_path

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_PYTHON_TYPES = {"dict": "object", "float": "number", "int": "integer", "list": "array", "tuple": "array"}
_WORD = re.compile(r"\S+")
_ONE = frozenset(
    _WORD.findall("""
        additionalProperties contains contentSchema else if items not propertyNames then unevaluatedItems
        unevaluatedProperties
    """)
)
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_PLAIN = frozenset(
    _WORD.findall("""
        $anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary const contentEncoding
        contentMediaType default dependentRequired deprecated description enum examples exclusiveMaximum
        exclusiveMinimum format maxContains maxItems maxLength maxProperties maximum minContains minItems
        minLength minProperties minimum multipleOf pattern readOnly required title type uniqueItems writeOnly
    """)
)
_KEYWORDS = _ONE | _LISTS | _NAMED | _PLAIN
_FOREIGN = frozenset({"example", "id", "dependencies"})
"""Words of other drafts and of OpenAPI, which are no slip of the pen."""


def read_schema(path: str, faults: DataFaults) -> Mapping[str, Any] | None:
    """Read and compile one schema (2020-12); None where it has a fault, each noted with its line.

    A schema that is `true` or `false` is given as the object that means the same. A keyword that nobody knows is
    allowed by the standard, and checks nothing: one that is nearly a known one is a fault.
    """
    text = read_text(path, faults)
    if text is None:
        return None
    try:
        schema = strict_json.parse(text)
        if not isinstance(schema, dict | bool):
            raise JsonFault(f"a JSON Schema is an object, not {quote(schema, 40)}", 0)
    except JsonFault as torn:
        faults.add(f"{shown(path)}:{strict_json.line_at(text, torn.at or 0)}", torn.what)
        return None
    found = list(schema_faults(schema, text))
    for fault, hint in found:
        faults.add(f"{shown(path)}:{strict_json.line_at(text, fault.at or 0)}", fault.what, hint)
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    return None if found else schema


def schema_faults(schema: Any, text: str, at: strict_json.Path = ()) -> Iterator[tuple[JsonFault, str]]:
    """Find what is wrong with the schema that stands at a place in a JSON text: (what and where, what to do next).

    One that cannot be compiled has one fault; one that can, a fault for each misspelt keyword.
    """
    try:
        _compile(schema, text, at)
    except JsonFault as fault:
        yield fault, ""
        return
    for place, meant in _misspelt(schema, at):
        what = f"unknown keyword {quote(place[-1])}"
        yield JsonFault(what, strict_json.offset_of(text, place)), f"did you mean '{meant}'?"


def _compile(schema: Any, text: str, at: strict_json.Path) -> None:
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator(schema, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        place = error.instance_path
        what = clip(f"not a JSON Schema (2020-12): {json_path(place)}: {error.message}")
        word = str(error.instance)
        near = _PYTHON_TYPES.get(word) or nearest(word, _TYPES) if place and place[-1] == "type" else None
        hint = f"; did you mean '{near}'?" if near else ""
        raise JsonFault(f"{what}{hint}", _offset(text, (at, place), error.message)) from None


def _offset(text: str, places: tuple[strict_json.Path, Sequence[str | int]], message: str) -> int:
    """Where the fault stands; a reference that leads nowhere has no place but its own words."""
    at, place = places
    words = re.search(r"'([^']+)'", message)
    if place or words is None:
        return strict_json.offset_of(text, (*at, *place))
    start = strict_json.offset_of(text, at)
    return max(start, text.find(words[1], start))


def _misspelt(schema: Any, at: strict_json.Path) -> Iterator[tuple[strict_json.Path, str]]:
    """Walk the schemas inside a schema: (path, the keyword that was meant) of each slip."""
    if not isinstance(schema, dict):
        return
    for word, value in schema.items():
        if word in _ONE:
            yield from _misspelt(value, (*at, word))
        elif word in _LISTS or word in _NAMED:
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            for step, one in inner:
                yield from _misspelt(one, (*at, word, step))
        elif word not in _KEYWORDS | _FOREIGN:
            near = difflib.get_close_matches(word, _KEYWORDS, n=1, cutoff=0.8)
            if near:
                yield (*at, word), near[0]


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not part of the schema, and nothing is fetched")
