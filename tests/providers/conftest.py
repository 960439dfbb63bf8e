"""A scripted server on loopback, and the real provider behind its endpoint that speaks to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from harness.calls import endpoint as endpoint_module
from harness.calls import limiter
from harness.calls.endpoint import LiveEndpoint, Policy
from harness.calls.meter import Scale
from harness.providers.openai import provider as openai_module
from harness.providers.openai.provider import OpenAI
from harness.types.call import Call, Message, Request
from harness.types.evalset import Example
from harness.types.experiment import ModelSpec


def completion(text: Any = "yes", **changes: Any) -> dict[str, Any]:
    """A whole chat completion, as OpenAI words it."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "choices": [choice],
        "usage": {"prompt_tokens": 120, "completion_tokens": 12, "total_tokens": 132},
        **changes,
    }


def events(
    *deltas: Any, finish: str | None = "stop", usage: Any = None, done: bool = True
) -> tuple[bytes, ...]:
    """A streamed answer: one event for each delta, one with the reason, one with the usage, and [DONE]."""
    choices: list[Any] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    if finish:
        choices.append([{"index": 0, "delta": {}, "finish_reason": finish}])
    told = [
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": c}
        for c in choices
    ]
    if usage:
        told.append({**told[0], "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(one)}\n\n".encode() for one in told]
    return (*lines, b"data: [DONE]\n\n") if done else tuple(lines)


def response(text: Any = "yes", **changes: Any) -> dict[str, Any]:
    """A whole response of the Responses API, as OpenAI words it."""
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m-1", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": "r-1",
        "object": "response",
        "created_at": 1,
        "model": "m-2026",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": [message],
        "usage": {"input_tokens": 120, "output_tokens": 12, "total_tokens": 132},
        **changes,
    }


def response_events(*told: Any) -> tuple[bytes, ...]:
    """A streamed response: one event for each mapping, as the Responses API frames it."""
    return tuple(
        f"event: {one['type']}\ndata: {json.dumps({'sequence_number': n, **one})}\n\n".encode()
        for n, one in enumerate(told)
    )


@dataclass(frozen=True)
class Say:
    """One scripted answer."""

    body: Any = None
    """A JSON value, or bytes as they stand; None: a whole answer of the address that was asked."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    """Before anything is sent."""
    stream: Sequence[bytes] | None = None
    between_s: float = 0.0
    """Before each later event of a stream."""
    fault: str = ""
    """drop: hang up without a byte; cut: promise more than is sent; hang: never answer."""


@dataclass
class Server:
    """What the server has seen."""

    says: Sequence[Say]
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the script says; its last line repeats."""
        say = self.says[min(len(self.bodies), len(self.says) - 1)]
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        self.paths.append(request.path)
        await asyncio.sleep(say.wait_s)
        if say.fault == "hang":
            await asyncio.Event().wait()
        if say.fault == "drop":
            assert request.transport is not None
            request.transport.abort()
        if say.stream is not None or say.fault == "cut":
            return await self._pieces(request, say)
        if isinstance(say.body, bytes):
            return web.Response(
                body=say.body, status=say.status, headers={"Content-Type": "application/json", **say.headers}
            )
        whole = response if request.path.endswith("/responses") else completion
        return web.json_response(
            whole() if say.body is None else say.body, status=say.status, headers=say.headers
        )

    async def _pieces(self, request: web.Request, say: Say) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **say.headers})
        if say.stream is None:
            response.content_type = "application/json"
            response.content_length = 10_000
        await response.prepare(request)
        for number, piece in enumerate(say.stream or (b'{"id": "c-1", "choi',)):
            await asyncio.sleep(say.between_s if number else 0)
            await response.write(piece)
        if say.fault == "cut":
            assert request.transport is not None
            request.transport.close()
        return response


@asynccontextmanager
async def listening(says: Sequence[Say]) -> AsyncIterator[Server]:
    """Serve a script on a free port."""
    server = Server(says)
    app = web.Application()
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Kit:
    """What a provider is given."""

    train: Sequence[Example] = ()
    schema: Mapping[str, Any] | None = None
    connections: int = 4
    timeout_s: float = 5.0
    seed: int = 7
    meter: Scale = field(default_factory=Scale)
    environ: Mapping[str, str] = field(default_factory=dict)
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    shared: dict[str, Any] = field(default_factory=dict)
    files: Any = None

    def outputs(self, model: ModelSpec) -> Any:
        """The outputs file."""
        return self.files(model)

    def secret(self, variable: str) -> str | None:
        """An environment variable."""
        return self.environ.get(variable)

    async def share(self, key: str, start: Callable[[], Any]) -> Any:
        """Start once."""
        if key not in self.shared:
            self.shared[key] = started = await start()
            self.closing.push_async_callback(started.close)
        return self.shared[key]


@dataclass
class Asked:
    """What came of some calls, and what the server saw of them."""

    calls: list[Call]
    server: Server
    kit: Kit

    @property
    def call(self) -> Call:
        """The last one."""
        return self.calls[-1]

    @property
    def statuses(self) -> list[int | None]:
        """Of every attempt of the last call."""
        return [attempt.status for attempt in self.call.attempts]


HELLO = Request(messages=(Message(role="user", content="hello"),))


def ask_server(
    says: Sequence[Say],
    *,
    request: Request = HELLO,
    times: int = 1,
    policy: Policy | None = None,
    environ: Mapping[str, str] | None = None,
    vendor: bool = False,
    **model: Any,
) -> Asked:
    """Make some calls, one after the other, over the real SDK. `vendor`: the script stands for OpenAI's own endpoint."""
    kit = Kit(environ=environ or ({"OPENAI_API_KEY": "sk-test"} if vendor else {}))

    async def told() -> Asked:
        async with listening(says) as server:
            base_url = None if vendor else server.url
            spec = ModelSpec(
                **{"name": "mine", "provider": "openai", "model": "m", "base_url": base_url, **model}
            )
            provider = OpenAI(spec, kit)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(openai_module, "VENDOR_URL", server.url)
                await provider.open()
            try:
                held = LiveEndpoint(provider, spec, policy or Policy(timeout_s=5, retries=3))
                calls = [await held.call(request, stage="generate") for _ in range(times)]
            finally:
                await provider.close()
            return Asked(calls, server, kit)

    return asyncio.run(told())


@pytest.fixture(scope="session")
def ask() -> Callable[..., Asked]:
    """How to make calls to a script."""
    return ask_server


@pytest.fixture(scope="session")
def say() -> type[Say]:
    """One scripted answer."""
    return Say


@pytest.fixture(scope="session")
def whole() -> Callable[..., dict[str, Any]]:
    """A whole completion."""
    return completion


@pytest.fixture(scope="session")
def stream() -> Callable[..., tuple[bytes, ...]]:
    """A streamed one."""
    return events


@pytest.fixture(scope="session")
def whole_response() -> Callable[..., dict[str, Any]]:
    """A whole response of the Responses API."""
    return response


@pytest.fixture(scope="session")
def response_stream() -> Callable[..., tuple[bytes, ...]]:
    """A streamed one."""
    return response_events


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractAsyncContextManager[Server]]:
    """A server of a script, whatever is asked for."""
    return listening


@pytest.fixture(scope="session")
def make_kit() -> type[Kit]:
    """What a provider is given."""
    return Kit


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off of no time: how long it is has a test of its own."""
    monkeypatch.setattr(limiter, "LONGEST_CLOSE_S", 0.0)
    monkeypatch.setattr(endpoint_module, "_wait_s", lambda _state: 0.0)
