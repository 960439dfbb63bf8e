"""Calls of tools, read: as a model made them, as a file tells them, and as an evalset expects them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.text.answers import is_list
from harness.text.json_answer import read_json
from harness.text.quote import quote
from harness.text.tools import called_tool

_LEFT_OUT = ""
"""Among the leaderboard's acceptable values: the argument may be left out."""

_DEEP = 2
"""Objects inside each other: from here on the leaderboard lists no acceptable values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCall:
    """One call that a model made."""

    name: str
    arguments: Mapping[str, Any] | None
    """None where what the model wrote is not one JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What one argument may be, or one field of an object in it."""

    values: tuple[Any, ...]
    """The acceptable ones; an object in them is a mapping of name → Slot."""
    optional: bool = False
    """True where it may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCall:
    """One call that is expected."""

    name: str
    arguments: Mapping[str, Slot] | None
    """None where only the function is said: any will do."""


def made_calls(calls: Sequence[Mapping[str, Any]]) -> tuple[MadeCall, ...]:
    """Read the calls of a record. Arguments that are no JSON object are the model's own fault, and no error."""
    return tuple(MadeCall(name=call.name, arguments=_read(call.arguments)) for call in _calls(calls))


def told_calls(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Bring calls that a file tells into the one shape that is recorded.

    They are a list, one alone, or the JSON text of either: OpenAI's {function: {name, arguments}}, the same without
    its wrapping, Anthropic's {name, input}, or the leaderboard's {name: {argument: value}}. Null, "" and an empty
    list are no calls. Raises ValueError, in one line, for anything else.
    """
    if isinstance(value, str) and value.strip():
        answer = read_json(value)
        if answer.kind != "ok":
            raise ValueError(f"tool calls are JSON, not {quote(value, 40)} ({answer.detail})")
        value = answer.value
    return tuple(called_tool(call.name, call.arguments, call.id) for call in _calls(value))


def wanted_calls(expected: Any) -> tuple[WantedCall, ...]:
    """Read what an example expects: one call, or a list of them; an empty list where no call is right.

    Either the leaderboard's {name: {argument: [acceptable values]}}, or a form of `told_calls` that names its
    function by `name`, each argument then with one acceptable value. Raises ValueError, in one line, for all else.
    """
    return tuple(WantedCall(name=call.name, arguments=_wanted(call)) for call in _calls(expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call in whatever form."""

    name: str
    arguments: Any = None
    id: Any = None
    by_name: bool = False
    """True in the leaderboard's form, where the name is a key."""


def _calls(value: Any) -> Iterator[_Call]:
    if value is None or value == "":
        return
    for row in value if is_list(value) else (value,):
        yield from _spoken(row)


def _spoken(row: Any) -> Iterator[_Call]:
    held = row if isinstance(row, Mapping) else {}
    function = held.get("function")
    inner = function if isinstance(function, Mapping) and "name" in function else held
    if isinstance(inner.get("name"), str):
        yield _Call(
            name=inner["name"], arguments=inner.get("arguments", inner.get("input")), id=row.get("id")
        )
    elif held and all(isinstance(arguments, Mapping) for arguments in held.values()):
        for name, arguments in held.items():
            yield _Call(name=str(name), arguments=arguments, by_name=True)
    else:
        raise ValueError(f"a tool call is {{name, arguments}} or {{NAME: {{…}}}}, not {quote(row)}")


def _read(arguments: Any) -> Mapping[str, Any] | None:
    """The arguments as an object; None where they are none. A model that has none to give may write nothing."""
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    if isinstance(arguments, str):
        answer = read_json(arguments)
        arguments = answer.value if answer.kind == "ok" else None
    return arguments if isinstance(arguments, Mapping) else None


def _wanted(call: _Call) -> Mapping[str, Slot] | None:
    if call.arguments is None:
        return None
    arguments = _read(call.arguments)
    if arguments is None:
        raise ValueError(f"the arguments of '{call.name}' are no object: {quote(call.arguments, 40)}")
    if call.by_name:
        return {name: _slot(value, depth=0) for name, value in arguments.items()}
    return {name: _only(value) for name, value in arguments.items()}


def _slot(value: Any, *, depth: int) -> Slot:
    """A list holds the acceptable values; anything else is the only one.

    The leaderboard lists them for arguments and for the fields of an argument that is an object; what lies deeper it
    compares as it stands, so that a list there may be meant either way.
    """
    if not is_list(value):
        return Slot(values=(_pattern(value, depth=depth),))
    if not value and depth < _DEEP:
        raise ValueError("an argument has an empty list of acceptable values")
    listed = [_pattern(item, depth=depth) for item in value if item != _LEFT_OUT]
    whole = [_exactly(value)] if depth >= _DEEP else []
    return Slot(values=(*listed, *whole), optional=_LEFT_OUT in value)


def _pattern(value: Any, *, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _slot(item, depth=depth + 1) for name, item in value.items()}
    return [_pattern(item, depth=depth) for item in value] if is_list(value) else value


def _only(value: Any) -> Slot:
    return Slot(values=(_exactly(value),))


def _exactly(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _only(item) for name, item in value.items()}
    return [_exactly(item) for item in value] if is_list(value) else value
