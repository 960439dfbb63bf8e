"""A server on loopback that tells everybody the key it was sent: in answers, errors, headers, names, whole and streamed.

What it does is chosen by the model's name; whoever speaks OpenAI's or Anthropic's language, or asks an application,
is answered in kind.
"""

import asyncio
import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from aiohttp import web

FAILING = ("broken", "no-json", "wrong-shape", "cut", "elsewhere", "reason")
"""Models that never answer."""
ANSWERING = ("says", "calls")
SSE = {"Content-Type": "text/event-stream"}


def in_lower_case(key: str) -> str:
    """Escaped for a url, as some clients write the digits."""
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(key, safe=""))


def spellings(key: str) -> str:
    """A key in all its spellings, and cut short."""
    header, user, data = f"Bearer {key}".encode(), f"user:{key}".encode(), key.encode()
    packed = [
        f(one).decode() for f in (base64.b64encode, base64.urlsafe_b64encode) for one in (header, user, data)
    ]
    urls = [quote(key), quote(key, safe=""), quote_plus(key), in_lower_case(key)]
    told = [
        key,
        *urls,
        json.dumps(key),
        json.dumps(json.dumps(key)),
        *packed,
        quote(packed[0], safe=""),
        data.hex(),
    ]
    return " | ".join((*told, key[:20]))


@dataclass
class Telltale:
    """A running server, and what it has seen."""

    url: str = ""
    keys: set[str] = field(default_factory=set)
    """Every credential that was sent."""
    paths: list[str] = field(default_factory=list)
    answers: bool = True
    elsewhere: str = "http://127.0.0.1:1/"
    """Where it redirects to."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Tell the key, in whatever way the model's name asks for."""
        self.paths.append(request.path)
        key = self._key(request.headers)
        body: dict[str, Any] = await request.json()
        mode = str(body.get("model", "says")).rpartition("/")[2]
        headers = {"X-Request-Id": key, "X-RateLimit-Limit-Requests": key, "Set-Cookie": f"a={quote(key)}"}
        if mode in (*FAILING, "refused", "limited"):
            return await self._failed(request, mode, key, headers)
        whole, stream = _speech(request.path)
        if body.get("stream"):
            return await _sent(request, stream(key, mode), headers)
        return web.json_response(whole(key, mode), headers=headers)

    def _key(self, headers: Mapping[str, str]) -> str:
        named = headers.get("X-Api-Key") or headers.get("X-App-Key") or headers.get("Authorization", "")
        key = named.removeprefix("Bearer ")
        self.keys.add(key)
        return key

    async def _failed(
        self, request: web.Request, mode: str, key: str, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        told = spellings(key)
        error = {"type": "error", "error": {"message": told, "type": key, "code": key, "param": key}}
        if mode == "cut":
            response = web.StreamResponse(headers={**headers, "Content-Length": "100000"})
            await response.prepare(request)
            await response.write(f'{{"id": "{key}", "choices": [{{"message": "{key}'.encode())
            assert request.transport is not None
            request.transport.close()
            return response
        simple: dict[str, Callable[[], web.Response]] = {
            "refused": lambda: web.json_response(error, status=401, headers=headers),
            "broken": lambda: web.Response(text=f"<h1>{told}</h1>", status=500, headers=headers),
            "limited": lambda: web.json_response(error, status=429, headers={**headers, "Retry-After": "0"}),
            "no-json": lambda: web.Response(text=told, content_type="application/json", headers=headers),
            "wrong-shape": lambda: web.json_response({"oops": told, key: [key]}, headers=headers),
            "reason": lambda: web.Response(status=503, reason=key, headers=headers),
            "elsewhere": lambda: web.Response(
                status=307, headers={**headers, "Location": f"{self.elsewhere}?key={quote(key, safe='')}"}
            ),
        }
        return simple[mode]()


async def _sent(
    request: web.Request, events: Iterator[tuple[str, Any]], headers: Mapping[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, **SSE})
    await response.prepare(request)
    for name, event in events:
        data = event if isinstance(event, str) else json.dumps(event)
        await response.write(f"{f'event: {name}' if name else ''}\ndata: {data}\n\n".lstrip().encode())
    return response


def _speech(path: str) -> tuple[Callable[[str, str], Any], Callable[[str, str], Iterator[tuple[str, Any]]]]:
    if path.endswith("/messages"):
        return _message, _message_events
    if path.endswith("/responses"):
        return _response, _response_events
    return (_application, _chunks) if path.endswith("/app") else (_completion, _chunks)


def _completion(key: str, mode: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": spellings(key)}
    if mode == "calls":
        function = {"name": key, "arguments": json.dumps({key: spellings(key)})}
        message["tool_calls"] = [{"id": key, "type": "function", "function": function}]
    return {
        "id": key,
        "object": "chat.completion",
        "created": 1,
        "model": key,
        "system_fingerprint": key,
        "choices": [{"index": 0, "finish_reason": key, "message": message}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, key: key},
    }


def _chunks(key: str, mode: str) -> Iterator[tuple[str, Any]]:
    head = {
        "id": key,
        "object": "chat.completion.chunk",
        "created": 1,
        "model": key,
        "system_fingerprint": key,
    }
    deltas: list[dict[str, Any]] = [
        {"role": "assistant"},
        *({"content": part} for part in _split(spellings(key))),
    ]
    if mode == "calls":
        for part in _split(json.dumps({key: spellings(key)})):
            function = {"name": key if len(deltas) == 3 else "", "arguments": part}
            deltas.append({"tool_calls": [{"index": 0, "id": key, "type": "function", "function": function}]})
    for delta in deltas:
        yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield "", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield (
        "",
        {**head, "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}},
    )
    yield "", "[DONE]"


def _response(key: str, _mode: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": spellings(key), "annotations": []}
    message = {"type": "message", "id": key, "role": "assistant", "status": "completed", "content": [part]}
    call = {
        "type": "function_call",
        "id": key,
        "call_id": key,
        "name": key,
        "arguments": json.dumps({key: key}),
    }
    return {
        "id": key,
        "object": "response",
        "created_at": 1,
        "model": key,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": [message, call],
        "usage": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12},
    }


def _response_events(key: str, mode: str) -> Iterator[tuple[str, Any]]:
    for number, part in enumerate(_split(spellings(key))):
        told = {"item_id": key, "output_index": 0, "content_index": 0, "delta": part, "logprobs": []}
        yield (
            "response.output_text.delta",
            {"type": "response.output_text.delta", "sequence_number": number, **told},
        )
    whole = {"type": "response.completed", "sequence_number": 99, "response": _response(key, mode)}
    yield "response.completed", whole


def _message(key: str, mode: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": spellings(key)}]
    if mode == "calls":
        content.append({"type": "tool_use", "id": key, "name": key, "input": {key: spellings(key)}})
    usage = {"input_tokens": 10, "output_tokens": 2}
    head = {"id": key, "type": "message", "role": "assistant", "model": key}
    return {**head, "content": content, "stop_reason": key, "stop_sequence": key, "usage": usage}


def _message_events(key: str, mode: str) -> Iterator[tuple[str, Any]]:
    head = {**_message(key, mode), "content": [], "stop_reason": None}
    yield "message_start", {"type": "message_start", "message": head}
    yield (
        "content_block_start",
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    )
    for part in _split(spellings(key)):
        delta = {"type": "text_delta", "text": part}
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    end = {"stop_reason": key, "stop_sequence": key}
    yield "message_delta", {"type": "message_delta", "delta": end, "usage": {"output_tokens": 2}}
    yield "message_stop", {"type": "message_stop"}


def _application(key: str, _mode: str) -> dict[str, Any]:
    docs = [{"doc": key, "text": spellings(key), "score": 0.5}]
    return {"text": spellings(key), "model": key, "why": key, "docs": docs}


def _split(text: str) -> list[str]:
    """Amid a key: what comes in two pieces is one on the disk."""
    return [text[:15], text[15:]]


@contextmanager
def telling() -> Iterator[Telltale]:
    """Serve on a free port, in a thread of its own."""
    server = Telltale()
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{path:.*}", server.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def run() -> None:
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
