"""Tool definitions as a file holds them: what is wrong with each, and where."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.files.answer_schema import schema_faults
from harness.files.rows.strict_json import JsonFault, Path, offset_of
from harness.text.quote import quote
from harness.text.tools import tool_parts


def tool_faults(tools: Any, text: str) -> Iterator[tuple[JsonFault, str]]:
    """Find what no vendor would take: (what and where, what to do next).

    Each definition has a known shape and a name of its own, and its parameters are the JSON Schema of an object.
    """
    rows: Sequence[tuple[Path, Any]] = [((), tools)]
    if isinstance(tools, list):
        rows = [((at,), tool) for at, tool in enumerate(tools)]
    names: set[str] = set()
    for at, tool in rows:
        if not isinstance(tool, dict):
            yield JsonFault("tool definitions are a list of mappings", offset_of(text, at)), ""
            continue
        try:
            name, _, parameters = tool_parts(tool)
        except ValueError as error:
            yield JsonFault(str(error), offset_of(text, at)), ""
            continue
        if name in names:
            hint = "a model could not tell them apart; give one another name"
            yield JsonFault(f"a second tool '{name}'", offset_of(text, at)), hint
        names.add(name)
        yield from _parameter_faults(name, parameters, text, _place(tool, parameters, at))


def _parameter_faults(
    name: str, parameters: Mapping[str, Any], text: str, at: Path
) -> Iterator[tuple[JsonFault, str]]:
    found = list(schema_faults(parameters, text, at))
    for fault, hint in found:
        yield JsonFault(f"the parameters of tool '{name}': {fault.what}", fault.at), hint
    if not found and parameters.get("type") != "object":
        what = f"the parameters of tool '{name}' are of type {quote(parameters.get('type'), 40)}"
        yield JsonFault(what, offset_of(text, at)), 'they are named: "type": "object"'


def _place(tool: Mapping[str, Any], parameters: Mapping[str, Any], at: Path) -> Path:
    """Where the parameters stand: beside the name, or where OpenAI's chat tools keep them, one level down."""
    holders: list[tuple[Path, Any]] = [(at, tool), ((*at, "function"), tool.get("function"))]
    places = [
        (*head, key)
        for head, held in holders
        if isinstance(held, dict)
        for key, value in held.items()
        if value is parameters
    ]
    return places[0] if places else at
