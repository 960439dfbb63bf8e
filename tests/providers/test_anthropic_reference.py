"""The provider against the built-in endpoint: both sides of the Messages API, whole, streamed and with faults."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.anthropic.provider import Anthropic
from harness.reference.faults import KINDS, Options
from harness.reference.serve import listen
from harness.reference.server import Endpoint
from harness.types.call import Message, Request
from harness.types.experiment import ModelSpec, OutputSpec
from tests.providers.conftest import Kit

CALLS = 100
SHARE = 0.2
SYSTEM = "Answer with a JSON object with the keys `mood` and `reply`. `mood` is one of: glad, sad."
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["glad", "sad"]}},
    "required": ["mood"],
    "additionalProperties": False,
}


@asynccontextmanager
async def speaking(server, policy, **model):
    """The provider behind its endpoint, with a real server behind it."""
    done, opened = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(listen(server, port=0, opened=opened.set_result, until=done.wait))
    url = f"http://127.0.0.1:{await opened}/v1"
    spec = ModelSpec(name="m", provider="anthropic", model="reference-base", base_url=url, **model)
    provider = Anthropic(spec, Kit(connections=16))
    await provider.open()
    try:
        yield LiveEndpoint(provider, spec, policy)
    finally:
        await provider.close()
        done.set()
        await serving


def asked(mode, stream):
    """One answer in one output mode."""
    said = (Message(role="system", content=SYSTEM), Message(role="user", content="I am so glad it works"))
    request = Request(messages=said, output=OutputSpec(mode=mode, schema=SCHEMA))

    async def told():
        server = Endpoint(defaults=Options(time_scale=0))
        extra = {"reference": {"slip": False}}
        async with speaking(server, Policy(timeout_s=20, retries=0), stream=stream, extra=extra) as held:
            return await held.call(request, stage="generate")

    return asyncio.run(told())


@pytest.mark.parametrize("mode", ["prompt", "json_schema", "tool"])
def test_every_mode_answers_alike_whole_and_streamed(mode):
    """The same text, tokens and end either way, at the wire; a stream tells its first token too."""
    whole, streamed = asked(mode, stream=False), asked(mode, stream=True)
    assert json.loads(whole.reply.text)["mood"] == "glad"
    assert json.loads(streamed.reply.text) == json.loads(whole.reply.text)
    for call in (whole, streamed):
        assert call.clock == "wire"
        assert call.reply.output_mode == mode
        assert call.reply.kind == "answered"
        assert call.reply.tool_calls == ()
        assert call.reply.model_returned == "reference-base"
    assert whole.reply.usage == streamed.reply.usage
    assert whole.reply.usage.input_tokens > 0
    assert whole.first_token_ms is None
    assert 0 < streamed.first_token_ms <= streamed.ms


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("stream", [False, True])
def test_the_attempts_add_up_to_the_servers_own_count(stream):
    """A fifth of all calls meets a fault: each call ends as answered, failed or timed out, attempts and all."""
    options = Options(time_scale=0, retry_after_s=0.0, faults=dict.fromkeys(KINDS, SHARE / len(KINDS)))
    server = Endpoint(defaults=options)

    async def told():
        async with speaking(server, Policy(timeout_s=2.0, retries=2), stream=stream) as held:
            free = asyncio.Semaphore(16)

            async def ask(number):
                async with free:
                    message = Message(role="user", content=f"ticket {number}")
                    return await held.call(Request(messages=(message,)), stage="generate")

            return await asyncio.gather(*(ask(number) for number in range(CALLS)))

    calls = asyncio.run(told())
    attempts = [attempt for call in calls for attempt in call.attempts]
    assert len(attempts) == server.stats.requests["messages"]
    ends = Counter((call.error or {"type": "answered"})["type"] for call in calls)
    assert sum(ends.values()) == CALLS
    assert ends["answered"] >= CALLS * 0.85
    assert ends["timeout"] == server.stats.faults["hang"]
    failed = [attempt for attempt in attempts if attempt.error is not None]
    assert len(failed) == sum(server.stats.faults.values()) - server.stats.faults["slow"]
