"""Calls that fail, over the official SDK and real HTTP: what is tried again, what is not, and what is told of it."""

import pytest

from harness.calls.endpoint import Policy
from harness.providers.anthropic import answers
from harness.types.call import Usage
from tests.providers.anthropic_desk import ask, begun, ended, event, message, refused, texts
from tests.providers.conftest import Say

# --- attempts -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "type_"),
    [
        ({"status": 429, "body": refused("rate_limit_error", "slow down")}, "rate_limited"),
        ({"status": 500, "body": refused("api_error", "oops")}, "server_error"),
        ({"status": 529, "body": refused("overloaded_error", "Overloaded")}, "server_error"),
        ({"status": 503, "body": b"<html>"}, "server_error"),
        ({"fault": "drop"}, "connection"),
        ({"fault": "cut"}, "connection"),
    ],
)
def test_what_may_pass_is_tried_once_and_as_often_as_asked(stream, fault, type_):
    """The server sees exactly 1 + retries requests, and the record tells each of them."""
    asked = ask(Say(**fault), policy=Policy(timeout_s=5, retries=2), stream=stream)
    assert len(asked.server.bodies) == 3
    assert asked.call.reply is None
    assert asked.call.error["type"] == type_
    assert asked.call.ms is None
    assert [attempt.error is None for attempt in asked.call.attempts] == [False] * 3
    assert all("Traceback" not in attempt.error for attempt in asked.call.attempts)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_what_will_not_pass_is_asked_once(stream, status):
    """A request that is wrong stays wrong: one request, its status and the server's own words in the record."""
    body = refused("invalid_request_error", "no such parameter")
    asked = ask(Say(status=status, body=body), stream=stream)
    assert len(asked.server.bodies) == 1
    assert asked.call.error["status"] == status
    assert asked.call.error["message"] == "no such parameter"
    assert asked.call.error["type"] == ("authentication" if status in (401, 403) else "bad_request")


def test_an_empty_purse_is_not_a_rate_limit():
    """429 for lack of money does not pass by waiting; a limit on growth does."""
    spent = refused("rate_limit_error", "spent", details={"error_code": "contract_spend_limit_reached"})
    asked = ask(Say(status=429, body=spent))
    assert len(asked.server.bodies) == 1
    assert asked.call.error["type"] == "rate_limited"
    growing = refused("rate_limit_error", "slowly", details={"error_code": "ramp_limit_exceeded"})
    asked = ask(Say(status=429, body=growing, headers={"retry-after-ms": "1"}), message())
    assert [attempt.status for attempt in asked.call.attempts] == [429, 200]


@pytest.mark.parametrize("stream", [False, True])
def test_a_silent_server_is_left_at_the_deadline(stream):
    """A server that never answers is asked once; the call ends at the limit and counts at it."""
    asked = ask(Say(fault="hang"), policy=Policy(timeout_s=0.15, retries=3), stream=stream)
    assert len(asked.server.bodies) == 1
    assert asked.call.error["type"] == "timeout"
    assert asked.call.ms == 150.0


def test_a_stream_that_drips_is_left_at_the_deadline():
    """The deadline is wall clock for the whole attempt: bytes that keep coming do not move it."""
    drip = [begun(), *texts(*["x"] * 200)]
    asked = ask(Say(stream=drip, between_s=0.02), policy=Policy(timeout_s=0.2, retries=3), stream=True)
    assert asked.call.error["type"] == "timeout"
    assert len(asked.server.bodies) == 1


def test_the_server_says_how_long_to_wait():
    """Retry-After is kept; the wait is back-off and never latency, which is what the last attempt took at the wire."""
    busy = Say(
        status=529, body=refused("overloaded_error", "no"), headers={"Retry-After": "0.05"}, wait_s=0.2
    )
    asked = ask(busy, Say(body=message(), wait_s=0.05))
    assert asked.statuses == [529, 200]
    assert 50 <= asked.call.backoff_ms < 2000
    assert asked.call.clock == "wire"
    assert 50 <= asked.call.ms < 150


def test_a_large_answer_may_be_asked_for_at_once():
    """The SDK refuses a plain call that might take ten minutes; the harness has a deadline of its own."""
    asked = ask(params={"max_tokens": 128_000})
    assert asked.call.reply.text == "yes"
    assert asked.server.bodies[0]["max_tokens"] == 128_000


def test_a_redirect_is_not_followed():
    """Nothing is sent to a host that the config does not name."""
    asked = ask(Say(status=307, body={}, headers={"Location": "http://127.0.0.1:9/v1/messages"}))
    assert len(asked.server.bodies) == 1
    assert "not followed" in asked.call.error["message"]


# --- broken answers -------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"null",
        b'"text"',
        b"[]",
        b"{}",
        b"[" * 20_000,
        {"type": "message", "content": "yes"},
        message(content=[{"type": "text", "text": 3}]),
        message(content=[{"type": "tool_use", "name": None, "input": {}}]),
        message(content=[{"type": "tool_use", "name": "f", "input": [1]}]),
    ],
)
def test_a_200_without_a_message_is_a_broken_answer(body):
    """Whatever comes, the call ends as a CallError that is tried again, never in a traceback."""
    asked = ask(Say(body=body), policy=Policy(timeout_s=5, retries=1))
    assert asked.call.error["type"] == "bad_reply"
    assert len(asked.server.bodies) == 2


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    "stream",
    [
        [],
        [b"event: message_start\ndata: {not json\n\n"],
        [b"event: message_start\ndata: 3\n\n"],
        [event("message_start", message=None), event("content_block_delta"), event("message_delta")],
        [event("message_start", message=3), event("content_block_start"), event("message_delta", delta=3)],
        [
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": 3}),
            event("message_stop"),
        ],
        [event("content_block_delta", index=[], delta={"type": "text_delta", "text": "x"})],
        [
            event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": "{"}),
            *ended(),
        ],
        [begun(), *texts("half an ans")],
    ],
)
def test_a_broken_stream_is_a_broken_answer(stream):
    """A stream that ends early, or is none, is told as such and tried again."""
    asked = ask(Say(stream=stream), stream=True, policy=Policy(timeout_s=5, retries=1))
    assert asked.call.error["type"] == "bad_reply"
    assert len(asked.server.bodies) == 2


@pytest.mark.usefixtures("no_wait")
def test_a_stream_that_ends_early_still_told_its_input():
    """The input is known of it, the output is not: the first event counts one token of it, whatever comes."""
    asked = ask(Say(stream=[begun(input_tokens=120), *texts("half")]), stream=True)
    assert {attempt.usage for attempt in asked.call.attempts} == {Usage(input_tokens=120)}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("kind", "type_", "requests"),
    [
        ("overloaded_error", "server_error", 4),
        ("api_error", "server_error", 4),
        ("rate_limit_error", "rate_limited", 4),
        ("some_new_error", "server_error", 4),
        ("invalid_request_error", "bad_request", 1),
    ],
)
def test_an_error_amid_a_stream_is_what_it_says(kind, type_, requests):
    """It came under a 200, which may be billed: the status stays, and so does what was told of the input."""
    told = [
        begun(input_tokens=120, cache_read_input_tokens=30),
        *texts("ha"),
        event("error", **refused(kind, "no")),
    ]
    asked = ask(Say(stream=told), stream=True)
    assert len(asked.server.bodies) == requests
    assert asked.call.error == {"type": type_, "message": f"{kind}: no", "status": 200}
    assert asked.call.attempts[0].usage == Usage(input_tokens=120, cached_input_tokens=30)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("data", [b"overloaded", b'{"error": "no"}', b'{"type": "error"}'])
def test_an_error_event_that_says_nothing_is_told_too(data):
    """A gateway's error event may hold anything."""
    asked = ask(Say(stream=[begun(), b"event: error\ndata: " + data + b"\n\n"]), stream=True)
    assert len(asked.server.bodies) == 4
    assert asked.call.error["type"] in ("bad_reply", "server_error")


@pytest.mark.usefixtures("no_wait")
def test_an_error_under_a_200_is_an_error():
    """Some gateways send the body of an error with the status of an answer."""
    asked = ask(refused("overloaded_error", "Overloaded"), message())
    assert asked.statuses == [200, 200]
    assert asked.call.attempts[0].error.startswith("server_error")
    assert asked.call.reply.text == "yes"


def test_a_stream_without_end_is_cut(monkeypatch):
    """A stream of more events than any answer has is left, and not asked for again."""
    monkeypatch.setattr(answers, "MOST_CHUNKS", 20)
    asked = ask(Say(stream=[begun(), *texts(*["x"] * 50), *ended()]), stream=True)
    assert "ran past 20 chunks" in asked.call.error["message"]
    assert len(asked.server.bodies) == 1
