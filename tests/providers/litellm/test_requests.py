"""One request an attempt, whatever litellm would do by itself; failures and times as they were at the wire."""

import asyncio

import pytest

from harness.calls.endpoint import Policy

FAMILIES = [
    "openai/m",
    "mistral/m",
    "anthropic/claude-haiku-4-5",
    "azure/m",
    "gemini/gemini-2.5-flash",
    "hosted_vllm/m",
    "bedrock/mistral.m",
]
"""The OpenAI SDK, litellm's own handlers, and the vendors with a language of their own."""

AWS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_region_name": "eu-west-1"}
ERROR = {"error": {"message": "slow down", "type": "t"}}


def of(model):
    """What a vendor wants beside its name."""
    return {"model": model, "extra": AWS if model.startswith("bedrock") else {}}


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize(
    ("fault", "type_"),
    [
        ({"status": 429}, "rate_limited"),
        ({"status": 500}, "server_error"),
        ({"status": 529}, "server_error"),
        ({"status": 400}, "bad_request"),
        ({"status": 401}, "authentication"),
        ({"status": 403}, "authentication"),
        ({"status": 404}, "bad_request"),
        ({"status": 422}, "bad_request"),
        ({"fault": "drop"}, "connection"),
        ({"fault": "cut"}, "connection"),
        ({"body": b"<html>"}, "bad_reply"),
    ],
    ids=str,
)
def test_an_attempt_is_one_request(hear, say, model, fault, type_):
    """The server sees one request, and the failure is the server's own: its status, its sentence."""
    heard = hear([say(**{"body": ERROR, **fault})], **of(model))
    assert len(heard.server.bodies) == 1
    assert heard.call.error["type"] == type_
    assert heard.call.error["status"] == fault.get("status", 200 if type_ == "bad_reply" else None)
    assert "Traceback" not in heard.call.error["message"]
    if "status" in fault:
        assert heard.call.error["message"] == "slow down"


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("stream", [False, True])
def test_requests_are_one_and_the_retries(hear, say, stream):
    """What may pass is tried as often as the run allows, by the harness alone."""
    heard = hear([say(status=429, body=ERROR)], policy=Policy(timeout_s=10, retries=2), stream=stream)
    assert len(heard.server.bodies) == 3
    assert [attempt.status for attempt in heard.call.attempts] == [429, 429, 429]


@pytest.mark.parametrize("model", FAMILIES)
def test_the_server_says_how_long_to_wait(hear, say, model):
    """Retry-After reaches the back-off, though litellm's exceptions forget it."""
    refusal = say(status=429, body=ERROR, headers={"retry-after-ms": "40"})
    heard = hear([refusal], policy=Policy(timeout_s=10, retries=1), **of(model))
    assert len(heard.server.bodies) == 2
    assert heard.call.backoff_ms >= 40


@pytest.mark.parametrize(
    "model", ["openai/m", "mistral/m", "anthropic/claude-haiku-4-5", "azure/m", "hosted_vllm/m"]
)
def test_times_are_taken_at_the_wire(hear, say, claude, model):
    """The latency is the server's 60 ms, not litellm's share, which stands beside it; connections are kept."""
    body = claude() if "claude" in model else None
    heard = hear([say(body=body, wait_s=0.06)], times=3, model=model)
    assert [call.clock for call in heard.calls] == ["wire"] * 3
    assert [call.reply.wire.connect_ms is not None for call in heard.calls] == [True, False, False]
    assert all(60 <= call.ms < call.attempts[0].ms for call in heard.calls)
    assert all(call.sdk_ms > 0 for call in heard.calls)
    assert len(heard.kit.meter.start_to_send_ms) == 3


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["openai/m", "mistral/m", "anthropic/claude-haiku-4-5"])
def test_a_silent_server_is_left_at_the_deadline(hear, say, model, stream):
    """One request; the call ends at its limit, not at one of litellm's."""
    heard = hear([say(fault="hang")], policy=Policy(timeout_s=0.3, retries=3), model=model, stream=stream)
    assert len(heard.server.bodies) == 1
    assert heard.call.error["type"] == "timeout"
    assert heard.call.ms == 300.0


def test_a_call_that_is_given_up_lets_go_of_the_server(hear, say, stream, monkeypatch):
    """Cancelling ends the request itself: the server sees the connection close while it still writes."""
    closed = asyncio.Event()
    drip = stream(*[{"content": "x"}, {"content": "y"}] * 500)
    script = say(stream=drip, between_s=0.02)
    pieces = None

    async def watched(server, request, told):
        try:
            return await pieces(server, request, told)
        except (asyncio.CancelledError, ConnectionError):
            closed.set()
            raise

    heard = hear([say()])
    pieces = type(heard.server)._pieces
    monkeypatch.setattr(type(heard.server), "_pieces", watched)
    heard = hear([script], policy=Policy(timeout_s=0.3, retries=0), stream=True)
    assert heard.call.error["type"] == "timeout"
    assert closed.is_set()


def test_a_redirect_is_not_followed(hear, say):
    """Where the config does not point, nothing goes."""
    heard = hear([say(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"}, body=ERROR)])
    assert len(heard.server.bodies) == 1
    assert heard.call.error["status"] == 307


def test_nothing_is_sent_that_litellm_refuses(hear, say):
    """A parameter that only the call shows to be wrong ends in one failed attempt, and no request."""
    heard = hear([say()], model="perplexity/sonar", params={"presence_penalty": 1, "logit_bias": {"a": 1}})
    assert heard.server.bodies == []
    assert heard.call.error["type"] == "bad_request"
    assert heard.call.error["message"].startswith("not sent: ")
    assert len(heard.call.attempts) == 1


def test_an_answer_without_end_is_cut(hear, say, monkeypatch):
    """A body past the bound is a broken answer."""
    from harness.calls import bounds
    from harness.providers.litellm import reading

    monkeypatch.setattr(bounds, "MOST_BYTES", 1 << 20)
    heard = hear([say(body=b'{"a": "' + b"x" * (2 << 20) + b'"}')])
    assert heard.call.error["type"] == "bad_reply"
    assert heard.call.error["status"] == 200
    monkeypatch.setattr(reading, "MOST_CHUNKS", 20)
    drip = [b'data: {"choices": [{"index": 0, "delta": {"content": "%d"}}]}\n\n' % n for n in range(60)]
    heard = hear([say(stream=drip)], stream=True)
    assert heard.call.error["message"] == "the stream ran past 20 chunks"
