"""Checks a JSON value against a JSON Schema (2020-12): nothing is fetched, and no schema or value runs away.

Most schemas cost no more than their size times the answer's and are checked in place, in microseconds. One that
refers (`$ref`), asks for what is unevaluated, or needs a backtracking pattern can cost exponentially: it is
checked in a child process that ends at a deadline.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.text.quote import quote
from harness.text.validator import compile_schema, first_fault
from harness.text.validator_child import ValidatorChild

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_DEPTH = 64
MAX_SCHEMA_CHARACTERS = 1_000_000
_IN_PLACE_STEPS = 50_000_000
"""Schema nodes × characters of the value: about a second at worst."""
_PATTERN_STEPS = 1_000
"""What a pattern weighs beside other nodes: it runs over every character of a text."""

_PATTERNS = frozenset({"pattern", "patternProperties"})
_COSTLY = frozenset({"$ref", "$dynamicRef", "unevaluatedProperties", "unevaluatedItems"})


class JsonSchema(Mapping[str, Any]):
    """One schema, compiled; it reads as the mapping that it was made of."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile. Raises ValueError, in one line, for what is no usable schema."""
        self._schema = schema
        self._text = _written(schema)
        nodes = list(_nodes(schema))
        self._steps = len(nodes) + _PATTERN_STEPS * sum(node in _PATTERNS for node in nodes)
        self._validator = None if _COSTLY.intersection(nodes) else _in_place(self._text)
        self._child = None if self._validator else ValidatorChild(self._text)

    def __getitem__(self, key: str) -> Any:
        return self._schema[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._schema)

    def __len__(self) -> int:
        return len(self._schema)

    def fault(self, value: Any, characters: int) -> str | None:
        """Find the first thing that breaks the schema: `$.path: what`; None where the value is valid.

        `characters` is the length of the JSON that `value` was read from. Raises SchemaOverrun.
        """
        if self._validator is not None and self._steps * characters <= _IN_PLACE_STEPS:
            return first_fault(self._validator, value)
        if self._child is None:
            self._child = ValidatorChild(self._text)
        return self._child.fault(value)


def _in_place(text: str) -> Any:
    """Compile for this process; None where that fails, and the child is to say why or to do better."""
    try:
        return compile_schema(text)
    except ValueError:
        return None


def _written(schema: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(dict(schema), allow_nan=False)
    except RecursionError:
        raise ValueError(f"the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"the schema is not JSON: {error}") from None
    dialect = schema.get("$schema", DIALECT)
    if str(dialect).rstrip("#") != DIALECT:
        raise ValueError(f"$schema names {quote(dialect)}; what is understood is {DIALECT}")
    if len(text) > MAX_SCHEMA_CHARACTERS:
        raise ValueError(f"the schema is larger than {MAX_SCHEMA_CHARACTERS:,} characters")
    return text


def _nodes(schema: Any, depth: int = 0) -> Iterator[Any]:
    """Every key and every scalar of a schema; texts and keys as they stand. Raises ValueError for one too deep."""
    if depth > MAX_SCHEMA_DEPTH:
        raise ValueError(f"the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels")
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            yield key
            yield from _nodes(value, depth + 1)
    elif isinstance(schema, list | tuple):
        for value in schema:
            yield from _nodes(value, depth + 1)
    else:
        yield schema
