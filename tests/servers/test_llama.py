"""A real llama.cpp server, spoken to in the three interfaces that it serves."""

import json

import pytest

from harness.text.json_answer import read_json
from harness.text.json_schema import JsonSchema
from harness.types.experiment import OutputSpec

pytestmark = pytest.mark.servers

ANSWER = {
    "type": "object",
    "properties": {
        "label": {"enum": ["billing", "shipping"]},
        "urgent": {"type": "boolean"},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["label", "urgent", "stars"],
    "additionalProperties": False,
}
LOOK_UP = {
    "name": "look_up",
    "description": "Looks an animal up.",
    "parameters": {
        "type": "object",
        "properties": {"animal": {"enum": ["cat", "dog"]}},
        "required": ["animal"],
        "additionalProperties": False,
    },
}
CALLS = {"logit_bias": [["<tool_call>", 100]]}
"""Makes the random model begin with a call, which the server's grammar then holds to the tool's schema. The Messages
interface takes no bias: there, of many answers some call by chance."""
WAYS = {"chat": {}, "responses": {"api": "responses"}, "messages": {"provider": "anthropic"}}
MANY = {"together": True, "retries": 5}
"""For many calls at once: this server hangs up after each stream, so some are tried again."""


@pytest.fixture(params=[f"{name}{stream}" for name in WAYS for stream in ("", " stream")])
def way(request):
    """One interface, streamed or not: what a model says of it."""
    name, _, stream = request.param.partition(" ")
    return {**WAYS[name], "stream": bool(stream)}


def complete(calls):
    """The arguments of the calls that came whole, of answers that may be cut."""
    made = [call for one in calls for call in one.reply.tool_calls]
    for call in made:
        try:
            yield call, json.loads(call["function"]["arguments"])
        except json.JSONDecodeError:
            assert not call["function"]["arguments"].endswith("}")


def test_a_plain_answer_is_told_whole(llama, ask, say, way):
    """Noise, bytes that are no text among it: counted by the server, timed at the wire."""
    (call,) = ask(llama, say("hello there"), params={"max_tokens": 24}, **way)
    reply = call.reply
    assert isinstance(reply.text, str)
    assert 0 < reply.usage.output_tokens <= 24
    assert reply.usage.input_tokens + reply.usage.cached_input_tokens > 11
    assert reply.model_returned.endswith("tiny.gguf")
    assert call.clock == "wire"
    assert 0 < call.ms <= call.attempts[0].ms
    assert (call.first_token_ms is not None) == way["stream"]
    assert call.first_token_ms is None or call.first_token_ms <= call.ms


def test_the_limit_ends_an_answer(llama, ask, say, way):
    """Truncated in chat and messages; this server's Responses say "completed" of the same answer, and give no other sign."""
    (call,) = ask(llama, say(), params={"max_tokens": 4, "temperature": 0}, **way)
    assert call.reply.usage.output_tokens == 4
    assert call.reply.kind == ("answered" if way.get("api") else "truncated")


def test_cached_tokens_are_told_apart(llama, ask, say, way):
    """The same prompt again: what the server had kept moves from one bucket into the other, and the sum stays."""
    requests = [say("a prompt to keep")] * 2
    calls = ask(llama, *requests, params={"max_tokens": 1}, retries=3, **way)
    first, again = (call.reply.usage for call in calls)
    assert again.cached_input_tokens > 0
    assert first.input_tokens + first.cached_input_tokens == again.input_tokens + again.cached_input_tokens


def test_a_stream_says_what_a_plain_answer_says(llama, ask, say):
    """The same seed, greedy: the pieces together are the whole."""
    for name, fields in WAYS.items():
        params = {"max_tokens": 60, "temperature": 0}
        told = [
            ask(llama, say("the same"), params=params, stream=stream, **fields)[0].reply
            for stream in (False, True)
        ]
        assert told[0].text == told[1].text, name
        assert told[0].usage.output_tokens == told[1].usage.output_tokens, name


def test_a_seed_repeats_an_answer(llama, ask, say):
    """The seed reaches the sampler: the same repeat agrees with itself, another one is another sample."""
    requests = [say(repeat=repeat) for repeat in (0, 0, 1)]
    params = {"max_tokens": 40, "temperature": 1, "seed": 5}
    calls = ask(llama, *requests, params=params, extra={"cache_prompt": False})
    texts = [call.reply.text for call in calls]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("stream", [False, True])
def test_strict_schemas_hold_even_noise(llama, ask, say, stream):
    """json_schema: whatever the weights, the grammar leaves only answers that are valid."""
    schema = JsonSchema(ANSWER)
    output = OutputSpec(mode="json_schema", schema=ANSWER)
    requests = [say(repeat=repeat, output=output) for repeat in range(12)]
    calls = ask(llama, *requests, params={"max_tokens": 300, "seed": 1}, stream=stream, **MANY)
    assert {call.reply.kind for call in calls} == {"answered"}
    assert {call.reply.output_mode for call in calls} == {"json_schema"}
    assert [schema.fault(json.loads(call.reply.text), 100) for call in calls] == [None] * 12
    assert len({call.reply.text for call in calls}) > 6


@pytest.mark.parametrize("stream", [False, True])
def test_json_objects_are_objects(llama, ask, say, stream):
    """json_object: what ended by itself is an object; noise that the server itself cannot read is its error."""
    requests = [say(output=OutputSpec(mode="json_object"))] * 12
    calls = ask(llama, *requests, params={"max_tokens": 120}, stream=stream, together=True, retries=1)
    whole = [call.reply.text for call in calls if call.reply and call.reply.kind == "answered"]
    assert whole
    assert all(isinstance(json.loads(text), dict) for text in whole)
    assert {call.error["type"] for call in calls if call.error} <= {"bad_reply", "server_error", "connection"}


def test_a_tool_is_called_with_arguments_of_its_schema(llama, ask, say, way):
    """In the one recorded shape, whatever the interface."""
    requests = [say(tools=(LOOK_UP,))] * (40 if "provider" in way else 6)
    calls = ask(llama, *requests, params={"max_tokens": 280}, extra=CALLS, **MANY, **way)
    made = [(call["function"]["name"], arguments) for call, arguments in complete(calls)]
    wanted = [("look_up", {"animal": animal}) for animal in ("cat", "dog")]
    assert any(one in wanted for one in made)
    # A call that was cut has its arguments mended to {} by the Messages interface.
    assert all(one in wanted or one[1] == {} for one in made)
    assert all(call["id"] for call, _ in complete(calls))


def test_the_answer_by_a_tool_is_the_text(llama, ask, say, way):
    """Output mode `tool`: the arguments of its one function are the answer, and no call is left."""
    requests = [say(output=OutputSpec(mode="tool", schema=ANSWER))] * (100 if "provider" in way else 6)
    calls = ask(llama, *requests, params={"max_tokens": 180}, extra=CALLS, **MANY, **way)
    assert {(call.reply.tool_calls, call.reply.output_mode) for call in calls} == {((), "tool")}
    schema = JsonSchema(ANSWER)
    texts = [call.reply.text for call in calls if call.reply.text.endswith("}")]
    answers = [read_json(text) for text in texts]
    valid = [answer.kind == "ok" and schema.fault(answer.value, 100) is None for answer in answers]
    assert any(valid)


def test_many_calls_at_once_are_all_answered(llama, ask, say, way):
    """More calls than connections, more connections than the server has slots: each has its own answer and time."""
    requests = [say(f"number {number}") for number in range(24)]
    calls = ask(llama, *requests, params={"max_tokens": 16}, **MANY, **way)
    assert [call.error for call in calls] == [None] * 24
    assert all(0 < call.reply.usage.output_tokens <= 16 for call in calls)
    assert all(call.ms > 0 for call in calls)


@pytest.mark.parametrize("name", WAYS)
def test_after_a_stream_the_server_hangs_up(llama, ask, say, name):
    """It promises to keep the connection and closes it: what that breaks is an attempt that is told, and no trial."""
    requests = [say(f"number {number}") for number in range(20)]
    calls = ask(llama, *requests, params={"max_tokens": 8}, stream=True, retries=5, **WAYS[name])
    assert [call.error for call in calls] == [None] * 20
    broken = [attempt for call in calls for attempt in call.attempts if attempt.error]
    assert all(attempt.error.startswith("connection: ") for attempt in broken)
    assert len(broken) <= 5


def test_a_prompt_beyond_the_context_is_refused(llama, ask, say, way):
    """A 400 with the server's own sentence, tried once."""
    (call,) = ask(llama, say("word " * 800), params={"max_tokens": 8}, retries=2, **way)
    assert (call.error["type"], call.error["status"]) == ("bad_request", 400)
    assert "context size" in call.error["message"]
    assert len(call.attempts) == 1


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"params": {"temperature": "hot"}}, 400, "temperature"),
        ({"params": {"max_tokens": 8}, "extra": {"messages": "none"}}, 400, "messages"),
        ({"base_url": "{llama}/v2"}, 404, "Not Found"),
    ],
)
def test_a_wrong_request_is_refused_in_the_servers_words(llama, ask, say, fields, status, words):
    """A parameter of the wrong type, a body of the wrong form, an address that is not there."""
    fields = {**fields, **({"base_url": f"{llama}/v2"} if "base_url" in fields else {})}
    (call,) = ask(llama, say(), retries=2, **fields)
    assert (call.error["type"], call.error["status"], len(call.attempts)) == ("bad_request", status, 1)
    assert words in call.error["message"]


def test_a_schema_that_the_server_cannot_take_is_its_refusal(llama, ask, say):
    """No grammar can be made of it: a 400, and no answer in another form."""
    output = OutputSpec(mode="json_schema", schema={"type": "object", "properties": {"a": {"type": "frob"}}})
    (call,) = ask(llama, say(output=output), params={"max_tokens": 8})
    assert call.error["status"] == 400
    assert "frob" in call.error["message"]
