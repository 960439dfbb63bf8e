"""Tools in the shapes that people define them in, and their calls in the one shape that is recorded."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.text.quote import quote

ANSWER_TOOL = "answer"
"""The one function that a model must call in output mode `tool`: its parameters are the answer's schema."""

_SCHEMA_KEYS = ("parameters", "input_schema", "inputSchema")


def tool_parts(tool: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """Take a definition apart: (name, description, JSON Schema of the parameters).

    It is an OpenAI tool ({type: function, function: {…}}), a bare function ({name, description, parameters}), or one
    of Anthropic's or MCP's ({name, description, input_schema} or inputSchema). No description is "", no parameters
    are an object of none. Raises ValueError, in one line, for anything else.
    """
    function = _function(tool)
    name, description = function.get("name"), function.get("description") or ""
    _hold(isinstance(name, str) and name, lambda: f"a tool needs a name, and {quote(tool)} has none")
    _hold(isinstance(description, str), lambda: f"the description of tool '{name}' is not text")
    given = [key for key in _SCHEMA_KEYS if function.get(key) is not None]
    _hold(len(given) < 2, lambda: f"tool '{name}' gives its parameters twice: {', '.join(given)}")
    parameters = function[given[0]] if given else {"type": "object", "properties": {}}
    _hold(isinstance(parameters, Mapping), lambda: f"the parameters of tool '{name}' are not a JSON Schema")
    return str(name), description, parameters


def is_strict(tool: Mapping[str, Any]) -> bool | None:
    """What the definition says of `strict` (the vendor holds the arguments to the schema); None where it is silent."""
    strict = _function(tool).get("strict", tool.get("strict"))
    return strict if isinstance(strict, bool) else None


def called_tool(name: Any, arguments: Any, call_id: Any = None) -> dict[str, Any]:
    """Write one call as it is recorded: {id, type: "function", function: {name, arguments}}; id may be None.

    `arguments` is the model's own text, kept as it stands, or a mapping, written as JSON; none is "".
    Raises ValueError for a call that names no function, or whose arguments are neither.
    """
    _hold(isinstance(name, str) and name, lambda: f"a tool call names no function: {quote(name)}")
    if isinstance(arguments, Mapping):
        arguments = json.dumps(arguments, ensure_ascii=False)
    _hold(
        isinstance(arguments, str | None),
        lambda: f"the arguments of a call of '{name}' are {quote(arguments)}",
    )
    held = call_id if isinstance(call_id, str) else None
    return {"id": held, "type": "function", "function": {"name": name, "arguments": arguments or ""}}


def _function(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that holds the name: OpenAI's chat tools keep it one level down."""
    _hold(isinstance(tool, Mapping), lambda: f"a tool is a mapping with a name, not {quote(tool)}")
    kind = tool.get("type", "function")
    vendors = kind not in ("function", "custom") or (kind == "custom" and "custom" in tool)
    _hold(not vendors, lambda: f"a tool is a function; {quote(kind)} is the vendor's own")
    function: Mapping[str, Any] = tool.get("function", tool)
    _hold(
        isinstance(function, Mapping), lambda: f"the function of a tool is a mapping, not {quote(function)}"
    )
    return function


def _hold(fact: Any, otherwise: Callable[[], str]) -> None:
    if not fact:
        raise ValueError(otherwise())
