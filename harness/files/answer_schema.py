"""The JSON Schema of the answer, read with the line of what is wrong in it; nothing outside of it is fetched."""

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
    """Read and compile one schema (2020-12); None where it has a fault, which is noted with its line.

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
        _compile(schema, text)
    except JsonFault as fault:
        faults.add(f"{shown(path)}:{strict_json.line_at(text, fault.at or 0)}", fault.what)
        return None
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    for place, meant in _misspelt(schema, ()):
        line = strict_json.line_at(text, strict_json.offset_of(text, place))
        faults.add(f"{shown(path)}:{line}", f"unknown keyword {quote(place[-1])}", f"did you mean '{meant}'?")
    return schema


def _compile(schema: Any, text: str) -> None:
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator(schema, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        place = error.instance_path
        what = clip(f"not a JSON Schema (2020-12): {json_path(place)}: {error.message}")
        near = nearest(str(error.instance), _TYPES) if place and place[-1] == "type" else None
        hint = f"; did you mean '{near}'?" if near else ""
        raise JsonFault(f"{what}{hint}", _offset(text, place, error.message)) from None


def _offset(text: str, place: Sequence[str | int], message: str) -> int:
    """Where the fault stands; a reference that leads nowhere has no place but its own words."""
    words = re.search(r"'([^']+)'", message)
    if place or words is None:
        return strict_json.offset_of(text, place)
    return max(0, text.find(words[1]))


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
