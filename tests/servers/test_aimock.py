"""What a mock of three interfaces, written by others, answers is told the same way through every provider."""

import json
from urllib.request import urlopen

import pytest

from harness.types.call import Usage
from harness.types.experiment import OutputSpec

pytestmark = pytest.mark.servers

LOOK_UP = {
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]},
}
WAYS = {
    f"{name}{' stream' if stream else ''}": {**fields, "stream": stream}
    for name, fields in {
        "chat": {},
        "responses": {"api": "responses"},
        "messages": {"provider": "anthropic"},
    }.items()
    for stream in (False, True)
}


@pytest.fixture(params=WAYS)
def way(request):
    """One interface, streamed or not: what a model says of it."""
    return {**WAYS[request.param], "params": {"max_tokens": 50}}


@pytest.fixture
def one(aimock, ask, say, way):
    """Make one call."""

    def call(text, **fields):
        (told,) = ask(aimock, say(text, **fields), **way)
        return told

    return call


def is_responses(way):
    """True for the Responses API."""
    return way.get("api") == "responses"


def is_messages(way):
    """True for the Messages API."""
    return way.get("provider") == "anthropic"


def test_a_plain_answer(one, way):
    """Text, model and fingerprint as the server gives them; the clock is the wire's, and a stream has a first token."""
    call = one("told nothing")
    reply = call.reply
    assert (reply.text, reply.kind, reply.model_returned) == ("It is so.", "answered", "m-2026-01-02")
    assert reply.system_fingerprint == (None if is_responses(way) or is_messages(way) else "fp_1")
    assert call.clock == "wire"
    assert call.ms > 0
    assert (call.first_token_ms is not None) == way["stream"]
    assert [attempt.status for attempt in call.attempts] == [200]


def test_usage_is_what_was_told_or_unknown(one, way):
    """Exact where the server tells it; zeros for a request with words in it are no count, so the usage is unknown."""
    assert one("told its usage").reply.usage == Usage(input_tokens=120, output_tokens=12)
    if is_responses(way) or is_messages(way):
        assert one("told nothing").reply.usage is None


def test_an_object_in_every_output_mode(one):
    """What the server says is the text, whatever the mode; the mode is told."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["a", "n"],
        "additionalProperties": False,
    }
    for mode in ("prompt", "json_schema"):
        reply = one("an object", output=OutputSpec(mode=mode, schema=schema)).reply
        assert json.loads(reply.text) == {"a": "x", "n": 1}
        assert reply.output_mode == mode


def test_calls_of_tools(one):
    """Several calls in their order, in the one shape that is recorded, each with an id of its own."""
    reply = one("two calls", tools=(LOOK_UP,)).reply
    assert (reply.text, reply.kind) == ("", "answered")
    assert [call["function"]["name"] for call in reply.tool_calls] == ["look_up", "look_up"]
    assert [json.loads(call["function"]["arguments"]) for call in reply.tool_calls] == [
        {"q": "cat"},
        {"q": "dog"},
    ]
    assert len({call["id"] for call in reply.tool_calls}) == 2


def test_a_call_before_a_word(one):
    """Both are told, whichever came first."""
    reply = one("a call before a word", tools=(LOOK_UP,)).reply
    assert reply.text == "Looking."
    assert [json.loads(call["function"]["arguments"]) for call in reply.tool_calls] == [{"q": "cat"}]


def test_torn_arguments_are_kept_as_they_came(one, way):
    """No JSON, and no error: a scorer's affair. The Messages API has objects only, and this server gives an empty one."""
    (made,) = one("torn arguments", tools=(LOOK_UP,)).reply.tool_calls
    whole = is_messages(way) and made["function"]["arguments"] == "{}"
    assert whole or made["function"]["arguments"] == '{"q": '


def test_an_answer_that_was_cut(one):
    """Cut by the limit is truncated, in every interface's word for it."""
    reply = one("too short").reply
    assert (reply.text, reply.kind) == ("It is", "truncated")


def test_a_refusal(one, way):
    """Each vendor's word for it; a response that failed without a reason is an error."""
    if is_messages(way):
        assert one("refused").reply.kind == "refused"
    elif is_responses(way):
        assert one("filtered").error["type"] == "server_error"
    else:
        assert one("filtered").reply.kind == "refused"


def test_thoughts_are_no_answer(one):
    """Reasoning that the server shows is not part of the text."""
    assert one("thinks aloud").reply.text == "So."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "authentication"),
        (403, "authentication"),
        (404, "bad_request"),
        (422, "bad_request"),
        (503, "server_error"),
        (529, "server_error"),
    ],
)
def test_errors_keep_their_status_and_the_servers_words(one, status, kind):
    """The kind is ours, the sentence theirs."""
    error = one(f"status {status}").error
    assert (error["type"], error["status"]) == (kind, status)
    assert "No." in error["message"]


def test_what_is_unknown_is_not_retried(one):
    """No fixture matches: 404 in the mock's own words."""
    call = one("words that nobody scripted")
    assert (call.error["type"], len(call.attempts)) == ("bad_request", 1)


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("chaos drop", "server_error", 500),
        ("chaos limit", "rate_limited", 429),
        ("chaos malformed", "bad_reply", 200),
        ("chaos disconnect", "connection", None),
    ],
)
def test_faults_are_told_for_what_they_are(one, fault, kind, status):
    """Injected by the server: an error, a limit, a body that is no JSON, no answer at all."""
    call = one(fault)
    assert call.reply is None
    assert (call.error["type"], call.error["status"]) == (kind, status)


@pytest.mark.parametrize("fault", ["truncated stream", "broken stream"])
def test_a_stream_that_breaks_is_no_answer(one, way, fault):
    """What came before the break is not taken for a short answer."""
    call = one(fault)
    if way["stream"]:
        assert call.reply is None
        assert call.error["type"] == "connection"
    else:
        assert call.reply.text == "This stream is cut before it has come to its end."


def test_the_first_token_is_its_own_time(one, way):
    """The server waits before the first piece and between the others: the first token lies in between."""
    call = one("slow start")
    assert call.reply.text == "Slowly, but it comes."
    if way["stream"]:
        assert 300 <= call.first_token_ms < call.ms


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("chaos drop", 2),
        ("chaos limit", 2),
        ("chaos disconnect", 2),
        ("status 400", 1),
        ("status 401", 1),
        ("status 403", 1),
        ("status 404", 1),
        ("status 422", 1),
    ],
)
def test_the_server_sees_one_request_and_the_configured_retries(aimock, ask, say, way, fault, seen):
    """Counted in the server's own journal, so that no retry hides in an SDK."""
    model = f"{fault} {way}"
    (call,) = ask(aimock, say(fault), retries=1, **{**way, "model": model})
    assert len(call.attempts) == seen
    with urlopen(f"{aimock}/__aimock/journal?limit=1000") as answer:
        journal = json.load(answer)
    assert sum(entry["body"]["model"] == model for entry in journal) == seen


def test_retry_after_is_waited_for(aimock, ask, say):
    """A limit that asks for a second costs at least that, beside the latency and not in it."""
    (call,) = ask(aimock, say("limited once"), retries=2)
    assert call.reply.text == "Now."
    assert [attempt.status for attempt in call.attempts] == [429, 200]
    assert call.backoff_ms >= 1000 > call.ms
