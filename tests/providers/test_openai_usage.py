"""Token counts as the vendors document them: disjoint buckets, exact dollars, and what is not said stays unknown."""

import json

import pytest

from harness.calls.endpoint import Policy
from harness.types.call import Usage
from harness.types.experiment import Price

PRICE = Price(
    input_usd_per_mtok=2.5,
    cached_input_usd_per_mtok=0.25,
    cache_write_usd_per_mtok=3.125,
    output_usd_per_mtok=10,
)

CHAT = {
    "openai, plain": (
        {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29},
        Usage(input_tokens=19, output_tokens=10),
        19 * 2.5 + 10 * 10,
    ),
    "openai, cached and reasoning, audio and predictions ignored": (
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 7},
            "completion_tokens_details": {
                "reasoning_tokens": 256,
                "audio_tokens": 5,
                "accepted_prediction_tokens": 3,
                "rejected_prediction_tokens": 2,
            },
        },
        Usage(input_tokens=86, cached_input_tokens=1920, output_tokens=300, reasoning_tokens=256),
        86 * 2.5 + 1920 * 0.25 + 300 * 10,
    ),
    "openai, written to the cache and read from it": (
        {
            "prompt_tokens": 2600,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 2000, "cache_write_tokens": 400},
        },
        Usage(input_tokens=200, cached_input_tokens=2000, cache_write_tokens=400, output_tokens=5),
        200 * 2.5 + 2000 * 0.25 + 400 * 3.125 + 5 * 10,
    ),
    "openai, nothing cached": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        Usage(input_tokens=9, cached_input_tokens=0, output_tokens=1, reasoning_tokens=0),
        9 * 2.5 + 1 * 10,
    ),
    "deepseek": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 7,
            "total_tokens": 107,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
        },
        Usage(input_tokens=36, cached_input_tokens=64, output_tokens=7),
        36 * 2.5 + 64 * 0.25 + 7 * 10,
    ),
    "xai, reasoning beside the completion": (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        Usage(input_tokens=32, output_tokens=103, reasoning_tokens=94),
        32 * 2.5 + 103 * 10,
    ),
    "vllm, details null": (
        {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15, "prompt_tokens_details": None},
        Usage(input_tokens=12, output_tokens=3),
        12 * 2.5 + 3 * 10,
    ),
    "a server that counts cached tokens apart": (
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}},
        Usage(input_tokens=5, cached_input_tokens=9, output_tokens=1),
        5 * 2.5 + 9 * 0.25 + 1 * 10,
    ),
}
RESPONSES = {
    "openai, plain": (
        {"input_tokens": 36, "output_tokens": 87, "total_tokens": 123},
        Usage(input_tokens=36, output_tokens=87),
        36 * 2.5 + 87 * 10,
    ),
    "openai, cached and reasoning": (
        {
            "input_tokens": 12033,
            "input_tokens_details": {"cached_tokens": 11904},
            "output_tokens": 44,
            "output_tokens_details": {"reasoning_tokens": 40},
            "total_tokens": 12077,
        },
        Usage(input_tokens=129, cached_input_tokens=11904, output_tokens=44, reasoning_tokens=40),
        129 * 2.5 + 11904 * 0.25 + 44 * 10,
    ),
    "openai, written to the cache": (
        {
            "input_tokens": 18014,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 18011},
            "output_tokens": 12,
            "total_tokens": 18026,
        },
        Usage(input_tokens=3, cached_input_tokens=0, cache_write_tokens=18011, output_tokens=12),
        3 * 2.5 + 18011 * 3.125 + 12 * 10,
    ),
    "a server without details": (
        {"input_tokens": 5, "input_tokens_details": None, "output_tokens": 0},
        Usage(input_tokens=5, output_tokens=0),
        5 * 2.5,
    ),
}


@pytest.mark.parametrize("name", CHAT)
def test_chat_usage_is_disjoint_and_priced_exactly(ask, say, whole, name):
    """Each convention's payload becomes buckets that add up, and dollars to the last digit."""
    usage, buckets, micro_usd = CHAT[name]
    call = ask([say(whole(usage=usage))], price=PRICE).call
    assert call.reply.usage == buckets
    assert call.cost_usd == pytest.approx(micro_usd / 1e6, rel=1e-12)


@pytest.mark.parametrize("name", CHAT)
def test_a_stream_tells_the_same(ask, say, stream, name):
    """The last event's usage is read as the whole answer's is."""
    usage, buckets, _ = CHAT[name]
    told = stream({"content": "x"}, usage=usage)
    assert ask([say(stream=told)], stream=True).call.reply.usage == buckets


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", RESPONSES)
def test_responses_usage_is_disjoint_and_priced_exactly(
    ask, say, whole_response, response_stream, name, streamed
):
    """The Responses API words its counts otherwise and means the same."""
    usage, buckets, micro_usd = RESPONSES[name]
    body = whole_response(usage=usage)
    told = response_stream({"type": "response.completed", "response": body})
    script = say(stream=told) if streamed else say(body)
    call = ask([script], api="responses", price=PRICE, stream=streamed).call
    assert call.reply.usage == buckets
    assert call.cost_usd == pytest.approx(micro_usd / 1e6, rel=1e-12)


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        [],
        7,
        {"prompt_tokens": 0, "completion_tokens": 0, "input_tokens": 0, "output_tokens": 0},
        {"prompt_tokens": -1, "input_tokens": "5", "output_tokens": 1.5},
        {"prompt_tokens": True, "input_tokens": True},
    ],
)
def test_what_is_not_told_is_unknown(ask, say, whole, whole_response, api, usage):
    """Nothing, zeros and nonsense are no counts: tokens and cost are unknown, never zero, and nothing breaks."""
    body = (whole if api == "chat" else whole_response)(usage=usage)
    call = ask([say(json.dumps(body).encode())], api=api, price=PRICE).call
    assert call.reply is not None
    assert call.reply.usage is None
    assert call.cost_usd is None


@pytest.mark.parametrize(
    ("usage", "buckets"),
    [
        ({"prompt_tokens": 5}, Usage(input_tokens=5)),
        ({"prompt_tokens": "5", "completion_tokens": 7}, Usage(output_tokens=7)),
        ({"prompt_tokens": 5, "completion_tokens": -1}, Usage(input_tokens=5)),
        ({"prompt_tokens": 5, "completion_tokens": 0}, Usage(input_tokens=5, output_tokens=0)),
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": 3},
            Usage(input_tokens=5, output_tokens=1),
        ),
    ],
)
def test_one_bucket_may_be_unknown(ask, say, whole, usage, buckets):
    """A count that is missing or is none leaves its own bucket unknown, and no cost."""
    call = ask([say(whole(usage=usage))], price=PRICE).call
    assert call.reply.usage == buckets
    assert (call.cost_usd is None) == (None in (buckets.input_tokens, buckets.output_tokens))


USED = {"prompt_tokens": 120, "completion_tokens": 30}
USED_HERE = {"input_tokens": 120, "output_tokens": 30}
SPENT = (120 * 2.5 + 30 * 10) / 1e6


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("api", "broken"),
    [
        ("chat", {"choices": [], "usage": USED}),
        ("chat", {"choices": 7, "usage": USED}),
        ("chat", {"choices": [{"message": {"content": 3}}], "usage": USED}),
        ("responses", {"status": "failed", "error": {"code": "server_error"}, "usage": USED_HERE}),
        ("responses", {"status": "cancelled", "output": [], "usage": USED_HERE}),
        ("responses", {"output": [3], "usage": USED_HERE}),
    ],
)
def test_a_broken_answer_is_paid_for_as_it_says(ask, say, api, broken):
    """A 200 without an answer may be billed: what it tells of its tokens is in the cost of the call that answered."""
    once = ask([say(broken)], api=api, price=PRICE, policy=Policy(timeout_s=5, retries=0)).call
    assert once.reply is None
    assert once.spent_usd == pytest.approx(SPENT, rel=1e-12)


def test_a_stream_that_breaks_off_is_paid_for_as_it_said(ask, say, stream):
    """Usage that came before the break is not lost with it."""
    told = stream({"content": "he"}, finish=None, usage=USED, done=False)
    for script in (say(stream=told), say(stream=(*told, b'data: {"error": {"message": "overloaded"}}\n\n'))):
        call = ask([script], stream=True, price=PRICE, policy=Policy(timeout_s=5, retries=0)).call
        assert call.reply is None
        assert call.spent_usd == pytest.approx(SPENT, rel=1e-12)
