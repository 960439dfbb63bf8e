"""Servers that never end, or answer with more than anybody can hold: every provider ends the call and says why."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from harness.calls import bounds
from harness.calls.endpoint import LiveEndpoint, Policy
from harness.registry import provider_of
from harness.types.call import Call
from harness.types.experiment import ModelSpec
from tests.providers.conftest import HELLO, Kit

KINDS: dict[str, dict[str, Any]] = {
    "openai": {"provider": "openai"},
    "openai, streamed": {"provider": "openai", "stream": True},
    "openai responses": {"provider": "openai", "api": "responses"},
    "openai responses, streamed": {"provider": "openai", "api": "responses", "stream": True},
    "anthropic": {"provider": "anthropic"},
    "anthropic, streamed": {"provider": "anthropic", "stream": True},
    "litellm": {"provider": "litellm", "model": "openai/m"},
    "litellm, streamed": {"provider": "litellm", "model": "openai/m", "stream": True},
    "http": {"provider": "http", "extra": {"answer": "$.text"}},
}
SMALL = 1 << 20
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is soon reached, for those that know none of their own."""
    monkeypatch.setattr(bounds, "MOST_BYTES", SMALL)


def called(kind: str, answer: Answer, timeout_s: float = 10.0) -> Call:
    """One call of a provider to a server."""

    async def run() -> Call:
        app = web.Application()
        app.router.add_post("/{path:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        spec = ModelSpec(**{"name": "m", "model": "m", "base_url": url, **KINDS[kind]})
        kit = Kit()
        provider = provider_of(spec)(spec, kit)
        await provider.open()
        try:
            held = LiveEndpoint(provider, spec, Policy(timeout_s=timeout_s, retries=0))
            return await held.call(HELLO, stage="generate")
        finally:
            await provider.close()
            await kit.closing.aclose()
            await runner.cleanup()

    return asyncio.run(run())


def whole(body: bytes, **headers: str) -> Answer:
    """A server with one answer; to who streams, as one event."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if asked.get("stream"):
            event = b"event: message\ndata: " + body + b"\n\n"
            return web.Response(body=event, headers={"Content-Type": "text/event-stream", **headers})
        return web.Response(body=body, headers={"Content-Type": "application/json", **headers})

    return answer


def endless(piece: bytes) -> Answer:
    """A server that repeats itself for ever."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        kind = "text/event-stream" if asked.get("stream") else "application/json"
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        while True:
            await response.write(piece)
            await asyncio.sleep(0)

    return answer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [100_000, 5_000])
def test_a_deeply_nested_body_is_a_broken_answer(kind: str, depth: int) -> None:
    """No parser's limit ends in more than one failed call."""
    error = called(kind, whole(b'{"type": "x", "a": ' + b"[" * depth + b"]" * depth + b"}")).error
    assert error is not None
    assert (error["type"], error["status"]) == ("bad_reply", 200)


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_never_ends_ends_at_the_bound(kind: str) -> None:
    """Whether it is read whole or line by line, and though no line of it ever ends."""
    call = called(kind, endless(b'{"choices": [' + b" " * 30_000))
    assert call.error is not None
    assert (call.error["type"], call.error["status"]) == ("bad_reply", 200)
    assert len(call.attempts) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "streamed" in kind])
@pytest.mark.parametrize("slow", [False, True])
def test_a_stream_that_never_ends_ends_at_the_bound_or_the_deadline(kind: str, slow: bool) -> None:
    """A quick one ends at the bound of its bytes, one that trickles at the deadline."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    delta = {"index": 0, "delta": {"content": "on "}, "finish_reason": None}
    told = {**chunk, "type": "ping", "choices": [delta]}
    piece = f"event: ping\ndata: {json.dumps(told)}\n\n".encode()

    async def trickling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(piece)
            await asyncio.sleep(0.02)

    call = called(kind, trickling if slow else endless(piece * 20), timeout_s=0.4 if slow else 20.0)
    assert call.error is not None
    assert call.error["type"] == ("timeout" if slow else "bad_reply")


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_not_unpacked(kind: str) -> None:
    """300 KB that are 300 MB: refused, or unpacked no further than the bound."""
    bomb = gzip.compress(bytes(300 << 20))
    error = called(kind, whole(bomb, **{"Content-Encoding": "gzip"})).error
    assert error is not None
    assert error["type"] == "bad_reply"
    assert "compressed (gzip)" in error["message"] or "longer than 1 MiB" in error["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_without_end_is_a_broken_exchange(kind: str) -> None:
    """It ends the call, and no more."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (1 << 18))
        return web.Response()

    error = called(kind, answer).error
    assert error is not None
    assert error["type"] == "connection"
