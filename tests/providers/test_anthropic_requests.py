"""What is really sent: messages, parameters, output modes and tools in the words of the Messages API."""

import json

import pytest

from harness.types.call import Message, Request
from harness.types.experiment import OutputSpec
from tests.providers.anthropic_desk import ask, begun, block, ended, message, texts, tool_use
from tests.providers.conftest import Say

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
SENT_SCHEMA = {key: value for key, value in SCHEMA.items() if key != "$schema"}
TOOL = {"type": "function", "function": {"name": "look_up", "description": "d", "parameters": SENT_SCHEMA}}
CACHED = {"type": "ephemeral"}


def talk(*said, **parts):
    """A request: pairs of role and text."""
    return Request(messages=tuple(Message(role=role, content=text) for role, text in said), **parts)


def sent(*, mode="prompt", tools=(), repeat=0, said=(("user", "hello"),), **model):
    """The body that a request becomes."""
    output = OutputSpec(mode=mode, schema=SCHEMA)
    asked = ask(request=talk(*said, output=output, tools=tools, repeat=repeat), **model)
    return asked.server.bodies[0]


# --- messages and parameters ----------------------------------------------------------------------


def test_the_shortest_request():
    """A longest answer is always asked for; nothing else is added."""
    asked = ask(model="claude-haiku-4-5")
    user = {"role": "user", "content": "hello"}
    assert asked.server.bodies == [{"model": "claude-haiku-4-5", "max_tokens": 4096, "messages": [user]}]
    assert asked.call.reply.params == {"model": "claude-haiku-4-5", "max_tokens": 4096}
    assert asked.call.reply.output_mode == "prompt"
    assert asked.call.reply.dropped == ()


def test_system_messages_stand_apart_and_turns_alternate():
    """What one side says in a row is one turn of several blocks; an empty system message is none."""
    said = [
        ("system", "Triage."),
        ("system", ""),
        ("user", "one"),
        ("assistant", "1"),
        ("user", "two"),
        ("user", "three"),
        ("user", "four"),
        ("system", "Be brief."),
    ]
    body = sent(said=said)
    assert body["system"] == [{"type": "text", "text": "Triage."}, {"type": "text", "text": "Be brief."}]
    assert body["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": text} for text in ("two", "three", "four")]},
    ]


@pytest.mark.parametrize(("stop", "written"), [("END", ["END"]), (["a", "b"], ["a", "b"])])
def test_parameters_in_the_apis_words(stop, written):
    """`stop` is called stop_sequences; the rest stands as it is."""
    body = sent(params={"temperature": 0, "top_p": 0.5, "max_tokens": 7, "stop": stop})
    assert {key: body[key] for key in ("temperature", "top_p", "max_tokens", "stop_sequences")} == {
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 7,
        "stop_sequences": written,
    }
    assert "stop" not in body


@pytest.mark.parametrize(
    ("params", "extra", "version"),
    [
        ({"temperature": 0}, {}, "2023-06-01"),
        ({"top_p": 0.5}, {}, "2023-06-01"),
        ({}, {"top_k": 5}, "2023-06-01"),
        ({}, {}, None),
        ({"max_tokens": 5}, {}, None),
    ],
)
def test_the_version_of_the_api_is_one_that_knows_what_is_sent(params, extra, version):
    """The one that today's SDK asks for refuses a temperature from every model: then the one before it is asked for."""
    from anthropic._constants import ANTHROPIC_API_VERSION

    asked = ask(params=params, extra=extra)
    headers = {name.lower(): value for name, value in asked.server.headers[0].items()}
    assert headers["anthropic-version"] == (version or ANTHROPIC_API_VERSION)


def test_extra_is_laid_over_what_is_sent():
    """A mapping is laid into ours of the same name, so that an answer's format outlives a given effort."""
    extra = {"metadata": {"user_id": "u"}, "max_tokens": 9, "output_config": {"effort": "low"}}
    body = sent(mode="json_schema", extra=extra)
    assert body["max_tokens"] == 9
    assert body["metadata"] == {"user_id": "u"}
    assert body["output_config"]["effort"] == "low"
    assert body["output_config"]["format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("model", "extra", "written"),
    [
        ("claude-opus-5-5", {}, {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}}),
        ("claude-sonnet-4-6", {}, {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}}),
        ("some-other-model", {}, {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}}),
        ("claude-opus-4-5", {}, {"output_config": {"effort": "high"}}),
        (
            "claude-opus-4-6",
            {"thinking": {"type": "disabled"}},
            {"output_config": {"effort": "high"}, "thinking": {"type": "disabled"}},
        ),
    ],
)
def test_effort_is_thinking_where_the_model_thinks_by_itself(model, extra, written):
    """`reasoning_effort` asks for adaptive thinking of that effort, unless `extra` says otherwise."""
    body = sent(model=model, params={"reasoning_effort": "high"}, extra=extra)
    assert {key: body[key] for key in ("output_config", "thinking") if key in body} == written
    assert "reasoning_effort" not in body


def test_a_seed_goes_to_servers_that_may_take_one():
    """The vendor takes none; another server gets one for each repeat."""
    assert sent(params={"seed": 40}, repeat=2)["seed"] == 42


def test_what_the_model_does_not_take_is_left_out_and_told():
    """With drop_unsupported the vendor's endpoint is asked without what it refuses, and the reply says so."""
    params = {"temperature": 0.5, "top_p": 0.5, "seed": 1, "presence_penalty": 1, "max_tokens": 5}
    asked = ask(vendor=True, model="claude-opus-5", params=params, drop_unsupported=True, times=2)
    for body in asked.server.bodies:
        assert body.keys() == {"model", "max_tokens", "messages"}
    assert asked.call.reply.dropped == ("presence_penalty", "seed", "temperature", "top_p")
    kept = ask(vendor=True, model="claude-opus-5", params=params)
    assert kept.server.bodies[0]["temperature"] == 0.5
    assert kept.call.reply.dropped == ()


# --- the vendor's prompt cache --------------------------------------------------------------------


def test_the_stable_prefix_is_marked():
    """At its end: the last system block, which stands behind the tools."""
    said = [("system", "a"), ("system", "b"), ("user", "hello")]
    body = sent(said=said, tools=(TOOL,), prompt_cache=True)
    assert [part.get("cache_control") for part in body["system"]] == [None, CACHED]
    assert "cache_control" not in body["tools"][0]


def test_without_a_system_message_the_last_tool_is_marked():
    """It is the end of what stays the same; without both there is nothing to mark."""
    other = {"name": "other", "input_schema": {"type": "object"}}
    body = sent(tools=(TOOL, other), prompt_cache=True)
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, CACHED]
    assert sent(mode="tool", prompt_cache=True)["tools"][0]["cache_control"] == CACHED
    assert "cache_control" not in json.dumps(sent(prompt_cache=True))
    assert "cache_control" not in json.dumps(sent(tools=(TOOL,), said=[("system", "a"), ("user", "b")]))


# --- output modes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_json_schema_is_asked_for_natively(stream):
    """The schema goes as it stands, but for the keys that constrain nothing."""
    said = Say(stream=[begun(), *texts('{"a": ', '"x"}'), *ended()]) if stream else message('{"a": "x"}')
    output = OutputSpec(mode="json_schema", schema=SCHEMA)
    asked = ask(said, request=talk(("user", "hello"), output=output), stream=stream)
    form = {"type": "json_schema", "schema": SENT_SCHEMA}
    assert asked.server.bodies[0]["output_config"] == {"format": form}
    reply = asked.call.reply
    assert (reply.text, reply.output_mode) == ('{"a": "x"}', "json_schema")
    assert reply.params["output_config"] == {"format": "json_schema"}


@pytest.mark.parametrize("stream", [False, True])
def test_mode_tool_takes_the_answer_from_a_forced_call(stream):
    """Its arguments are the text, as they came; no call is left."""
    arguments = {"a": "ü"}
    if stream:
        parts = [{"type": "input_json_delta", "partial_json": part} for part in ("", '{"a":', ' "ü"}')]
        said = Say(
            stream=[begun(), *texts("So:"), *block(1, tool_use("answer", {}), *parts), *ended("tool_use")]
        )
    else:
        said = message(content=[{"type": "text", "text": "So:"}, tool_use("answer", arguments)])
    output = OutputSpec(mode="tool", schema=SCHEMA)
    asked = ask(said, request=talk(("user", "hello"), output=output, tools=(TOOL,)), stream=stream)
    body = asked.server.bodies[0]
    assert body["tools"] == [{"name": "answer", "input_schema": SENT_SCHEMA}]
    assert body["tool_choice"] == {"type": "tool", "name": "answer", "disable_parallel_tool_use": True}
    reply = asked.call.reply
    assert (reply.text, reply.output_mode, reply.tool_calls) == ('{"a": "ü"}', "tool", ())
    assert reply.params["tools"] == 1


def test_an_answer_beside_the_forced_call_is_still_an_answer():
    """A server that does not force answers in text; that is judged as it stands."""
    output = OutputSpec(mode="tool", schema=SCHEMA)
    reply = ask(message("plain"), request=talk(("user", "hello"), output=output)).call.reply
    assert (reply.text, reply.output_mode) == ("plain", "tool")


def test_json_object_is_left_to_the_prompt():
    """The API has no such mode: what ran is told."""
    reply = ask(request=talk(("user", "hello"), output=OutputSpec(mode="json_object"))).call.reply
    assert reply.output_mode == "prompt"


# --- tools ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "written"),
    [
        (TOOL, {"name": "look_up", "description": "d", "input_schema": SENT_SCHEMA}),
        (
            {"name": "f", "input_schema": {"type": "object"}, "strict": True},
            {"name": "f", "input_schema": {"type": "object"}, "strict": True},
        ),
        ({"name": "now"}, {"name": "now", "input_schema": {"type": "object", "properties": {}}}),
    ],
)
def test_tools_are_written_in_the_apis_shape(tool, written):
    """However they were defined."""
    body = sent(tools=(tool,))
    assert body["tools"] == [written]
    assert "tool_choice" not in body


@pytest.mark.parametrize("stream", [False, True])
def test_calls_are_recorded_in_one_shape(stream):
    """Several at once, text beside them, and one without arguments."""
    if stream:
        part = {"type": "input_json_delta", "partial_json": '{"q": 1}'}
        told = [*texts("Let me see."), *block(1, tool_use("look_up", {}, "t1"), part)]
        said = Say(stream=[begun(), *told, *block(2, tool_use("now", {}, "t2")), *ended("tool_use")])
    else:
        calls = [tool_use("look_up", {"q": 1}, "t1"), tool_use("now", {}, "t2")]
        said = message(content=[{"type": "text", "text": "Let me see."}, *calls], stop_reason="tool_use")
    reply = ask(said, request=talk(("user", "hello"), tools=(TOOL,)), stream=stream).call.reply
    assert reply.text == "Let me see."
    assert reply.kind == "answered"
    assert [call["id"] for call in reply.tool_calls] == ["t1", "t2"]
    assert [call["type"] for call in reply.tool_calls] == ["function", "function"]
    assert [call["function"] for call in reply.tool_calls] == [
        {"name": "look_up", "arguments": '{"q": 1}'},
        {"name": "now", "arguments": "{}"},
    ]
