"""What litellm makes of an answer, and what is believed of it: usage, ends, modes, tools, parameters."""

import json

import pytest

from harness.types.call import Message, Request, Usage
from harness.types.experiment import OutputSpec

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
TOOL = {"name": "look_up", "description": "Find it.", "parameters": {"type": "object", "properties": {}}}
CALL = {"id": "t-1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": 1}'}}
LLAMA = "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo"


def request(**parts):
    """A request with one user message."""
    return Request(messages=(Message(role="user", content="hello"),), **parts)


def claude_events(*texts, usage=True, end=True):
    """A streamed message, as Anthropic words it."""
    start = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 40,
        "cache_read_input_tokens": 7,
        "output_tokens": 1,
    }
    message = {"id": "m", "type": "message", "role": "assistant", "model": "claude-2026", "content": []}
    told = [
        {"type": "message_start", "message": {**message, **({"usage": start} if usage else {})}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
            for text in texts
        ),
        {"type": "content_block_stop", "index": 0},
    ]
    if end:
        last = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
        told += [{**last, **({"usage": {"output_tokens": 9}} if usage else {})}, {"type": "message_stop"}]
    return tuple(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in told)


# --- usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["openai/m", "mistral/m", LLAMA, "hosted_vllm/m"])
@pytest.mark.parametrize(
    "told", [{}, {"usage": None}, {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}]
)
def test_a_server_that_counts_nothing_leaves_the_usage_unknown(hear, say, whole, model, told):
    """LiteLLM says 0 of 0 tokens there; what is unknown is None, and so is its cost."""
    body = {key: value for key, value in whole().items() if key != "usage"} | told
    heard = hear([say(body=body)], model=model)
    assert heard.call.reply.text == "yes"
    assert heard.call.reply.usage is None
    assert heard.call.cost_usd is None


@pytest.mark.parametrize("model", ["openai/m", "mistral/m", LLAMA])
def test_a_stream_that_counts_nothing_leaves_the_usage_unknown(hear, say, stream, model):
    """LiteLLM counts with a tokenizer of its own there, and says so nowhere."""
    heard = hear([say(stream=stream({"content": "he"}, {"content": "y"}))], model=model, stream=True)
    assert heard.call.reply.text == "hey"
    assert heard.call.reply.usage is None


def test_text_about_usage_is_no_usage(hear, say, whole):
    """An answer that writes `"prompt_tokens": 5` has not been counted."""
    body = {key: value for key, value in whole('{"prompt_tokens": 5}').items() if key != "usage"}
    assert hear([say(body=body)]).call.reply.usage is None


def test_litellms_prompt_tokens_come_apart(hear, say, claude):
    """Its 12,307 prompt tokens are 3 of input and 12,304 written to the cache, as Anthropic said."""
    heard = hear([say(body=claude())], model="anthropic/claude-haiku-4-5")
    usage = Usage(input_tokens=3, cached_input_tokens=0, cache_write_tokens=12304, output_tokens=550)
    assert heard.call.reply.usage == usage


def test_a_streamed_message_is_counted_as_a_whole_one(hear, say):
    """Input, cache and output come in different events."""
    heard = hear([say(stream=claude_events("he", "y"))], model="anthropic/claude-haiku-4-5", stream=True)
    usage = Usage(input_tokens=3, cached_input_tokens=7, cache_write_tokens=40, output_tokens=9)
    assert heard.call.reply.usage == usage
    assert heard.call.reply.text == "hey"


def test_cached_and_reasoning_tokens_are_read(hear, say, whole):
    """Cached tokens are inside OpenAI's prompt, reasoning inside its completion."""
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 64},
    }
    told = Usage(input_tokens=200, cached_input_tokens=800, output_tokens=100, reasoning_tokens=64)
    assert hear([say(body=whole(usage=usage))]).call.reply.usage == told
    assert hear([say(body=whole(usage=usage))], model="mistral/m").call.reply.usage == told


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["openai/m", "mistral/m"])
def test_a_stream_is_gathered_and_its_first_token_timed(hear, say, stream, model):
    """An empty delta is no token; the end is the body's, at the wire; the connection is kept."""
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    told = stream({"role": "assistant", "content": ""}, {"content": "he"}, {"content": "y"}, usage=usage)
    heard = hear([say(stream=told, between_s=0.03)], times=2, model=model, stream=True)
    reply = heard.call.reply
    assert (reply.text, reply.finish_reason) == ("hey", "stop")
    assert reply.usage == Usage(input_tokens=9, output_tokens=2)
    assert heard.call.clock == "wire"
    assert 30 <= heard.call.first_token_ms < heard.call.ms
    assert heard.call.ms >= 120
    assert heard.server.bodies[0]["stream"] is True


@pytest.mark.parametrize("model", ["openai/m", "mistral/m"])
def test_a_stream_that_was_cut_off_is_a_broken_answer(hear, say, stream, model):
    """LiteLLM gives it the reason `stop`; the server gave none."""
    cut = stream({"content": "he"}, finish=None, done=False)
    heard = hear([say(stream=cut)], model=model, stream=True)
    assert heard.call.error["type"] == "bad_reply"


def test_a_cut_message_is_a_broken_answer(hear, say):
    """The same in Anthropic's language."""
    heard = hear(
        [say(stream=claude_events("he", end=False))], model="anthropic/claude-haiku-4-5", stream=True
    )
    assert heard.call.error["type"] == "bad_reply"


def test_a_model_that_repeats_itself_is_told_so(hear, say, stream):
    """LiteLLM gives up on a hundred chunks alike: a broken answer, that was served."""
    heard = hear([say(stream=stream(*[{"content": "same"}] * 150))], stream=True)
    assert heard.call.error["type"] == "bad_reply"
    assert heard.call.error["status"] == 200


def test_an_error_inside_a_stream_is_a_broken_answer(hear, say, stream):
    """A stream that turns into an error has not answered."""
    told = (*stream({"content": "he"}, finish=None, done=False), b'data: {"error": {"message": "boom"}}\n\n')
    heard = hear([say(stream=told)], stream=True)
    assert heard.call.error["type"] == "bad_reply"
    assert "boom" in heard.call.error["message"]


# --- modes, tools, endings ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["json_object", "json_schema"])
def test_a_mode_is_asked_for_in_the_vendors_words(hear, say, whole, mode):
    """The schema goes as it stands, strict; the mode that ran is told."""
    heard = hear(
        [say(body=whole('{"a": "b"}'))], request=request(output=OutputSpec(mode=mode, schema=SCHEMA))
    )
    form = heard.server.bodies[0]["response_format"]
    assert form["type"] == mode
    if mode == "json_schema":
        assert form["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}
    assert heard.call.reply.output_mode == mode
    assert "properties" not in json.dumps(heard.call.reply.params)


@pytest.mark.parametrize("model", ["openai/m", "mistral/m"])
def test_the_answer_is_the_forced_tools_arguments(hear, say, whole, model):
    """Mode `tool`: one function, called; its arguments are the text, and no call is left."""
    made = {"id": "t", "type": "function", "function": {"name": "answer", "arguments": '{"a": "b"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [made]}
    body = whole(choices=[{"index": 0, "finish_reason": "tool_calls", "message": message}])
    asked = request(output=OutputSpec(mode="tool", schema=SCHEMA))
    heard = hear([say(body=body)], request=asked, model=model)
    assert heard.server.bodies[0]["tools"][0]["function"]["parameters"]["properties"] == SCHEMA["properties"]
    assert heard.server.bodies[0]["tool_choice"] == ("any" if model == "mistral/m" else "required")
    reply = heard.call.reply
    assert (reply.text, reply.tool_calls, reply.output_mode) == ('{"a": "b"}', (), "tool")


def test_a_schema_that_becomes_a_tool_is_told_as_one(hear, say, claude):
    """LiteLLM asks older Claudes for a schema by forcing a tool: that is the mode that ran."""
    content = [{"type": "tool_use", "id": "t", "name": "json_tool_call", "input": {"a": "b"}}]
    asked = request(output=OutputSpec(mode="json_schema", schema=SCHEMA))
    older = hear(
        [say(body=claude(content=content, stop_reason="tool_use"))],
        request=asked,
        model="anthropic/claude-3-5-haiku-20241022",
    )
    assert json.loads(older.call.reply.text) == {"a": "b"}
    assert older.call.reply.output_mode == "tool"
    newer = hear([say(body=claude('{"a": "b"}'))], request=asked, model="anthropic/claude-haiku-4-5")
    assert newer.call.reply.output_mode == "json_schema"


def test_a_mode_that_litellm_loses_is_told_as_prompt(hear, say, claude):
    """Nothing of json_object reaches Claude."""
    asked = request(output=OutputSpec(mode="json_object"))
    heard = hear([say(body=claude("{}"))], request=asked, model="anthropic/claude-haiku-4-5")
    assert heard.call.reply.output_mode == "prompt"


@pytest.mark.parametrize("streamed", [False, True])
def test_calls_of_the_variants_tools_are_recorded(hear, say, whole, stream, streamed):
    """In the one shape that every provider records."""
    if streamed:
        first = {
            "index": 0,
            "id": "t-1",
            "type": "function",
            "function": {"name": "look_up", "arguments": '{"q"'},
        }
        rest = {"index": 0, "function": {"arguments": ": 1}"}}
        told = say(stream=stream({"tool_calls": [first]}, {"tool_calls": [rest]}, finish="tool_calls"))
    else:
        message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        told = say(body=whole(choices=[{"index": 0, "finish_reason": "tool_calls", "message": message}]))
    heard = hear([told], request=request(tools=(TOOL,)), stream=streamed)
    assert heard.call.reply.tool_calls == (CALL,)
    assert heard.server.bodies[0]["tools"][0]["function"]["name"] == "look_up"


@pytest.mark.parametrize(
    ("finish", "kind"), [("stop", "answered"), ("length", "truncated"), ("content_filter", "refused")]
)
def test_truncation_and_refusal_are_outcomes(hear, say, whole, finish, kind):
    """As the vendor says it."""
    message = {"role": "assistant", "content": "no"}
    body = whole(choices=[{"index": 0, "finish_reason": finish, "message": message}])
    assert hear([say(body=body)]).call.reply.kind == kind


@pytest.mark.parametrize("streamed", [False, True])
def test_words_of_refusal_are_a_refusal(hear, say, whole, stream, streamed):
    """OpenAI ends one with `stop` and no content: litellm keeps its words apart, and it is no empty answer."""
    message = {"role": "assistant", "content": None, "refusal": "I cannot."}
    told = say(body=whole(choices=[{"index": 0, "finish_reason": "stop", "message": message}]))
    if streamed:
        told = say(
            stream=stream({"role": "assistant", "content": ""}, {"refusal": "I can"}, {"refusal": "not."})
        )
    reply = hear([told], stream=streamed).call.reply
    assert (reply.kind, reply.text) == ("refused", "I cannot.")


def test_what_was_really_sent_is_told(hear, say, claude):
    """LiteLLM fills in Claude's max_tokens: it stands in the record, read from the request itself."""
    heard = hear([say(body=claude())], model="anthropic/claude-haiku-4-5", params={"temperature": 0.5})
    params = heard.call.reply.params
    assert params["temperature"] == 0.5
    assert params["max_tokens"] > 0
    assert not {"messages", "system"} & params.keys()


def test_repeats_are_samples_of_their_own(hear, say):
    """The seed moves with the repeat; `extra` goes into the body as it stands."""
    heard = hear([say()], request=request(repeat=2), params={"seed": 5}, extra={"top_k": 3})
    assert (heard.server.bodies[0]["seed"], heard.server.bodies[0]["top_k"]) == (7, 3)


def test_the_stable_prefix_is_marked_for_claude_alone(hear, say, claude, whole):
    """`prompt_cache` marks the system message where the vendor wants a mark."""
    heard = hear([say(body=claude())], model="anthropic/claude-haiku-4-5", prompt_cache=True)
    assert heard.server.bodies[0]["system"][0]["cache_control"] == {"type": "ephemeral"}
    other = hear([say(body=whole())], prompt_cache=True)
    assert other.server.bodies[0]["messages"][0] == {"role": "system", "content": "be brief"}


def test_a_web_page_is_no_stream(hear, say):
    """A base_url that names a site: the reason is that, and not an answer that was cut off."""
    page = say(stream=(b"<!doctype html><html><body>It works!</body></html>",))
    error = hear([page], stream=True).call.error
    assert "no event of a stream; does the base_url name the API?" in error["message"]
