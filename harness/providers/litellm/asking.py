"""A request in litellm's words, and what of it was really sent."""

import json
from collections.abc import Mapping
from typing import Any

from harness.text.tools import ANSWER_TOOL, is_strict, tool_parts
from harness.types.call import Request
from harness.types.experiment import ModelSpec, OutputMode, OutputSpec

_FORMS = (
    b'"response_format"',
    b'"output_format"',
    b'"output_config"',
    b'"responseSchema"',
    b'"response_schema"',
    b'"responseJsonSchema"',
    b'"response_json_schema"',
    b'"responseMimeType"',
    b'"response_mime_type"',
    b'"outputConfig"',
    b'"format"',
)
"""How vendors call the key that asks for JSON."""
_FORCED = (b'"tool_choice"', b'"toolChoice"', b'"toolConfig"', b'"tool_config"', b'"function_call"')
_CONTENT = frozenset(
    {"messages", "system", "contents", "systemInstruction", "system_instruction", "prompt", "input"}
    | {"texts", "query", "queries", "documents", "passages", "requests", "inputs"}
)
_SCHEMAS = frozenset({"schema", "json_schema", "responseSchema", "response_schema", "responseJsonSchema"})
_MARKED = ("anthropic", "bedrock", "vertex_ai", "azure_ai", "databricks", "openrouter")
"""Vendors that serve Claude, whose prompt cache wants its prefix marked."""


def arguments(model: ModelSpec, request: Request, vendor: str, left_out: frozenset[str]) -> dict[str, Any]:
    """What `acompletion` is given, but for keys, addresses and switches."""
    params = {key: value for key, value in model.params.items() if key not in left_out}
    if "seed" in params:
        params["seed"] += request.repeat  # repeats are independent samples, and each can be had again
    asked: dict[str, Any] = {"messages": _messages(model, request, vendor), **params, **form(request.output)}
    if request.tools:
        asked["tools"] = [tool(one) for one in request.tools]
    if model.stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return {**asked, **{key: value for key, value in model.extra.items() if f"extra.{key}" not in left_out}}


def form(output: OutputSpec) -> dict[str, Any]:
    """What asks for the output mode. Mode `tool` sends one function, and makes the model call it."""
    schema = dict(output.schema or {})
    if output.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    if output.mode == "json_schema":
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if output.mode == "tool":
        function = {"name": ANSWER_TOOL, "parameters": schema}
        # Named, it would not reach every vendor: litellm leaves a named choice out for Mistral.
        return {"tools": [{"type": "function", "function": function}], "tool_choice": "required"}
    return {}


def tool(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as OpenAI words it, which litellm translates."""
    name, description, parameters = tool_parts(definition)
    function: dict[str, Any] = {"name": name, "description": description, "parameters": dict(parameters)}
    strict = is_strict(definition)
    return {"type": "function", "function": function if strict is None else {**function, "strict": strict}}


def really_asked(asked: OutputMode, sent: bytes) -> OutputMode:
    """How the body that was sent asks for the answer: litellm makes a tool of a schema for some, nothing for others."""
    if asked == "prompt":
        return "prompt"
    if asked != "tool" and any(word in sent for word in _FORMS):
        return asked
    return "tool" if any(word in sent for word in _FORCED) else "prompt"


def params_sent(sent: bytes) -> dict[str, Any]:
    """What was sent beside the messages; a schema and tools by what they are, not whole."""
    try:
        body = json.loads(sent)
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    params = {key: _short(key, value) for key, value in body.items() if key not in _CONTENT}
    if isinstance(body.get("tools"), list):
        params["tools"] = len(body["tools"])
    return params


def _short(key: str, value: Any) -> Any:
    if key in _SCHEMAS and isinstance(value, dict):
        return "…"
    return {name: _short(name, one) for name, one in value.items()} if isinstance(value, dict) else value


def marks_prefix(model: ModelSpec, vendor: str) -> bool:
    """True for a Claude whose prompt cache is told by a mark what to keep."""
    return vendor in _MARKED and "claude" in model.model


def _messages(model: ModelSpec, request: Request, vendor: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
    if model.prompt_cache and marks_prefix(model, vendor):
        for message in messages:
            if message["role"] == "system":
                marked = {"type": "text", "text": message["content"], "cache_control": {"type": "ephemeral"}}
                message["content"] = [marked]
    return messages
