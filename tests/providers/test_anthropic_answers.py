"""Answers of the Messages API, whole and streamed: what is read of them, when, and what they took."""

import asyncio

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.anthropic.provider import Anthropic
from harness.types.call import Usage
from harness.types.experiment import ModelSpec, Price
from tests.providers.anthropic_desk import (
    ask,
    begun,
    block,
    ended,
    event,
    listening,
    message,
    texts,
    tool_use,
)
from tests.providers.conftest import HELLO, Kit, Say

# --- answers and their times ----------------------------------------------------------------------


def test_a_message_is_read_whole():
    """Text blocks are joined; thinking is no part of the answer; the reason and the model are kept as they came."""
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        {"type": "a_block_of_tomorrow", "x": 1},
    ]
    reply = ask(message(content=content)).call.reply
    assert (reply.text, reply.kind, reply.finish_reason) == ("ab", "answered", "end_turn")
    assert reply.model_returned == "claude-2026"
    assert reply.tool_calls == ()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("end_turn", "answered"),
        ("stop_sequence", "answered"),
        ("tool_use", "answered"),
        ("max_tokens", "truncated"),
        ("model_context_window_exceeded", "truncated"),
        ("pause_turn", "truncated"),
        ("refusal", "refused"),
        ("a_reason_of_tomorrow", "answered"),
        (None, "answered"),
    ],
)
def test_every_end_has_its_name(stream, reason, kind):
    """Truncation and refusal are outcomes of their own; the vendor's word stands beside ours."""
    said = (
        Say(stream=[begun(), *texts("so"), *ended(reason)]) if stream else message("so", stop_reason=reason)
    )
    reply = ask(said, stream=stream).call.reply
    assert (reply.text, reply.kind, reply.finish_reason) == ("so", kind, reason)


def test_a_refusal_without_words_gets_the_vendors():
    """Where nothing was written, the explanation is what there is to read."""
    details = {"type": "refusal", "category": "cyber", "explanation": "not this"}
    reply = ask(message(content=[], stop_reason="refusal", stop_details=details)).call.reply
    assert (reply.text, reply.kind) == ("not this", "refused")
    assert ask(message(content=[])).call.reply.text == ""


def test_a_stream_is_gathered_and_its_first_token_timed():
    """Thinking is no content: the clock stops at the first text; the end is at the wire; the connection is kept."""
    thinking = block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "hm"})
    told = [
        begun(),
        event("ping"),
        *thinking,
        *texts("he", "y", index=1),
        event("news"),
        *ended(input_tokens=9),
    ]
    asked = ask(Say(stream=told, between_s=0.02), stream=True, times=2)
    call = asked.call
    assert (call.reply.text, call.reply.finish_reason) == ("hey", "end_turn")
    assert call.reply.usage == Usage(input_tokens=9, output_tokens=9)
    assert call.clock == "wire"
    assert call.reply.wire.connect_ms is None
    assert 100 <= call.first_token_ms < call.ms
    assert call.ms >= call.first_token_ms + 80


def test_a_tool_call_is_content():
    """Where a model calls a tool at once, the start of the call is the first token."""
    call = block(0, tool_use("f", {}), {"type": "input_json_delta", "partial_json": '{"a": 1}'})
    asked = ask(Say(stream=[begun(), *call, *ended("tool_use")], between_s=0.03), stream=True)
    assert 25 <= asked.call.first_token_ms < asked.call.ms


def test_a_plain_call_has_no_first_token():
    """Only a stream can tell when its first token came."""
    asked = ask(times=3)
    assert asked.call.first_token_ms is None
    assert asked.call.clock == "wire"
    assert [call.reply.wire.connect_ms is not None for call in asked.calls] == [True, False, False]
    assert len(asked.kit.meter.start_to_send_ms) == 3
    assert asked.kit.meter.pool_waits == 0


def test_calls_at_once_never_wait_for_a_connection():
    """The pool is as wide as the concurrency: twenty calls in flight take as long as one."""

    async def told():
        async with listening([Say(body=message(), wait_s=0.2)]) as server:
            spec = ModelSpec(name="m", provider="anthropic", model="m", base_url=server.url)
            kit = Kit(connections=20)
            made = Anthropic(spec, kit)
            await made.open()
            held = LiveEndpoint(made, spec, Policy(timeout_s=5, retries=0))
            calls = await asyncio.gather(*(held.call(HELLO, stage="generate") for _ in range(20)))
            await made.close()
            return calls, kit

    calls, kit = asyncio.run(told())
    assert kit.meter.pool_waits == 0
    assert all(200 <= call.ms < 1000 for call in calls)


# --- tokens ---------------------------------------------------------------------------------------

HAIKU = Price(
    input_usd_per_mtok=1.0,
    cached_input_usd_per_mtok=0.1,
    cache_write_usd_per_mtok=1.25,
    output_usd_per_mtok=5.0,
)
WRITTEN = {
    "input_tokens": 3,
    "cache_creation_input_tokens": 12304,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 12304, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 550,
    "service_tier": "standard",
}


@pytest.mark.parametrize(
    ("told", "usage", "usd"),
    [
        (
            WRITTEN,
            Usage(input_tokens=3, cached_input_tokens=0, cache_write_tokens=12304, output_tokens=550),
            (3 + 12304 * 1.25 + 550 * 5) / 1e6,
        ),
        (
            {
                **WRITTEN,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 12304,
                "cache_creation": None,
            },
            Usage(input_tokens=3, cached_input_tokens=12304, cache_write_tokens=0, output_tokens=550),
            (3 + 12304 * 0.1 + 550 * 5) / 1e6,
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 80,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 20},
                "output_tokens_details": {"thinking_tokens": 60},
            },
            Usage(input_tokens=5, cache_write_tokens=120, output_tokens=80, reasoning_tokens=60),
            (5 + 120 * 1.25 + 80 * 5) / 1e6,
        ),
        ({"input_tokens": 5, "output_tokens": 0}, Usage(input_tokens=5, output_tokens=0), 5 / 1e6),
        ({"input_tokens": 5}, Usage(input_tokens=5), None),
        ({"input_tokens": "5", "output_tokens": 7.5, "cache_read_input_tokens": -1}, None, None),
        ({"input_tokens": True, "output_tokens": 7}, Usage(output_tokens=7), None),
        ({"input_tokens": 0, "output_tokens": 0}, None, None),
        ({}, None, None),
        (None, None, None),
        ("12", None, None),
    ],
)
def test_tokens_are_kept_in_disjoint_buckets(told, usage, usd):
    """What Anthropic counts is disjoint already: it is taken as it stands, to the cent, and what is missing is unknown."""
    call = ask(message(usage=told), price=HAIKU).call
    assert call.reply.usage == usage
    assert call.cost_usd == (None if usd is None else pytest.approx(usd, abs=1e-12))


def test_a_server_without_usage_says_nothing():
    """No usage is unknown, never nothing."""
    whole = message()
    del whole["usage"]
    assert ask(whole).call.reply.usage is None
    told = [event("message_start", message={"id": "m"}), *texts("x")]
    told += [event("message_delta", delta={"stop_reason": "end_turn"}), event("message_stop")]
    assert ask(Say(stream=told), stream=True).call.reply.usage is None


@pytest.mark.parametrize(
    ("first", "last", "usage"),
    [
        (
            {"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0},
            {"output_tokens": 550},
            Usage(input_tokens=3, cached_input_tokens=0, cache_write_tokens=12304, output_tokens=550),
        ),
        (
            {"input_tokens": 25},
            {"input_tokens": 25, "output_tokens": 15},
            Usage(input_tokens=25, output_tokens=15),
        ),
        (
            {"input_tokens": 0},
            {"input_tokens": 25, "output_tokens": 15},
            Usage(input_tokens=25, output_tokens=15),
        ),
        (
            {"input_tokens": 25},
            {"input_tokens": 0, "output_tokens": 15},
            Usage(input_tokens=25, output_tokens=15),
        ),
        (
            {"input_tokens": 25},
            {"input_tokens": None, "output_tokens": 1},
            Usage(input_tokens=25, output_tokens=1),
        ),
    ],
)
def test_a_streams_counts_are_cumulative(first, last, usage):
    """The end may restate the beginning: nothing is added up, and a count that shrinks is no count."""
    told = [begun(**first), *texts("x"), *ended(**last)]
    assert ask(Say(stream=told), stream=True).call.reply.usage == usage
