"""What Claude's structured outputs cannot take of a JSON Schema, and where it stands in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.text.quote import quote
from harness.text.strict_schema import SchemaFault

MOST_OPTIONAL = 24
MOST_UNIONS = 16
"""Properties of one request that are not required, and schemas with `anyOf` or several types."""

FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_REFUSED = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength"),
        *("maxItems", "uniqueItems", "prefixItems", "contains", "minContains", "maxContains"),
        *("minProperties", "maxProperties", "patternProperties", "propertyNames"),
        *("dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems"),
        *("oneOf", "not", "if", "then", "else", "$dynamicRef"),
    }
)
_NAMED_CHILDREN = ("properties", "$defs", "definitions")
_LISTED_CHILDREN = ("anyOf", "allOf")
_SHAPES = ("type", "enum", "const", "$ref", "oneOf", *_LISTED_CHILDREN)
_COSTLY_PATTERN = re.compile(r"\(\?[=!<]|\\[1-9bB]")
"""Look-around, back-references and word boundaries."""
_LEAVE_OUT = "leave it out: answers are checked anyway"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One subschema: its place for a person, and as the JSON pointer that a `$ref` would use."""

    path: str
    pointer: str
    schema: Any


def claude_faults(schema: Mapping[str, Any]) -> list[SchemaFault]:
    """Find everything that is not taken, in the order in which it stands; nothing is changed or fetched.

    After the vendor's page on structured outputs and what its SDK (2.11) takes out of a schema before it sends it.
    """
    nodes = list(_nodes(_Node(path="$", pointer="#", schema=schema)))
    faults = [fault for node in nodes for fault in _of_node(node)]
    return [*faults, *_recursion(nodes), *_sizes(nodes)]


def _nodes(node: _Node) -> Iterator[_Node]:
    """Every subschema, itself first. A keyword that is refused anyway is not entered."""
    yield node
    if not isinstance(node.schema, Mapping):
        return
    children: list[tuple[str, str, Any]] = []
    for key in _NAMED_CHILDREN:
        named = _mapping(node.schema.get(key))
        children += [(f".{key}.{name}", f"/{key}/{_escaped(name)}", child) for name, child in named.items()]
    for key in _LISTED_CHILDREN:
        listed = _listed(node.schema.get(key))
        children += [(f".{key}[{n}]", f"/{key}/{n}", child) for n, child in enumerate(listed)]
    if "items" in node.schema:
        children.append((".items", "/items", node.schema["items"]))
    for path, pointer, child in children:
        yield from _nodes(_Node(path=node.path + path, pointer=node.pointer + pointer, schema=child))


def _of_node(node: _Node) -> Iterator[SchemaFault]:
    schema, path = node.schema, node.path
    if not isinstance(schema, Mapping):
        yield SchemaFault(path=path, what=f"{quote(schema)} is not an object with a type")
        return
    for key in schema:
        if key in _REFUSED:
            hint = "write anyOf" if key == "oneOf" else _LEAVE_OUT
            yield SchemaFault(path=path, what=f"'{key}' is not taken", next=hint)
    if not any(key in schema for key in _SHAPES):
        yield SchemaFault(path=path, what="has no type")
    if "object" in _types(schema) and schema.get("additionalProperties") is not False:
        yield SchemaFault(path=path, what="additionalProperties must be false")
    yield from _values(node)


def _values(node: _Node) -> Iterator[SchemaFault]:
    schema, path = node.schema, node.path
    least, form, pattern = schema.get("minItems"), schema.get("format"), schema.get("pattern")
    if least is not None and least not in (0, 1):
        yield SchemaFault(path=path, what=f"minItems may be 0 or 1, not {quote(least)}", next=_LEAVE_OUT)
    if form is not None and form not in FORMATS:
        taken = f"taken: {', '.join(sorted(FORMATS))}"
        yield SchemaFault(path=path, what=f"format {quote(form)} is not taken", next=taken)
    if isinstance(pattern, str) and _COSTLY_PATTERN.search(pattern):
        what = "a pattern may not look around, refer back or ask for word boundaries"
        yield SchemaFault(path=path, what=what, next=_LEAVE_OUT)
    if any(isinstance(value, Mapping | list) for value in _listed(schema.get("enum"))):
        yield SchemaFault(path=path, what="an enum may hold texts, numbers, booleans and null only")
    if any("$ref" in _mapping(part) for part in _listed(schema.get("allOf"))):
        yield SchemaFault(path=path, what="allOf may hold no $ref")
    target = schema.get("$ref")
    if target is not None and not str(target).startswith("#"):
        yield SchemaFault(path=path, what=f"$ref {quote(target)} points out of the schema")


def _recursion(nodes: list[_Node]) -> Iterator[SchemaFault]:
    """Every `$ref` that leads back to a schema that it stands in itself."""
    refs = [(node, str(node.schema["$ref"])) for node in nodes if "$ref" in _mapping(node.schema)]
    for node, target in refs:
        reached, seen = [target], {target}
        while reached:
            place = reached.pop()
            onward = {to for inner, to in refs if _lies_in(inner.pointer, place)} - seen
            seen |= onward
            reached += onward
        if any(_lies_in(node.pointer, place) for place in seen):
            yield SchemaFault(path=node.path, what=f"$ref {quote(target)} makes the schema recursive")


def _sizes(nodes: list[_Node]) -> Iterator[SchemaFault]:
    schemas = [_mapping(node.schema) for node in nodes]
    optional = sum(len(set(_mapping(s.get("properties"))) - _texts(s.get("required"))) for s in schemas)
    unions = sum("anyOf" in schema or len(_types(schema)) > 1 for schema in schemas)
    if optional > MOST_OPTIONAL:
        what = f"{optional} properties are not required; {MOST_OPTIONAL} may be"
        yield SchemaFault(path="$", what=what, next="require them")
    if unions > MOST_UNIONS:
        yield SchemaFault(path="$", what=f"{unions} places have several types; {MOST_UNIONS} may have")


def _lies_in(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _types(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    kind = schema.get("type")
    return (kind,) if isinstance(kind, str) else tuple(_listed(kind))


def _texts(value: Any) -> set[str]:
    return {text for text in _listed(value) if isinstance(text, str)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
