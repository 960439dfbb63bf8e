"""The Anthropic shapes: messages whole and streamed, errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from harness.reference.ask import Answer, Ask, Refusal, Tool, Turn, Usage
from harness.reference.checks import joined, model_of, needed, number, strings, taken, whole, wrong

FINISH: Mapping[str, str] = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}


def ask_of(body: Mapping[str, Any], *, slip: bool) -> Ask:
    """Read the body of a messages request. Raises Refusal."""
    number(body, "temperature", 0, 1)
    number(body, "top_p", 0, 1)
    system = joined(body.get("system"), "system")
    needed(body, "max_tokens", int)
    schema = _schema(taken(body, "output_config", dict))
    return Ask(
        model=model_of(body),
        turns=(
            *((Turn(role="system", text=system),) if system else ()),
            *_turns(needed(body, "messages", list)),
        ),
        shape="text" if schema is None else "json_schema",
        schema=schema,
        tools=tuple(_tool(tool) for tool in taken(body, "tools", list) or ()),
        tool_choice=_choice(taken(body, "tool_choice", dict)),
        max_tokens=whole(body, "max_tokens", 1),
        stop=strings(body, "stop_sequences"),
        stream=taken(body, "stream", bool) or False,
        include_usage=True,
        slip=slip,
    )


def _turns(messages: Sequence[Any]) -> list[Turn]:
    if not messages:
        raise wrong("messages", "must not be empty")
    turns: list[Turn] = []
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise wrong(f"messages[{place}].role", "must be user or assistant")
        turns.append(
            Turn(role=message["role"], text=joined(message.get("content"), f"messages[{place}].content"))
        )
    return turns


def _schema(config: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the answer is held to; None where it is free."""
    asked = config.get("format") if config else None
    if asked is None:
        return None
    schema = asked.get("schema") if isinstance(asked, dict) else None
    if not isinstance(schema, dict) or asked.get("type") != "json_schema":
        raise wrong("output_config.format", "must be a json_schema with a schema")
    return schema


def _tool(tool: Any) -> Tool:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        raise wrong("tools", "must be a list of tools with names")
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise wrong("tools.input_schema", "must be an object")
    return Tool(name=tool["name"], description=str(tool.get("description") or ""), parameters=schema)


def _choice(choice: Mapping[str, Any] | None) -> str:
    if choice is None:
        return "auto"
    kind = choice.get("type")
    if kind == "tool" and isinstance(choice.get("name"), str):
        return str(choice["name"])
    known = {"auto": "auto", "any": "required", "none": "none"}
    if kind not in known:
        raise wrong("tool_choice.type", "must be auto, any, none or tool")
    return known[str(kind)]


def usage_body(usage: Usage) -> dict[str, int]:
    """Usage as messages report it: the buckets are disjoint."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }


def message(ask: Ask, answer: Answer, usage: Usage) -> bytes:
    """The whole body of a message."""
    return orjson.dumps(
        {
            **_head(ask),
            "content": [_block(ask, answer, whole_text=True)],
            "stop_reason": FINISH[answer.finish],
            "stop_sequence": None,
            "usage": usage_body(usage),
        }
    )


def stream(ask: Ask, answer: Answer, usage: Usage, parts: Sequence[str]) -> list[bytes]:
    """The events of a streamed message."""
    opened = {**_head(ask), "content": [], "stop_reason": None, "stop_sequence": None}
    start = {**opened, "usage": {**usage_body(usage), "output_tokens": 0}}
    block = _block(ask, answer, whole_text=False)
    events = [
        _sse("message_start", message=start) + _sse("content_block_start", index=0, content_block=block)
    ]
    for part in parts:
        if answer.tool is None:
            delta = {"type": "text_delta", "text": part}
        else:
            delta = {"type": "input_json_delta", "partial_json": part}
        events.append(_sse("content_block_delta", index=0, delta=delta))
    stop = {"stop_reason": FINISH[answer.finish], "stop_sequence": None}
    tail = _sse("content_block_stop", index=0)
    tail += _sse("message_delta", delta=stop, usage={"output_tokens": usage.output_tokens})
    return [*events, tail + _sse("message_stop")]


def _head(ask: Ask) -> dict[str, Any]:
    return {"id": f"msg_{ask.digest.hex()[:24]}", "type": "message", "role": "assistant", "model": ask.model}


def _block(ask: Ask, answer: Answer, *, whole_text: bool) -> dict[str, Any]:
    if answer.tool is None:
        return {"type": "text", "text": answer.text if whole_text else ""}
    arguments = orjson.loads(answer.text) if whole_text and answer.finish == "tool" else {}
    return {
        "type": "tool_use",
        "id": f"toolu_{ask.digest.hex()[:16]}",
        "name": answer.tool,
        "input": arguments,
    }


def _sse(kind: str, **body: Any) -> bytes:
    return f"event: {kind}\ndata: ".encode() + orjson.dumps({"type": kind, **body}) + b"\n\n"


def error(refusal: Refusal) -> bytes:
    """An error body."""
    kinds = {404: "not_found_error", 429: "rate_limit_error", 500: "api_error"}
    inner = {"type": kinds.get(refusal.status, "invalid_request_error"), "message": refusal.message}
    return orjson.dumps({"type": "error", "error": inner})
