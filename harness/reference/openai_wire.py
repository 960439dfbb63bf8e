"""The OpenAI shapes: chat completions whole and streamed, embeddings, models, errors."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from harness.reference.ask import Answer, Ask, Refusal, Shape, Tool, Turn, Usage
from harness.reference.checks import joined, model_of, needed, number, strings, taken, whole, wrong
from harness.reference.declared import FINGERPRINT, MODELS

CREATED = 0
"""The endpoint has no clock in its answers: the same request gets the same body."""
ROLES: Mapping[str, str] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
}
FINISH: Mapping[str, str] = {"stop": "stop", "length": "length", "tool": "tool_calls"}


def ask_of(body: Mapping[str, Any], *, slip: bool) -> Ask:
    """Read the body of a chat completion. Raises Refusal."""
    shape, schema = _form(body)
    for key, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("frequency_penalty", -2, 2),
        ("presence_penalty", -2, 2),
    ):
        number(body, key, low, high)
    if (whole(body, "n", 1) or 1) != 1:
        raise wrong("n", "must be 1")
    options = taken(body, "stream_options", dict) or {}
    return Ask(
        model=model_of(body),
        turns=_turns(needed(body, "messages", list)),
        shape=shape,
        schema=schema,
        tools=tuple(_tool(tool) for tool in taken(body, "tools", list) or ()),
        tool_choice=_choice(body.get("tool_choice")),
        seed=taken(body, "seed", int),
        max_tokens=whole(body, "max_completion_tokens", 1) or whole(body, "max_tokens", 1),
        stop=strings(body, "stop"),
        stream=taken(body, "stream", bool) or False,
        include_usage=taken(options, "include_usage", bool) or False,
        slip=slip,
    )


def _turns(messages: Sequence[Any]) -> tuple[Turn, ...]:
    if not messages:
        raise wrong("messages", "must not be empty")
    turns: list[Turn] = []
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
        role: Any = ROLES[message["role"]]
        turns.append(Turn(role=role, text=joined(message.get("content"), f"{where}.content")))
    return tuple(turns)


def _form(body: Mapping[str, Any]) -> tuple[Shape, Mapping[str, Any] | None]:
    asked = taken(body, "response_format", dict)
    if asked is None or asked.get("type") == "text":
        return "text", None
    if asked.get("type") == "json_object":
        return "json_object", None
    if asked.get("type") != "json_schema":
        raise wrong("response_format.type", "must be text, json_object or json_schema")
    inner = asked.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if not isinstance(schema, dict):
        raise wrong("response_format.json_schema.schema", "must be an object")
    return "json_schema", schema


def _tool(tool: Any) -> Tool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise wrong("tools", "must be a list of functions with names")
    parameters = function.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise wrong("tools.function.parameters", "must be an object")
    return Tool(
        name=function["name"], description=str(function.get("description") or ""), parameters=parameters
    )


def _choice(choice: Any) -> str:
    if choice is None:
        return "auto"
    if choice in ("none", "auto", "required"):
        return str(choice)
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return str(function["name"])
    raise wrong("tool_choice", "must be none, auto, required or name a function")


def usage_body(usage: Usage) -> dict[str, Any]:
    """Usage as chat completions report it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def completion(ask: Ask, answer: Answer, usage: Usage) -> bytes:
    """The whole body of a chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool is not None:
        message |= {"content": None, "tool_calls": [_call(ask, answer.tool, answer.text)]}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISH[answer.finish]}
    return orjson.dumps({**_head(ask, "chat.completion"), "choices": [choice], "usage": usage_body(usage)})


def stream(ask: Ask, answer: Answer, usage: Usage, parts: Sequence[str]) -> list[bytes]:
    """The events of a streamed completion: the role, one an answer's part, the end, usage on request, DONE."""
    events = [_event(ask, {"role": "assistant", "content": "" if answer.tool is None else None})]
    for place, part in enumerate(parts):
        if answer.tool is None:
            events.append(_event(ask, {"content": part}))
        elif place == 0:
            events.append(_event(ask, {"tool_calls": [{"index": 0, **_call(ask, answer.tool, part)}]}))
        else:
            events.append(_event(ask, {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}))
    tail = _event(ask, {}, FINISH[answer.finish])
    if ask.include_usage:
        tail += _sse({**_head(ask, "chat.completion.chunk"), "choices": [], "usage": usage_body(usage)})
    return [*events, tail + b"data: [DONE]\n\n"]


def _head(ask: Ask, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{ask.digest.hex()[:24]}",
        "object": kind,
        "created": CREATED,
        "model": ask.model,
        "system_fingerprint": FINGERPRINT,
    }


def _call(ask: Ask, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": f"call_{ask.digest.hex()[:16]}", "type": "function", "function": function}


def _event(ask: Ask, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {**_head(ask, "chat.completion.chunk"), "choices": [choice]}
    return _sse({**body, "usage": None} if ask.include_usage else body)


def _sse(body: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def embeddings(model: str, vectors: Sequence[Any], usage: Usage, *, packed: bool) -> bytes:
    """The body of an embeddings answer; `packed` is base64 of little-endian float32."""
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(vector.tobytes()).decode() if packed else vector.tolist(),
        }
        for place, vector in enumerate(vectors)
    ]
    counted = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.prompt_tokens}
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": counted})


def reranking(model: str, query: str, scores: Sequence[float], top_n: int, usage: Usage) -> bytes:
    """The body of a rerank answer, best first; equal scores keep the order of the documents."""
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[:top_n]
    results = [{"index": place, "relevance_score": scores[place]} for place in order]
    name = hashlib.blake2b(query.encode(), digest_size=8).hexdigest()
    tokens = {"total_tokens": usage.prompt_tokens}
    return orjson.dumps({"id": f"rerank-{name}", "model": model, "results": results, "usage": tokens})


def models() -> bytes:
    """The list of models."""
    return orjson.dumps({"object": "list", "data": [_listed(name) for name in MODELS]})


def model(name: str) -> bytes:
    """One model."""
    return orjson.dumps(_listed(name))


def _listed(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "reference"}


def error(refusal: Refusal) -> bytes:
    """An error body."""
    kinds = {429: "rate_limit_error", 500: "server_error"}
    kind = kinds.get(refusal.status, "invalid_request_error")
    inner = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
    return orjson.dumps({"error": inner})
