"""The whole body of one request: what the config asks, in the words of the Messages API."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.providers.anthropic.objections import DEFAULT_MAX_TOKENS, thinking_of
from harness.text.tools import ANSWER_TOOL, is_strict, tool_parts
from harness.types.call import Message, Request
from harness.types.experiment import ModelSpec, OutputMode

SAMPLING = ("temperature", "top_p", "top_k")
"""What the API took until its version of October 2026, and its SDK takes no more."""

_EPHEMERAL = {"type": "ephemeral"}
_BARE = ("$schema", "$id", "$comment")
"""Keys of a schema that constrain nothing; the vendor's list of what it takes has them not."""


def body_of(model: ModelSpec, request: Request, dropped: Sequence[str]) -> dict[str, Any]:
    """Write the body. A mapping in `extra` is laid into the one of the same name, anything else replaces it."""
    params = {key: value for key, value in model.params.items() if key not in dropped}
    body: dict[str, Any] = {
        "model": model.model,
        "max_tokens": params.pop("max_tokens", DEFAULT_MAX_TOKENS),
        "messages": _turns(request.messages),
    }
    system = [_text(m.content) for m in request.messages if m.role == "system" and m.content]
    if system:
        body["system"] = system
    body |= _tools(request)
    body |= _parameters(model, params, request.repeat)
    if request.output.mode == "json_schema":
        form = {"type": "json_schema", "schema": _schema(request.output.schema)}
        body["output_config"] = {**body.get("output_config", {}), "format": form}
    if model.prompt_cache:
        _mark_prefix(body)
    if model.stream:
        body["stream"] = True
    return {**body, **{key: _over(body.get(key), value) for key, value in model.extra.items()}}


def params_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent beside the messages; a schema and tools by what they are, not whole."""
    params = {key: value for key, value in body.items() if key not in ("messages", "system", "tools")}
    config = params.get("output_config")
    if isinstance(config, Mapping) and isinstance(config.get("format"), Mapping):
        params["output_config"] = {**config, "format": config["format"].get("type")}
    if "tools" in body:
        params["tools"] = len(body["tools"])
    return params


def mode_of(request: Request) -> OutputMode:
    """How the answer is really asked for: there is no json_object, so that one is left to the prompt."""
    return "prompt" if request.output.mode == "json_object" else request.output.mode


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """User and assistant by turns. What one says in a row becomes one turn of several blocks."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        if turns and turns[-1]["role"] == message.role:
            said = turns[-1]["content"]
            blocks = said if isinstance(said, list) else [_text(said)]
            turns[-1]["content"] = [*blocks, _text(message.content)]
        else:
            turns.append({"role": message.role, "content": message.content})
    return turns


def _parameters(model: ModelSpec, params: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    """The config's parameters in the API's words."""
    written = {key: value for key, value in params.items() if key not in ("stop", "reasoning_effort")}
    stop, effort = params.get("stop"), params.get("reasoning_effort")
    if stop is not None:
        written["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if "seed" in written:
        written["seed"] += repeat  # for servers that take one: repeats are independent samples
    if effort is not None:
        written["output_config"] = {"effort": effort}
        if thinking_of(model) == "adaptive":
            written["thinking"] = {"type": "adaptive"}
    return written


def _tools(request: Request) -> dict[str, Any]:
    """The variant's tools; mode `tool` sends one of its own instead, and makes the model call it."""
    if request.output.mode == "tool":
        answer = {"name": ANSWER_TOOL, "input_schema": _schema(request.output.schema)}
        choice = {"type": "tool", "name": ANSWER_TOOL, "disable_parallel_tool_use": True}
        return {"tools": [answer], "tool_choice": choice}
    return {"tools": [_tool(tool) for tool in request.tools]} if request.tools else {}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    name, description, parameters = tool_parts(tool)
    written: dict[str, Any] = {"name": name, "input_schema": _schema(parameters)}
    if description:
        written["description"] = description
    if is_strict(tool) is not None:
        written["strict"] = is_strict(tool)
    return written


def _schema(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (schema or {"type": "object"}).items() if key not in _BARE}


def _mark_prefix(body: dict[str, Any]) -> None:
    """Mark the end of what stays the same: tools stand before the system message, and both before the turns."""
    prefix = body.get("system") or body.get("tools")
    if prefix:
        prefix[-1] = {**prefix[-1], "cache_control": _EPHEMERAL}


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


def _over(ours: Any, given: Any) -> Any:
    return {**ours, **given} if isinstance(ours, Mapping) and isinstance(given, Mapping) else given
