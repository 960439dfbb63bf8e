"""The one place that speaks to the JSON Schema validator: 2020-12, nothing fetched, faults in one line."""

import functools
import json
from typing import Any, NoReturn

from harness.text.quote import clip, quote

_PROGRAM_BYTES = 1_000_000
"""A pattern's compiled size; `(a{1,1000}){1,1000}` is refused, whatever a person writes is not."""

_BACKTRACKS = 1_000_000
_VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the value in the validator's sentences, which would write out all of it."""


def compile_schema(text: str, *, backtracking: bool = False) -> Any:
    """Compile the schema that `text` spells.

    Patterns run in time linear in the text; with `backtracking` they may also look around and refer back.
    Raises ValueError, in one line, for what is no schema, for a reference to anywhere outside of it, and for a
    pattern that the engine does not take.
    """
    import jsonschema_rs

    options: Any = jsonschema_rs.RegexOptions(size_limit=_PROGRAM_BYTES)
    if backtracking:
        options = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS, size_limit=_PROGRAM_BYTES)
    try:
        return jsonschema_rs.Draft202012Validator(
            json.loads(text), retriever=_refuse, pattern_options=options, mask=_VALUE
        )
    except jsonschema_rs.ValidationError as error:
        raise ValueError(f"not a JSON Schema (2020-12): {_sentence(error)}") from None


def first_fault(validator: Any, value: Any) -> str | None:
    """Run a compiled schema over one value: `$.path: what`; None where it is valid."""
    import jsonschema_rs

    try:
        # The first error only: to collect all of a large answer takes seconds.
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return _sentence(error)
    return None


@functools.lru_cache(maxsize=1024)
def linear_pattern(pattern: str) -> Any:
    """Compile one ECMA 262 pattern for an engine whose time is linear in the text.

    Returns a validator: `is_valid(text)` is true where the pattern is found anywhere in the text.
    Raises ValueError for what is no pattern, or needs look-around or back-references.
    """
    try:
        return compile_schema(json.dumps({"pattern": pattern}))
    except ValueError:
        raise ValueError(
            f"{clip(json.dumps(pattern), 80)} is not a pattern of the linear kind "
            "(ECMA 262 without look-around and back-references)"
        ) from None


def json_path(steps: list[str | int]) -> str:
    """Write a path as `$.items[2].name`."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _sentence(error: Any) -> str:
    said = error.message.replace(_VALUE, quote(error.instance, 60))
    return clip(f"{json_path(error.instance_path)}: {said}")


def _refuse(uri: str) -> NoReturn:
    """Stand where the network and the disk would be: a schema is complete by itself."""
    raise ValueError(f"{uri} is not part of the schema, and nothing is fetched")
