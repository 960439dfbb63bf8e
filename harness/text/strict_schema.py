"""What a vendor's strict output mode cannot take of a JSON Schema, and where it stands in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.text.quote import quote

_NAMED_CHILDREN = ("properties", "$defs", "definitions")
_LISTED_CHILDREN = ("anyOf", "prefixItems")
_COMBINING = ("allOf", "oneOf")
"""Refused by name already; what they hold may give the type."""
_LONG_ENUM = 250
"""A list of more texts than that has a bound of its own on their length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """What one strict mode takes. A bound of None is not known."""

    refused: frozenset[str]
    """Keywords that may stand nowhere."""
    formats: frozenset[str] | None = None
    """Values of `format`; None: any."""
    most_properties: int | None = None
    most_levels: int | None = None
    most_enum_values: int | None = None
    most_characters: int | None = None
    """Of all names of properties and definitions, and of all enum and const values together."""
    most_enum_characters: int | None = None
    """Of one long enum."""


OPENAI = Subset(
    refused=frozenset(
        {
            *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
            *(
                "patternProperties",
                "propertyNames",
                "minProperties",
                "maxProperties",
                "unevaluatedProperties",
            ),
            *("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems"),
            *("minLength", "maxLength", "default"),
        }
    ),
    formats=frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}),
    most_properties=5_000,
    most_levels=10,
    most_enum_values=1_000,
    most_characters=120_000,
    most_enum_characters=15_000,
)
"""OpenAI's, from its guide to structured outputs (February 2026) and the errors that its API answers with."""

OPENAI_FINE_TUNED = replace(
    OPENAI,
    refused=OPENAI.refused
    | {"pattern", "format", "minimum", "maximum", "multipleOf", "minItems", "maxItems"},
    formats=None,
)
"""The same guide: what fine-tuned models take less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFault:
    """One thing that the mode will not take."""

    path: str
    """Where it stands in the schema: `$.properties.address`."""
    what: str
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One subschema, and how deep it lies."""

    path: str
    schema: Any
    level: int
    """Properties and items above it."""


def strict_faults(schema: Mapping[str, Any], subset: Subset) -> list[SchemaFault]:
    """Find everything that `subset` cannot take, in the order in which it stands; nothing is followed or changed."""
    nodes = list(_nodes(_Node(path="$", schema=schema, level=0)))
    faults = list(_root(schema))
    for node in nodes:
        faults += _of_node(node, subset)
    return [*faults, *_sizes(nodes, subset)]


def _nodes(node: _Node) -> Iterator[_Node]:
    """Every subschema, itself first. A keyword that is refused anyway is not entered."""
    yield node
    if not isinstance(node.schema, Mapping):
        return
    for key in _NAMED_CHILDREN:
        below = node.level + (key == "properties")
        for name, child in _mapping(node.schema.get(key)).items():
            yield from _nodes(_Node(path=f"{node.path}.{key}.{name}", schema=child, level=below))
    for key in _LISTED_CHILDREN:
        children = node.schema.get(key)
        below = node.level + (key == "prefixItems")
        for n, child in enumerate(children if isinstance(children, list | tuple) else ()):
            yield from _nodes(_Node(path=f"{node.path}.{key}[{n}]", schema=child, level=below))
    if "items" in node.schema:
        yield from _nodes(_Node(path=f"{node.path}.items", schema=node.schema["items"], level=node.level + 1))


def _root(schema: Mapping[str, Any]) -> Iterator[SchemaFault]:
    if "anyOf" in schema:
        yield SchemaFault(path="$", what="the root may not be anyOf", next="put it into a property")
    elif schema.get("type") != "object" and "$ref" not in schema:
        yield SchemaFault(path="$", what="the root must be an object", next="put the answer into a property")


def _of_node(node: _Node, subset: Subset) -> Iterator[SchemaFault]:
    schema = node.schema
    if not isinstance(schema, Mapping):
        yield SchemaFault(path=node.path, what=f"{quote(schema)} is not an object with a type")
        return
    for key in schema:
        if key in subset.refused:
            yield SchemaFault(
                path=node.path, what=f"'{key}' is not taken", next="leave it out: answers are checked anyway"
            )
    if "$ref" in schema:
        beside = [key for key in schema if key not in ("$ref", *_NAMED_CHILDREN)]
        if beside and node.path != "$":
            yield SchemaFault(path=node.path, what=f"nothing may stand beside $ref ({', '.join(beside)})")
        return
    yield from _typed(node, subset)
    if "object" in _types(schema):
        yield from _object(node)


def _typed(node: _Node, subset: Subset) -> Iterator[SchemaFault]:
    schema = node.schema
    if node.path != "$" and not any(key in schema for key in ("type", "anyOf", "enum", *_COMBINING)):
        yield SchemaFault(path=node.path, what="has no type")
    if "array" in _types(schema) and not ("items" in schema or "prefixItems" in schema):
        yield SchemaFault(path=node.path, what="an array must say what its items are")
    form = schema.get("format")
    if form is not None and subset.formats is not None and str(form) not in subset.formats:
        taken = ", ".join(sorted(subset.formats))
        yield SchemaFault(path=node.path, what=f"format {quote(form)} is not taken", next=f"taken: {taken}")


def _object(node: _Node) -> Iterator[SchemaFault]:
    schema = node.schema
    if schema.get("additionalProperties") is not False:
        yield SchemaFault(path=node.path, what="additionalProperties must be false")
    properties = _mapping(schema.get("properties"))
    required = schema.get("required")
    required = required if isinstance(required, list | tuple) else ()
    optional = [name for name in properties if name not in required]
    if optional:
        yield SchemaFault(
            path=node.path,
            what=f"every property must be required, and {_few(optional)} {_be(optional)} not",
            next='require it; an optional one may be null instead: type: [string, "null"]',
        )
    unknown = [str(name) for name in required if str(name) not in properties]
    if unknown:
        yield SchemaFault(path=node.path, what=f"requires {_few(unknown)}, which {_be(unknown)} no property")


def _sizes(nodes: list[_Node], subset: Subset) -> Iterator[SchemaFault]:
    mappings = [node for node in nodes if isinstance(node.schema, Mapping)]
    deepest = max(nodes, key=lambda node: node.level)
    if subset.most_levels is not None and deepest.level > subset.most_levels:
        yield SchemaFault(
            path=deepest.path, what=f"lies {deepest.level} levels deep; {subset.most_levels} are taken"
        )
    enums = [(node.path, _listed(node.schema.get("enum"))) for node in mappings]
    names = [name for node in mappings for key in _NAMED_CHILDREN for name in _mapping(node.schema.get(key))]
    consts = [node.schema["const"] for node in mappings if "const" in node.schema]
    values = [value for _, enum in enums for value in enum]
    counts = (
        (
            "properties",
            sum(len(_mapping(n.schema.get("properties"))) for n in mappings),
            subset.most_properties,
        ),
        ("enum values", len(values), subset.most_enum_values),
        ("characters of names and values", _characters([*names, *values, *consts]), subset.most_characters),
    )
    for word, count, most in counts:
        if most is not None and count > most:
            yield SchemaFault(path="$", what=f"{count:,} {word}; {most:,} are taken")
    for path, enum in enums:
        long = _characters(enum) if len(enum) > _LONG_ENUM else 0
        if subset.most_enum_characters is not None and long > subset.most_enum_characters:
            what = f"an enum of {len(enum)} values may hold {subset.most_enum_characters:,} characters"
            yield SchemaFault(path=path, what=f"{what}; this one holds {long:,}")


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    kind = schema.get("type")
    return (kind,) if isinstance(kind, str) else tuple(_listed(kind))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _characters(values: list[Any]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _be(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"
