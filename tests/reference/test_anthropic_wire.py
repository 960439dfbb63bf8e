"""The endpoint speaks the Anthropic wire: the real SDK reads what it sends."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

anthropic = pytest.importorskip("anthropic")

SYSTEM = "Answer with a JSON object with the keys `mood` and `reply`. `mood` is one of: glad, sad."
TOOL = {
    "name": "note",
    "description": "note a mood",
    "input_schema": {
        "type": "object",
        "properties": {"mood": {"type": "string", "enum": ["glad", "sad"]}},
        "required": ["mood"],
    },
}


@asynccontextmanager
async def speaking(serving):
    """The SDK with an endpoint behind it."""
    async with serving() as line:
        client = anthropic.AsyncAnthropic(
            base_url=line.url, api_key="none", max_retries=0, http_client=anthropic.DefaultAioHttpClient()
        )
        async with client:
            yield client


def ask(client, **more):
    """One message, with what the test changes."""
    return client.messages.create(
        **{
            "model": "reference-base",
            "max_tokens": 200,
            "system": SYSTEM,
            "messages": [{"role": "user", "content": "I am so glad it works"}],
            "extra_body": {"reference": {"slip": False}},
            **more,
        }
    )


def test_whole_and_streamed_messages_agree(serving):
    """A streamed message joins to the whole one, with usage in disjoint buckets and an end reason."""

    async def go():
        async with speaking(serving) as client:
            whole = await ask(client)
            events = [event async for event in await ask(client, stream=True)]
            return whole, events

    whole, events = asyncio.run(go())
    assert json.loads(whole.content[0].text)["mood"] == "glad"
    assert whole.stop_reason == "end_turn"
    assert whole.usage.input_tokens > 0
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert text == whole.content[0].text
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")


def test_tools_and_limits(serving):
    """A tool is used where it must be; a cut answer says max_tokens."""

    async def go():
        async with speaking(serving) as client:
            used = await ask(client, tools=[TOOL], tool_choice={"type": "any"})
            named = await ask(client, tools=[TOOL], tool_choice={"type": "tool", "name": "note"}, stream=True)
            events = [event async for event in named]
            return used, events, await ask(client, max_tokens=3)

    used, events, short = asyncio.run(go())
    assert used.stop_reason == "tool_use"
    assert used.content[0].input == {"mood": "glad"}
    parts = [event.delta.partial_json for event in events if event.type == "content_block_delta"]
    assert json.loads("".join(parts)) == {"mood": "glad"}
    assert short.stop_reason == "max_tokens"


def test_an_answer_is_held_to_a_schema(serving):
    """`output_config.format` is kept to even where the instructions ask for something else."""
    form = {"type": "json_schema", "schema": TOOL["input_schema"]}

    async def go():
        async with speaking(serving) as client:
            return await ask(client, output_config={"format": form})

    assert json.loads(asyncio.run(go()).content[0].text) == {"mood": "glad"}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"output_config": {"format": {"type": "json_schema"}}}, 400),
        ({"model": "claude"}, 404),
        ({"messages": []}, 400),
        ({"messages": [{"role": "system", "content": "x"}]}, 400),
        ({"tools": [{"name": "x"}]}, 400),
        ({"tools": [{}]}, 400),
        ({"tool_choice": {"type": "maybe"}}, 400),
        ({"extra_body": {"reference": {"faults": {"429": 1}}}}, 429),
    ],
)
def test_errors_have_the_wire_s_shape(serving, more, status):
    """The SDK raises its status error, with the message in Anthropic's error body."""

    async def go():
        async with speaking(serving) as client:
            await ask(client, **more)

    with pytest.raises(anthropic.APIStatusError) as caught:
        asyncio.run(go())
    assert caught.value.status_code == status
    assert caught.value.body["type"] == "error"
