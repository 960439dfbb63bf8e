"""The official SDK over real HTTP: what is sent, what is read, what is tried again, and what it took."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness.calls.endpoint import Policy
from harness.errors import UsageError
from harness.providers.openai.provider import OpenAI
from harness.types.call import Message, Request, Usage
from harness.types.experiment import ModelSpec, OutputSpec, Price

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


def request(**parts):
    """A request with one user message."""
    return Request(messages=(Message(role="user", content="hello"),), **parts)


def refused(message, code=None, **more):
    """An error body as OpenAI words it."""
    return {"error": {"message": message, "type": "t", "param": None, "code": code}, **more}


# --- attempts -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("fault", "type_"),
    [
        ({"status": 429, "body": refused("slow down")}, "rate_limited"),
        ({"status": 500, "body": refused("oops")}, "server_error"),
        ({"status": 503, "body": b"<html>"}, "server_error"),
        ({"status": 408, "body": refused("late")}, "bad_request"),
        ({"fault": "drop"}, "connection"),
        ({"fault": "cut"}, "connection"),
        ({"body": b"<!doctype html>", "headers": {"Content-Type": "text/html"}}, "bad_reply"),
        ({"body": b"{not json"}, "bad_reply"),
    ],
)
def test_what_may_pass_is_tried_once_and_as_often_as_asked(ask, say, fault, type_):
    """The server sees exactly 1 + retries requests, and the record tells each of them."""
    asked = ask([say(**fault)], policy=Policy(timeout_s=5, retries=2))
    assert len(asked.server.bodies) == 3
    assert asked.call.reply is None
    assert asked.call.error["type"] == type_
    assert asked.call.ms is None
    assert asked.call.cost_usd is None
    assert [attempt.error is None for attempt in asked.call.attempts] == [False] * 3
    assert all("Traceback" not in attempt.error for attempt in asked.call.attempts)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_not_pass_is_asked_once(ask, say, status):
    """A request that is wrong stays wrong: one request, and its status in the record."""
    asked = ask([say(status=status, body=refused("no such parameter"))])
    assert len(asked.server.bodies) == 1
    assert asked.call.error["status"] == status
    assert "no such parameter" in asked.call.error["message"]
    assert asked.call.error["type"] == ("authentication" if status in (401, 403) else "bad_request")


@pytest.mark.parametrize(
    "body", [refused("pay first", "insufficient_quota"), {"error": {"type": "insufficient_quota"}}]
)
def test_an_empty_purse_is_not_a_rate_limit(ask, say, body):
    """429 for lack of money does not pass by waiting."""
    asked = ask([say(status=429, body=body)])
    assert len(asked.server.bodies) == 1
    assert asked.call.error["type"] == "rate_limited"


def test_a_silent_server_is_left_at_the_deadline(ask, say):
    """A server that never answers is asked once; the call ends at the limit and counts at it."""
    asked = ask([say(fault="hang")], policy=Policy(timeout_s=0.15, retries=3))
    assert len(asked.server.bodies) == 1
    assert asked.call.error["type"] == "timeout"
    assert asked.call.ms == 150.0
    assert 140 <= asked.call.attempts[0].ms < 2000


def test_a_stream_that_drips_is_left_at_the_deadline(ask, say, stream):
    """The deadline is wall clock for the whole attempt: bytes that keep coming do not move it."""
    drip = stream(*[{"content": "x"}] * 200)
    asked = ask([say(stream=drip, between_s=0.02)], policy=Policy(timeout_s=0.2, retries=3), stream=True)
    assert asked.call.error["type"] == "timeout"
    assert len(asked.server.bodies) == 1


@pytest.mark.parametrize(
    ("headers", "least_ms"),
    [
        ({"Retry-After": "0.05"}, 50),
        ({"retry-after-ms": "60", "Retry-After": "30"}, 60),
        ({"Retry-After": format_datetime(datetime.now(UTC) - timedelta(seconds=9))}, 0),
    ],
)
def test_the_server_says_how_long_to_wait(ask, say, headers, least_ms):
    """Retry-After is kept, in seconds, milliseconds or as a date; the wait is back-off and never latency."""
    limited = say(status=429, body=refused("slow down"), headers=headers)
    asked = ask([limited, say()])
    assert asked.statuses == [429, 200]
    assert least_ms <= asked.call.backoff_ms < 2000
    assert asked.call.ms < asked.call.backoff_ms + 1000
    assert asked.call.attempts[1].error is None


def test_latency_is_the_attempt_that_answered(ask, say):
    """Two refusals and their waits leave no trace in the latency: it is what the third attempt took, at the wire."""
    slow_refusal = say(status=429, body=refused("no"), headers={"retry-after-ms": "1"}, wait_s=0.2)
    asked = ask([slow_refusal, slow_refusal, say(wait_s=0.05)])
    assert asked.statuses == [429, 429, 200]
    assert asked.call.clock == "wire"
    assert 50 <= asked.call.ms < 150
    assert asked.call.attempts[0].ms >= 200
    assert asked.call.attempts[2].ms >= asked.call.ms


def test_a_new_connection_is_told_and_not_charged_twice(ask, say):
    """connect_ms stands on the call that opened a connection, and on no other."""
    asked = ask([say()], times=3)
    assert [call.reply.wire.connect_ms is not None for call in asked.calls] == [True, False, False]
    assert len(asked.kit.meter.start_to_send_ms) == 3
    assert asked.kit.meter.pool_waits == 0


# --- streams --------------------------------------------------------------------------------------


def test_a_stream_is_gathered_and_its_first_token_timed(ask, say, stream):
    """An empty first delta is no token; the usage comes from include_usage; the end is at the wire."""
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    told = stream({"role": "assistant", "content": ""}, {"content": "he"}, {"content": "y"}, usage=usage)
    asked = ask([say(stream=told, between_s=0.03)], stream=True, times=2)
    call = asked.call
    assert asked.server.bodies[0]["stream_options"] == {"include_usage": True}
    assert call.reply.text == "hey"
    assert call.reply.kind == "answered"
    assert call.reply.usage == Usage(input_tokens=9, output_tokens=2)
    assert call.clock == "wire"
    assert 30 <= call.first_token_ms < call.ms
    assert call.ms >= 120
    assert all(one.reply.wire.done_ns >= one.reply.wire.first_token_ns for one in asked.calls)


def test_a_stream_without_usage_leaves_it_unknown(ask, say, stream):
    """Nobody said what it took: tokens and cost are unknown, not zero."""
    price = Price(input_usd_per_mtok=1, output_usd_per_mtok=1)
    asked = ask([say(stream=stream({"content": "hey"}))], stream=True, price=price)
    assert asked.call.reply.usage is None
    assert asked.call.cost_usd is None


def test_without_a_stream_there_is_no_first_token(ask, say):
    """A first token that nobody saw has no time."""
    assert ask([say()]).call.first_token_ms is None


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("broken", ["no reason", "no event", "cut", "error event", "not json"])
def test_a_stream_that_ends_early_is_no_answer(ask, say, stream, broken):
    """Half an answer is not a short one: it is tried again, then failed."""
    script = {
        "no reason": say(stream=stream({"content": "he"}, finish=None)),
        "no event": say(stream=(b"\n",)),
        "cut": say(stream=stream({"content": "he"}, finish=None, done=False), fault="cut"),
        "error event": say(stream=(b'data: {"error": {"message": "overloaded"}}\n\n',)),
        "not json": say(stream=(b"data: <html>\n\n",)),
    }[broken]
    asked = ask([script], stream=True, policy=Policy(timeout_s=5, retries=1))
    assert len(asked.server.bodies) == 2
    assert asked.call.reply is None
    assert asked.call.error["type"] == ("connection" if broken == "cut" else "bad_reply")


def test_streamed_tool_calls_refusals_and_other_choices(ask, say, stream):
    """Tool calls come in pieces and are joined; a refusal is a refusal; of several choices the first is the answer."""
    pieces = (
        {"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "look", "arguments": '{"q"'}}]},
        {"tool_calls": [{"index": 0, "function": {"name": "_up", "arguments": ": 1}"}}]},
    )
    call = ask([say(stream=stream(*pieces, finish="tool_calls"))], stream=True).call
    held = {"id": "t1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": 1}'}}
    assert call.reply.tool_calls == (held,)
    assert call.first_token_ms is not None

    unnumbered = [
        {"tool_calls": [{"id": name, "function": {"name": name, "arguments": "{}"}}]} for name in ("a", "b")
    ]
    both = ask([say(stream=stream(*unnumbered, finish="tool_calls"))], stream=True).call
    assert [called["function"]["name"] for called in both.reply.tool_calls] == ["a", "b"]

    refusal = ask([say(stream=stream({"refusal": "I "}, {"refusal": "won't"}))], stream=True).call
    assert (refusal.reply.kind, refusal.reply.text) == ("refused", "I won't")

    told = stream({"content": "one"}, finish=None, done=False)
    other = told[0].replace(b'"index": 0', b'"index": 1').replace(b"one", b"two")
    both = ask([say(stream=(told[0], other, *stream(finish="stop")))], stream=True).call
    assert both.reply.text == "one"


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "ended"),
    [
        ({"finish_reason": "stop", "message": {"content": "yes"}}, ("answered", "yes")),
        ({"finish_reason": "stop", "message": {"content": ""}}, ("answered", "")),
        ({"finish_reason": "stop", "message": {"content": None}}, ("answered", "")),
        ({"finish_reason": "length", "message": {"content": "ye"}}, ("truncated", "ye")),
        ({"finish_reason": "content_filter", "message": {"content": ""}}, ("refused", "")),
        ({"finish_reason": "stop", "message": {"content": None, "refusal": "No."}}, ("refused", "No.")),
        ({"message": {"content": "yes"}}, ("answered", "yes")),
    ],
)
def test_how_an_answer_ended(ask, say, whole, choice, ended):
    """A refusal, a filter and a limit are named; an empty answer is an answer."""
    reply = ask([say(whole(choices=[{"index": 0, **choice}]))]).call.reply
    assert (reply.kind, reply.text) == ended
    assert reply.model_returned == "m-2026"


def test_tool_calls_are_kept(ask, say, whole):
    """An answer may be tool calls and no text."""
    held = {"id": "t1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [held]}}
    reply = ask([say(whole(choices=[choice]))]).call.reply
    assert reply.tool_calls == (held,)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        3,
        "text",
        None,
        {"choices": []},
        {"choices": None},
        {"choices": {}},
        {"choices": 7},
        {"choices": [{}]},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": ["parts"]}}]},
        {"choices": [{"message": {"content": "x", "tool_calls": ["what"]}}]},
        {"choices": [{"message": "text"}]},
        {"error": {"message": "said with a 200"}},
    ],
)
def test_a_body_that_is_not_the_promised_one_is_a_bad_reply(ask, say, body):
    """Whatever stands in a 200, the call ends as told: failed, with the status, never with a traceback."""
    asked = ask([say(json.dumps(body).encode())], policy=Policy(timeout_s=5, retries=0))
    assert asked.call.reply is None
    assert asked.call.error["type"] == "bad_reply"
    assert asked.call.error["status"] == 200


# --- what is sent ---------------------------------------------------------------------------------


def test_the_body_holds_what_the_config_says_and_no_more(ask, say):
    """Parameters and extras go as they stand; what the harness knows of the example does not leave."""
    asked = ask(
        [say()],
        request=request(seed=5, example_id="g-1", inputs={"secret": "inside"}),
        params={"temperature": 0, "max_tokens": 9},
        extra={"top_k": 5},
    )
    body = asked.server.bodies[0]
    messages = [{"role": "user", "content": "hello"}]
    assert body == {"model": "m", "messages": messages, "temperature": 0, "max_tokens": 9, "top_k": 5}
    assert asked.call.reply.params == {"model": "m", "temperature": 0, "max_tokens": 9, "top_k": 5}


def test_repeats_are_asked_with_seeds_of_their_own(ask, say):
    """A declared seed moves with the repeat, so that repeats are samples and can be had again."""
    asked = ask([say()], request=request(repeat=2), params={"seed": 40})
    assert asked.server.bodies[0]["seed"] == 42


@pytest.mark.parametrize(
    ("mode", "sent"),
    [
        ("prompt", None),
        ("json_object", {"type": "json_object"}),
        (
            "json_schema",
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
        ),
    ],
)
def test_the_output_mode_reaches_the_server(ask, say, mode, sent):
    """What constrains the answer is in the request as it was asked, and is named in the record."""
    asked = ask([say()], request=request(output=OutputSpec(mode=mode, schema=SCHEMA)))
    assert asked.server.bodies[0].get("response_format") == sent
    assert asked.call.reply.params.get("response_format") == (sent and sent["type"])
    assert asked.call.reply.output_mode == mode


@pytest.mark.parametrize("streamed", [False, True])
def test_the_answer_tool_is_forced_and_is_the_answer(ask, say, whole, stream, streamed):
    """Mode `tool` sends one function; its arguments are the text, and no call is left to be scored."""
    called = {"id": "t1", "type": "function", "function": {"name": "answer", "arguments": '{"a": "x"}'}}
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": None, "tool_calls": [called]}}
    told = stream({"tool_calls": [{"index": 0, **called}]})
    asked = ask(
        [say(stream=told) if streamed else say(whole(choices=[choice]))],
        request=request(output=OutputSpec(mode="tool", schema=SCHEMA)),
        stream=streamed,
    )
    body, reply = asked.server.bodies[0], asked.call.reply
    assert body["tools"] == [{"type": "function", "function": {"name": "answer", "parameters": SCHEMA}}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "answer"}}
    assert (reply.text, reply.kind, reply.tool_calls) == ('{"a": "x"}', "answered", ())
    assert reply.output_mode == "tool"


def test_a_server_that_ignores_the_answer_tool_is_told_as_it_is(ask, say):
    """Text without the call is the answer that came; the schema is checked locally anyway."""
    reply = ask([say()], request=request(output=OutputSpec(mode="tool", schema=SCHEMA))).call.reply
    assert (reply.text, reply.output_mode) == ("yes", "tool")


def test_extra_has_the_last_word_and_the_record_says_so(ask, say):
    """A response_format of the user's own replaces the mode, and the mode that ran is told."""
    asked = ask(
        [say()],
        request=request(output=OutputSpec(mode="json_schema", schema=SCHEMA)),
        extra={"response_format": {"type": "json_object"}, "n": 2},
    )
    assert asked.server.bodies[0]["response_format"] == {"type": "json_object"}
    assert asked.call.reply.output_mode == "json_object"
    assert asked.call.reply.params["n"] == 2


def test_tools_reach_the_server(ask, say):
    """However they are written they go as chat words them; the record counts them."""
    mcp = {"name": "now", "description": "The time.", "inputSchema": {"type": "object"}}
    asked = ask([say()], request=request(tools=(TOOL, mcp, {**TOOL, "strict": True})))
    function = {"name": "now", "description": "The time.", "parameters": {"type": "object"}}
    strict = {"type": "function", "function": {**TOOL["function"], "strict": True}}
    assert asked.server.bodies[0]["tools"] == [TOOL, {"type": "function", "function": function}, strict]
    assert asked.call.reply.params["tools"] == 3


# --- keys -----------------------------------------------------------------------------------------

VENDORS = {
    "OPENAI_API_KEY": "sk-vendor",
    "OPENAI_ORG_ID": "org-vendor",
    "OPENAI_PROJECT_ID": "proj-vendor",
    "OPENAI_ADMIN_KEY": "adm-vendor",
    "OPENAI_CUSTOM_HEADERS": "X-Gate: vendor-gate",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/nowhere",
}


def test_the_vendors_key_stays_with_the_vendor(ask, say, monkeypatch):
    """A custom base_url gets no OPENAI_* variable, and OPENAI_BASE_URL moves nothing."""
    for name, value in VENDORS.items():
        monkeypatch.setenv(name, value)
    asked = ask([say()], environ=VENDORS)
    assert asked.call.reply is not None
    sent = json.dumps(asked.server.headers[0])
    assert "vendor" not in sent
    assert asked.server.headers[0]["Authorization"] == "Bearer none"


def test_the_key_that_the_config_names_is_sent(ask, say):
    """`api_key_env` names the variable."""
    asked = ask([say()], environ={"MY_KEY": "sk-mine"}, api_key_env="MY_KEY")
    assert asked.server.headers[0]["Authorization"] == "Bearer sk-mine"


@pytest.mark.parametrize(
    ("model", "variable"),
    [({}, "OPENAI_API_KEY"), ({"api_key_env": "MY_KEY", "base_url": "http://127.0.0.1:1/v1"}, "MY_KEY")],
)
def test_a_missing_key_is_named(make_kit, model, variable):
    """The variable, the model and the config's line; before anything is sent."""
    spec = ModelSpec(name="gpt", provider="openai", model="gpt-4o-mini", where="c.yaml:9", **model)
    with pytest.raises(UsageError) as caught:
        OpenAI(spec, make_kit(environ={variable: ""}))
    line = str(caught.value)
    assert line.startswith("c.yaml:9: ")
    assert variable in line
    assert "gpt" in line


def test_a_key_in_an_error_is_not_repeated_from_the_request(ask, say):
    """What the SDK raises is told by the server's words and the status, not by the request's headers."""
    asked = ask(
        [say(status=401, body=refused("bad key"))], environ={"MY_KEY": "sk-mine"}, api_key_env="MY_KEY"
    )
    assert "sk-mine" not in json.dumps(asked.call.error)


def test_parameters_that_the_sdk_does_not_know_arrive(ask, say):
    """A newer or a server's own parameter is the config's business: it is sent as it stands."""
    asked = ask([say()], params={"verbosity_of_tomorrow": {"level": 3}, "temperature": None})
    assert asked.server.bodies[0]["verbosity_of_tomorrow"] == {"level": 3}
    assert asked.server.bodies[0]["temperature"] is None
