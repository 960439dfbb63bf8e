"""Answers that nobody would write: whatever stands in a 200, each call ends as an answer or as a told failure."""

import copy
import json
import random

import pytest

from harness.calls.endpoint import Policy
from harness.types.call import Request
from harness.types.experiment import OutputSpec

ROUNDS = 120
JUNK = (None, 0, -1, 1.5, "", "x", [], {}, [None], ["x"], {"type": "x"}, True, [[]], {"a": {"b": []}})
TOOL_CALL = {"id": "t1", "type": "function", "function": {"name": "answer", "arguments": "{}"}}
CALL = {"type": "function_call", "id": "f", "call_id": "t1", "name": "answer", "arguments": "{}"}


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def spoilt(value, draw):
    """The same value with junk at one to three of its places."""
    spoiling = copy.deepcopy(value)
    for _ in range(draw.randint(1, 3)):
        path = draw.choice(list(places(spoiling)))
        if not path:
            return draw.choice(JUNK)
        holder = spoiling
        for key in path[:-1]:
            holder = holder[key]
        if draw.random() < 0.3 and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(draw.choice(JUNK))
    return spoiling


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("mode", ["prompt", "tool"])
def test_no_answer_breaks_the_provider(ask, say, whole, whole_response, api, streamed, mode):
    """Junk at any place of an answer, whole or streamed, leads to a Reply with text or to an error of a known kind."""
    draw = random.Random(f"{api} {streamed} {mode}")
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "x", "tool_calls": [TOOL_CALL]}}
    delta = {"index": 0, "finish_reason": "stop", "delta": {"content": "x", "tool_calls": [TOOL_CALL]}}
    details = {"prompt_tokens_details": {"cached_tokens": 3}, "input_tokens_details": {"cached_tokens": 3}}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "input_tokens": 9, "output_tokens": 1, **details}
    response = whole_response(usage=usage)
    response["output"].append(CALL)
    bodies = {
        ("chat", False): [whole(choices=[choice], usage=usage)],
        ("chat", True): [whole(choices=[delta], usage=usage)],
        ("responses", False): [response],
        ("responses", True): [
            {"type": "response.output_text.delta", "delta": "x"},
            {"type": "response.output_item.done", "item": CALL},
            {"type": "response.completed", "response": response},
        ],
    }[api, streamed]
    says = []
    for _ in range(ROUNDS):
        told = [spoilt(body, draw) for body in bodies]
        lines = [f"data: {json.dumps(one)}\n\n".encode() for one in told]
        says.append(say(stream=lines) if streamed else say(json.dumps(told[0]).encode()))
    asked = ask(
        says,
        api=api,
        stream=streamed,
        times=ROUNDS,
        policy=Policy(timeout_s=5, retries=0),
        request=Request(messages=(), output=OutputSpec(mode=mode, schema={})),
    )
    assert len(asked.calls) == len(asked.server.bodies) == ROUNDS
    for call in asked.calls:
        if call.reply is None:
            assert call.error["type"] in ("bad_reply", "server_error", "rate_limited", "bad_request")
        else:
            words = (call.reply.finish_reason, call.reply.model_returned, call.reply.system_fingerprint)
            assert isinstance(call.reply.text, str)
            assert all(isinstance(word, str | None) for word in words)
            assert all(isinstance(one["function"]["arguments"], str) for one in call.reply.tool_calls)
    assert any(call.reply for call in asked.calls)
    assert any(call.error for call in asked.calls)
