"""The Responses API over real HTTP: what is sent, what is read, how it ended, and the stream."""

import json

import pytest

from harness.calls.endpoint import Policy
from harness.types.call import Message, Request, Usage
from harness.types.experiment import OutputSpec

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FUNCTION = {"name": "look_up", "description": "Looks it up.", "input_schema": {"type": "object"}}
CALL = {
    "type": "function_call",
    "id": "fc-1",
    "call_id": "t1",
    "name": "look_up",
    "arguments": '{"q": 1}',
    "status": "completed",
}
ONCE = Policy(timeout_s=5, retries=0)


def request(*messages, **parts):
    """A request with these messages, (role, text) each, or one of the user."""
    said = messages or (("user", "hello"),)
    return Request(messages=tuple(Message(role=role, content=text) for role, text in said), **parts)


@pytest.fixture
def respond(ask):
    """Calls to the Responses API of a script."""

    def calls(says, **more):
        return ask(says, api="responses", **more)

    return calls


def message(*parts, **more):
    """An output message of some content parts."""
    return {"type": "message", "id": "m-1", "role": "assistant", "content": list(parts), **more}


def part(text):
    """A content part with text."""
    return {"type": "output_text", "text": text, "annotations": []}


REFUSED = {"type": "refusal", "refusal": "No."}


# --- what is sent ---------------------------------------------------------------------------------


def test_the_body_is_worded_for_this_interface(respond, say):
    """System text leads as instructions, the limit and the effort have their names here, and nothing is stored."""
    asked = respond(
        [say()],
        request=request(("system", "be brief"), ("user", "a"), ("assistant", "b"), ("user", "c")),
        params={"max_tokens": 50, "reasoning_effort": "low", "temperature": 0},
        extra={"truncation": "auto", "reasoning": {"summary": "auto"}},
    )
    assert asked.server.paths == ["/v1/responses"]
    turns = [("user", "a"), ("assistant", "b"), ("user", "c")]
    sent = {
        "model": "m",
        "store": False,
        "max_output_tokens": 50,
        "reasoning": {"effort": "low", "summary": "auto"},
        "temperature": 0,
        "truncation": "auto",
    }
    assert asked.server.bodies[0] == {
        **sent,
        "instructions": "be brief",
        "input": [{"role": role, "content": text} for role, text in turns],
    }
    assert asked.call.reply.params == sent


def test_a_system_message_alone_is_the_input(respond, say):
    """There must be an input: without another message the system's is it."""
    body = respond([say()], request=request(("system", "hello"))).server.bodies[0]
    assert body["input"] == [{"role": "system", "content": "hello"}]
    assert "instructions" not in body


def test_storing_is_the_configs_choice(respond, say):
    """`extra` has the last word."""
    assert respond([say()], extra={"store": True}).server.bodies[0]["store"] is True


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("prompt", None),
        ("json_object", {"format": {"type": "json_object"}}),
        (
            "json_schema",
            {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
        ),
    ],
)
def test_the_output_mode_reaches_the_server(respond, say, mode, text):
    """What constrains the answer stands under text.format, and is named in the record without the schema."""
    asked = respond([say()], request=request(output=OutputSpec(mode=mode, schema=SCHEMA)))
    assert asked.server.bodies[0].get("text") == text
    assert asked.call.reply.output_mode == mode
    assert asked.call.reply.params.get("text") == (text and {"format": mode})


def test_extra_adds_to_the_text_and_takes_no_mode_away(respond, say):
    """A verbosity of the user's leaves the schema in place."""
    asked = respond(
        [say()],
        request=request(output=OutputSpec(mode="json_schema", schema=SCHEMA)),
        extra={"text": {"verbosity": "low"}},
    )
    assert asked.server.bodies[0]["text"]["format"]["schema"] == SCHEMA
    assert asked.call.reply.params["text"] == {"verbosity": "low", "format": "json_schema"}
    assert asked.call.reply.output_mode == "json_schema"


def test_the_answer_tool_is_forced_and_is_the_answer(respond, say, whole_response):
    """Mode `tool` sends one function; its arguments are the text, and no call is left to be scored."""
    called = {**CALL, "name": "answer", "arguments": '{"a": "x"}'}
    asked = respond(
        [say(whole_response(output=[called]))],
        request=request(output=OutputSpec(mode="tool", schema=SCHEMA)),
    )
    body, reply = asked.server.bodies[0], asked.call.reply
    function = {"type": "function", "name": "answer", "parameters": SCHEMA, "strict": False}
    assert body["tools"] == [function]
    assert body["tool_choice"] == {"type": "function", "name": "answer"}
    assert (reply.text, reply.kind, reply.tool_calls) == ('{"a": "x"}', "answered", ())
    assert reply.output_mode == "tool"


def test_tools_and_their_calls(respond, say, whole_response):
    """Tools go flat, their strictness always said; calls come back in the shape that chat's do."""
    output = [{"type": "reasoning", "id": "rs-1", "summary": []}, CALL, {**CALL, "call_id": "t2"}]
    asked = respond([say(whole_response(output=output))], request=request(tools=(FUNCTION,)))
    assert asked.server.bodies[0]["tools"] == [
        {
            "type": "function",
            "name": "look_up",
            "description": "Looks it up.",
            "parameters": {"type": "object"},
            "strict": False,
        }
    ]
    function = {"name": "look_up", "arguments": '{"q": 1}'}
    assert asked.call.reply.tool_calls == (
        {"id": "t1", "type": "function", "function": function},
        {"id": "t2", "type": "function", "function": function},
    )
    assert (asked.call.reply.kind, asked.call.reply.text) == ("answered", "")
    assert asked.call.reply.params["tools"] == 1


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, ("answered", "yes", "completed")),
        ({"status": None}, ("answered", "yes", None)),
        ({"output": []}, ("answered", "", "completed")),
        ({"output": [message(part("a"), part("b"))]}, ("answered", "ab", "completed")),
        ({"output": [message(REFUSED)]}, ("refused", "No.", "completed")),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            ("truncated", "yes", "max_output_tokens"),
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            ("refused", "yes", "content_filter"),
        ),
        ({"status": "incomplete"}, ("truncated", "yes", "incomplete")),
        (
            {"output": [message(part("I look."), phase="commentary"), message(part("42"))]},
            ("answered", "42", "completed"),
        ),
        ({"output": [message(part("I look."), phase="commentary")]}, ("answered", "I look.", "completed")),
    ],
)
def test_how_an_answer_ended(respond, say, whole_response, changes, ended):
    """A limit, a filter and a refusal are named, the reason as it came; a comment on the way is no answer."""
    reply = respond([say(whole_response(**changes))]).call.reply
    assert (reply.kind, reply.text, reply.finish_reason) == ended
    assert reply.model_returned == "m-2026"


@pytest.mark.parametrize(
    ("changes", "type_", "retried"),
    [
        ({"status": "failed", "error": {"code": "server_error", "message": "oops"}}, "server_error", True),
        (
            {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "x"}},
            "rate_limited",
            True,
        ),
        (
            {"status": "failed", "error": {"code": "invalid_prompt", "message": "flagged"}},
            "bad_request",
            False,
        ),
        ({"status": "failed"}, "server_error", True),
        ({"status": "queued"}, "bad_reply", True),
        ({"output": None}, "bad_reply", True),
    ],
)
@pytest.mark.usefixtures("no_wait")
def test_a_response_that_failed_tells_what_it_took(respond, say, whole_response, changes, type_, retried):
    """A 200 that holds no answer is a failure; what may pass is tried again; its tokens are told."""
    asked = respond([say(whole_response(**changes)), say()])
    assert len(asked.server.bodies) == 1 + retried
    assert type_ in asked.call.attempts[0].error
    assert (asked.call.reply is None) != retried


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], 3, "text", None),
        *({"output": None}, {"output": 7}, {"output": {}}, {"output": ["x"]}, {"output": [None]}),
        {"output": [{"type": "message"}]},
        {"output": [{"type": "message", "content": 3}]},
        {"output": [message({"type": "output_text", "text": ["x"]})]},
        {"output": [{"type": "function_call", "name": "", "arguments": "{}"}]},
        {"output": [{"type": "function_call", "name": "x", "arguments": 3}]},
        {"choices": [{"message": {"content": "another interface"}}]},
        {"error": {"message": "said with a 200"}},
    ],
)
def test_a_body_that_is_not_the_promised_one_is_a_bad_reply(respond, say, body):
    """Whatever stands in a 200, the call ends as told: failed, with the status, never with a traceback."""
    asked = respond([say(json.dumps(body).encode())], policy=ONCE)
    assert asked.call.reply is None
    assert (asked.call.error["type"], asked.call.error["status"]) == ("bad_reply", 200)


# --- streams --------------------------------------------------------------------------------------

DELTA = {"type": "response.output_text.delta", "item_id": "m-1", "output_index": 0, "content_index": 0}


def test_a_stream_is_gathered_and_its_first_token_timed(respond, say, whole_response, response_stream):
    """An empty delta is no token; text, usage and end come with the last event; the clock is the wire's."""
    told = response_stream(
        {"type": "response.created", "response": whole_response(status="in_progress", output=[], usage=None)},
        {**DELTA, "delta": ""},
        {**DELTA, "delta": "ye"},
        {**DELTA, "delta": "s"},
        {"type": "response.completed", "response": whole_response()},
    )
    asked = respond([say(stream=told, between_s=0.03)], stream=True, times=2)
    call = asked.call
    assert asked.server.bodies[0]["stream"] is True
    assert "stream_options" not in asked.server.bodies[0]
    assert (call.reply.text, call.reply.kind, call.reply.finish_reason) == ("yes", "answered", "completed")
    assert call.reply.usage == Usage(input_tokens=120, output_tokens=12)
    assert call.clock == "wire"
    assert 60 <= call.first_token_ms < call.ms
    assert call.ms >= 120


@pytest.mark.parametrize("end", ["response.completed", "response.incomplete"])
def test_an_end_that_repeats_nothing_leaves_what_was_heard(
    respond, say, whole_response, response_stream, end
):
    """Some servers end with an empty response: the items, or the pieces of the text, stand in for it."""
    status = end.removeprefix("response.")
    last = {"type": end, "response": whole_response(status=status, output=[])}
    items = {"type": "response.output_item.done", "output_index": 0, "item": CALL}
    heard = respond([say(stream=response_stream({**DELTA, "delta": "ye"}, items, last))], stream=True).call
    assert heard.reply.text == "ye"
    assert heard.reply.tool_calls[0]["function"]["name"] == "look_up"
    assert heard.reply.kind == ("answered" if status == "completed" else "truncated")


def test_a_streamed_refusal_and_call_have_a_first_token(respond, say, whole_response, response_stream):
    """What a model says or calls is content, whatever its kind."""
    for delta, item in (
        ({"type": "response.refusal.delta", "delta": "No."}, message(REFUSED)),
        ({"type": "response.function_call_arguments.delta", "delta": "{"}, CALL),
    ):
        last = {"type": "response.completed", "response": whole_response(output=[item])}
        call = respond([say(stream=response_stream({**DELTA, **delta}, last))], stream=True).call
        assert call.first_token_ms is not None
        assert call.reply.kind == ("refused" if item["type"] == "message" else "answered")


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("last", "type_"),
    [
        (None, "bad_reply"),
        ({"type": "error", "code": "server_error", "message": "overloaded", "param": None}, "server_error"),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x", "param": None}, "rate_limited"),
        ({"type": "error", "error": {"code": "server_error", "message": "oops"}}, "server_error"),
        ({"type": "error", "error": {"message": "oops"}}, "bad_reply"),
        ({"type": "response.failed", "response": {"status": "failed", "error": None}}, "server_error"),
        ({"type": "response.completed"}, "bad_reply"),
        ({"type": "response.completed", "response": {"status": "completed"}}, "bad_reply"),
    ],
)
def test_a_stream_without_its_end_is_no_answer(respond, say, response_stream, last, type_):
    """Half an answer is not a short one: it is tried again, then failed."""
    told = response_stream({**DELTA, "delta": "ye"}, *([last] if last else []))
    asked = respond([say(stream=told)], stream=True, policy=Policy(timeout_s=5, retries=1))
    assert len(asked.server.bodies) == 2
    assert asked.call.reply is None
    assert asked.call.error["type"] == type_


@pytest.mark.parametrize("nested", [False, True])
def test_an_empty_purse_in_a_stream_is_final(respond, say, response_stream, nested):
    """A spent quota does not pass by waiting, whichever way the event words it."""
    said = {"code": "insufficient_quota", "message": "pay first"}
    event = {"type": "error", **({"error": said} if nested else said)}
    asked = respond([say(stream=response_stream(event))], stream=True)
    assert len(asked.server.bodies) == 1
    assert asked.call.error["type"] == "rate_limited"


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("status", [429, 500, 400, 401])
def test_the_statuses_are_chats(respond, say, status):
    """Errors are told and tried again by the same rules on both interfaces."""
    error = {"error": {"message": "no", "type": "t", "param": None, "code": None}}
    asked = respond([say(status=status, body=error)], policy=Policy(timeout_s=5, retries=2))
    assert len(asked.server.bodies) == (3 if status in (429, 500) else 1)
    assert asked.call.error["status"] == status
