"""A scripted server that speaks the Messages API, and the real provider behind its endpoint that speaks to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.anthropic import models
from harness.providers.anthropic.provider import Anthropic
from harness.types.call import Request
from harness.types.experiment import ModelSpec
from tests.providers.conftest import HELLO, Asked, Kit, Say, Server


def message(text: Any = "yes", **changes: Any) -> dict[str, Any]:
    """A whole message, as Anthropic words it."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-2026",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 120, "output_tokens": 12},
        **changes,
    }


def tool_use(name: str, arguments: Any, call_id: str = "toolu_1") -> dict[str, Any]:
    """One block of a message: a tool is called."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def event(kind: str, **body: Any) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **body})}\n\n".encode()


def begun(**usage: Any) -> bytes:
    """How a stream begins; `usage` beside one input and one output token."""
    head = {
        **message(content=[], stop_reason=None),
        "usage": {"input_tokens": 1, "output_tokens": 1, **usage},
    }
    return event("message_start", message=head)


def block(index: int, start: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[bytes]:
    """One block of a stream: its start, its deltas, its stop."""
    return [
        event("content_block_start", index=index, content_block=start),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def texts(*parts: str, index: int = 0) -> list[bytes]:
    """A block of text."""
    return block(
        index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": part} for part in parts)
    )


def ended(reason: str | None = "end_turn", **usage: Any) -> list[bytes]:
    """How a stream ends."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [event("message_delta", delta=delta, usage={"output_tokens": 9, **usage}), event("message_stop")]


def refused(kind: str, words: str, **more: Any) -> dict[str, Any]:
    """An error body."""
    return {"type": "error", "error": {"type": kind, "message": words, **more}, "request_id": "req_1"}


@asynccontextmanager
async def listening(says: Sequence[Say]) -> AsyncIterator[Server]:
    """Serve a script on a free port."""
    server = Server(says)
    app = web.Application()
    app.router.add_post("/v1/messages", server.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


def ask(
    *says: Say | dict[str, Any],
    request: Request = HELLO,
    times: int = 1,
    policy: Policy | None = None,
    environ: Mapping[str, str] | None = None,
    vendor: bool = False,
    **model: Any,
) -> Asked:
    """Make some calls, one after the other. `vendor`: the script stands for Anthropic's own endpoint."""
    script = [say if isinstance(say, Say) else Say(body=say) for say in says or (message(),)]
    kit = Kit(environ=environ or ({"ANTHROPIC_API_KEY": "sk-test"} if vendor else {}))

    async def told() -> Asked:
        async with listening(script) as server:
            with pytest.MonkeyPatch.context() as patch:
                if vendor:
                    patch.setattr(models, "VENDOR_URL", server.url)
                base_url = None if vendor else server.url
                spec = ModelSpec(
                    **{"name": "mine", "provider": "anthropic", "model": "m", "base_url": base_url, **model}
                )
                return await _called(server, spec, kit)

    async def _called(server: Server, spec: ModelSpec, kit: Kit) -> Asked:
        provider = Anthropic(spec, kit)
        await provider.open()
        try:
            held = LiveEndpoint(provider, spec, policy or Policy(timeout_s=5, retries=3))
            calls = [await held.call(request, stage="generate") for _ in range(times)]
        finally:
            await provider.close()
        return Asked(calls, server, kit)

    return asyncio.run(told())
