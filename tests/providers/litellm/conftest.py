"""Calls through the real litellm to a scripted server on loopback. litellm is imported once a process: seconds."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.litellm.provider import LiteLLM
from harness.types.call import Call, Message, Request
from harness.types.experiment import ModelSpec

if find_spec("litellm") is None:  # an import of it here would download its price map
    pytest.skip("litellm is not installed", allow_module_level=True)


@dataclass
class Heard:
    """What came of some calls, and what the server saw of them."""

    calls: list[Call]
    server: Any
    kit: Any

    @property
    def call(self) -> Call:
        """The last one."""
        return self.calls[-1]


HELLO = Request(messages=(Message(role="system", content="be brief"), Message(role="user", content="hello")))


@pytest.fixture(scope="session")
def hear(serve: Any, make_kit: Any) -> Callable[..., Heard]:
    """How to make calls to a script, one after the other."""

    def hear(
        says: Sequence[Any],
        *,
        request: Request = HELLO,
        times: int = 1,
        policy: Policy | None = None,
        environ: Mapping[str, str] | None = None,
        **model: Any,
    ) -> Heard:
        kit = make_kit(environ=environ or {})

        async def told() -> Heard:
            async with serve(says) as server:
                spec = ModelSpec(
                    **{
                        "name": "any",
                        "provider": "litellm",
                        "model": "openai/m",
                        "base_url": server.url,
                        **model,
                    }
                )
                provider = LiteLLM(spec, kit)
                await provider.open()
                try:
                    held = LiveEndpoint(provider, spec, policy or Policy(timeout_s=10, retries=0))
                    calls = [await held.call(request, stage="generate") for _ in range(times)]
                finally:
                    await provider.close()
                return Heard(calls, server, kit)

        return asyncio.run(told())

    return hear


@pytest.fixture(scope="session")
def claude() -> Callable[..., dict[str, Any]]:
    """A whole message, as Anthropic words it."""

    def claude(text: str = "yes", **changes: Any) -> dict[str, Any]:
        usage = {
            "input_tokens": 3,
            "cache_creation_input_tokens": 12304,
            "cache_read_input_tokens": 0,
            "output_tokens": 550,
        }
        return {
            "id": "msg-1",
            "type": "message",
            "role": "assistant",
            "model": "claude-2026",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": usage,
            **changes,
        }

    return claude
