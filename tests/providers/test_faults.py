"""Every kind of fault at once, over real HTTP: nothing is lost, and what was tried is what the server saw."""

import asyncio
from collections import Counter

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.openai.provider import OpenAI
from harness.reference.faults import KINDS, Options
from harness.reference.serve import listen
from harness.reference.server import Endpoint
from harness.types.call import Message, Request
from harness.types.experiment import ModelSpec

CALLS = 150
SHARE = 0.2


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("stream", [False, True])
def test_the_attempts_add_up_to_the_servers_own_count(make_kit, stream):
    """A fifth of all calls meets a fault: each call ends as answered, failed or timed out, attempts and all."""
    options = Options(time_scale=0, retry_after_s=0.0, faults=dict.fromkeys(KINDS, SHARE / len(KINDS)))
    server = Endpoint(defaults=options)
    kit = make_kit(connections=16)

    async def told():
        done, opened = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(listen(server, port=0, opened=opened.set_result, until=done.wait))
        model = ModelSpec(
            name="m",
            provider="openai",
            model="reference-base",
            base_url=f"http://127.0.0.1:{await opened}/v1",
            stream=stream,
        )
        provider = OpenAI(model, kit)
        await provider.open()
        held = LiveEndpoint(provider, model, Policy(timeout_s=2.0, retries=2))
        free = asyncio.Semaphore(16)

        async def ask(number):
            async with free:
                message = Message(role="user", content=f"ticket {number}")
                return await held.call(Request(messages=(message,)), stage="generate")

        calls = await asyncio.gather(*(ask(number) for number in range(CALLS)))
        await provider.close()
        done.set()
        await serving
        return calls

    calls = asyncio.run(told())
    attempts = [attempt for call in calls for attempt in call.attempts]
    assert len(attempts) == server.stats.requests["chat"]
    assert set(server.stats.faults) == set(KINDS)
    ends = Counter((call.error or {"type": "answered"})["type"] for call in calls)
    assert sum(ends.values()) == CALLS
    assert ends["answered"] >= CALLS * 0.9
    assert ends["timeout"] == server.stats.faults["hang"]
    failed = [attempt for attempt in attempts if attempt.error is not None]
    assert len(failed) == sum(server.stats.faults.values()) - server.stats.faults["slow"]
    assert all((call.reply is None) == (call.ms is None or call.error is not None) for call in calls)
