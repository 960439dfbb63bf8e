"""Replies that real servers gave, byte for byte where it matters: llama.cpp's server (2026-10) and aimock 1.43."""

import json

import pytest

from harness.calls.endpoint import Policy
from harness.types.call import Usage
from tests.providers import anthropic_desk
from tests.providers.conftest import Say, ask_server

ONCE = Policy(timeout_s=5, retries=0)
CHUNK = {
    "created": 1795239288,
    "id": "chatcmpl-aaTy2yPo",
    "model": "tiny.gguf",
    "system_fingerprint": "b0-unknown",
    "object": "chat.completion.chunk",
}
TIMINGS = {"cache_n": 226, "prompt_n": 1, "prompt_ms": 0.469, "predicted_n": 40, "predicted_ms": 8.616}


def chunk(delta, finish_reason=None, **more):
    """One event of llama.cpp's stream."""
    choice = {"finish_reason": finish_reason, "index": 0, "delta": delta}
    return f"data: {json.dumps({'choices': [choice], **CHUNK, **more})}\n\n".encode()


def event(**body):
    """One event of an interface that names its events."""
    return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()


def test_a_stream_that_turns_into_an_error():
    """llama.cpp could not parse its own model's JSON: an error event after content, in a 200, and no [DONE]."""
    error = {
        "code": 500,
        "message": "The model produced output that does not match the expected peg-native format",
        "type": "server_error",
    }
    stream = (
        chunk({"role": "assistant", "content": None}),
        chunk({"content": '"'}),
        f"data: {json.dumps({'error': error})}\n\n".encode(),
    )
    call = ask_server([Say(stream=stream)], stream=True, policy=ONCE).call
    assert call.reply is None
    assert (call.error["type"], call.error["status"]) == ("server_error", 200)
    assert error["message"] in call.error["message"]


def test_a_call_that_was_cut_in_a_stream():
    """Content null, a call that opens with its arguments' first byte, cut there; usage after the last choice."""
    function = {"name": "look_up", "arguments": "{"}
    call = {"index": 0, "id": "IncISadi", "type": "function", "function": function}
    usage = {
        "completion_tokens": 40,
        "prompt_tokens": 227,
        "total_tokens": 267,
        "prompt_tokens_details": {"cached_tokens": 226},
    }
    stream = (
        chunk({"role": "assistant", "content": None}),
        chunk({"tool_calls": [call]}),
        chunk({}, "length"),
        f"data: {json.dumps({'choices': [], **CHUNK, 'usage': usage, 'timings': TIMINGS})}\n\n".encode(),
        b"data: [DONE]\n\n",
    )
    reply = ask_server([Say(stream=stream)], stream=True, policy=ONCE).call.reply
    assert (reply.text, reply.kind, reply.finish_reason) == ("", "truncated", "length")
    assert [one["function"] for one in reply.tool_calls] == [function]
    assert reply.usage == Usage(input_tokens=1, cached_input_tokens=226, output_tokens=40)
    assert (reply.model_returned, reply.system_fingerprint) == ("tiny.gguf", "b0-unknown")


def test_an_error_whose_code_is_a_number():
    """A prompt beyond the context: OpenAI's codes are words, llama.cpp's is the status, with counts beside it."""
    error = {
        "code": 400,
        "message": "request (952 tokens) exceeds the available context size (512 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 952,
        "n_ctx": 512,
    }
    call = ask_server([Say(status=400, body={"error": error})]).call
    assert (call.error["type"], call.error["status"]) == ("bad_request", 400)
    assert call.error["message"] == error["message"]
    assert len(call.attempts) == 1


RESPONSE = {
    "completed_at": 1795237916,
    "created_at": 1795237916,
    "id": "resp_pRE0i3Cf",
    "model": "tiny.gguf",
    "object": "response",
    "output": [
        {
            "content": [
                {
                    "type": "output_text",
                    "annotations": [],
                    "logprobs": [],
                    "text": "|4\ufffday\ufffd\u0003\u0003",
                }
            ],
            "id": "msg_gNLMbxHs",
            "role": "assistant",
            "status": "completed",
            "type": "message",
        }
    ],
    "status": "completed",
    "usage": {
        "input_tokens": 54,
        "output_tokens": 8,
        "total_tokens": 62,
        "input_tokens_details": {"cached_tokens": 53},
    },
}


def test_a_response_without_half_of_its_fields():
    """llama.cpp's has no error, incomplete_details, tools or output details; cut after 8 tokens it is "completed"."""
    asked = ask_server([Say(body=RESPONSE)], api="responses", params={"max_tokens": 8})
    reply = asked.call.reply
    assert (reply.text, reply.kind) == ("|4\ufffday\ufffd\u0003\u0003", "answered")
    assert reply.usage == Usage(input_tokens=1, cached_input_tokens=53, output_tokens=8)


def test_a_response_stream_without_numbers_and_indices():
    """llama.cpp's events have no sequence numbers and no indices; timings stand beside the last response."""
    item = {"content": [], "id": "msg_1", "role": "assistant", "status": "in_progress", "type": "message"}
    begun = {"id": "resp_1", "object": "response", "status": "in_progress"}
    part = {"type": "output_text", "text": ""}
    stream = (
        event(type="response.created", response=begun),
        event(type="response.in_progress", response=begun),
        event(type="response.output_item.added", item=item),
        event(type="response.content_part.added", item_id="msg_1", part=part),
        event(type="response.output_text.delta", item_id="msg_1", delta="|4"),
        event(type="response.output_text.done", item_id="msg_1", text="|4"),
        event(type="response.completed", response=RESPONSE, timings=TIMINGS),
    )
    call = ask_server([Say(stream=stream)], api="responses", stream=True).call
    assert call.reply.text == "|4\ufffday\ufffd\u0003\u0003"
    assert call.first_token_ms is not None
    assert call.reply.usage == Usage(input_tokens=1, cached_input_tokens=53, output_tokens=8)


def test_a_response_that_failed_and_does_not_say_why():
    """Aimock's word for a filter: status failed, no error, an empty message."""
    message = {
        "type": "message",
        "id": "msg-1",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "", "annotations": []}],
    }
    body = {
        "id": "resp-1",
        "object": "response",
        "created_at": 1795238300,
        "model": "x",
        "status": "failed",
        "output": [message],
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }
    call = ask_server([Say(body=body)], api="responses", policy=ONCE).call
    assert call.reply is None
    assert call.error["type"] == "server_error"


@pytest.mark.parametrize("api", ["responses", "messages"])
def test_a_usage_of_nothing_is_no_usage(api):
    """Aimock counts 0 in and 0 out where nobody scripted a usage: no request is that short, so it is unknown."""
    if api == "responses":
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        asked = ask_server([Say(body={**RESPONSE, "usage": usage})], api="responses")
    else:
        usage = {"input_tokens": 0, "output_tokens": 0}
        asked = anthropic_desk.ask(anthropic_desk.message("It is so.", usage=usage))
    assert asked.call.reply.text
    assert asked.call.reply.usage is None


def test_json_that_is_none_instead_of_a_stream():
    """Aimock's malformed answer to a request for a stream: 200, JSON by its header, and no event in it."""
    body = b"{malformed json: <<<chaos>>>"
    call = ask_server([Say(body=body)], stream=True, policy=ONCE).call
    assert call.reply is None
    assert (call.error["type"], call.error["status"]) == ("bad_reply", 200)


def test_blocks_of_a_message_stream_that_overlap():
    """llama.cpp opens a tool's block before the text's is closed, gives it no input, and cuts its arguments."""
    head = {
        "id": "chatcmpl-nVi0ptIM",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "tiny.gguf",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"cache_read_input_tokens": 53, "input_tokens": 1, "output_tokens": 0},
    }
    stream = (
        event(type="message_start", message=head),
        event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "1"}),
        event(
            type="content_block_start",
            index=1,
            content_block={"type": "tool_use", "id": "yeJ7", "name": "look_up"},
        ),
        event(type="content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": "{"}),
        event(type="content_block_stop", index=0),
        event(type="content_block_stop", index=1),
        event(
            type="message_delta",
            delta={"stop_reason": "max_tokens", "stop_sequence": None},
            usage={"output_tokens": 120},
        ),
        event(type="message_stop"),
    )
    reply = anthropic_desk.ask(Say(stream=stream), stream=True).call.reply
    assert (reply.text, reply.kind) == ("1", "truncated")
    assert [call["function"] for call in reply.tool_calls] == [{"name": "look_up", "arguments": "{"}]
    assert reply.usage == Usage(input_tokens=1, cached_input_tokens=53, output_tokens=120)


def test_a_cut_call_whose_arguments_were_mended():
    """Without a stream llama.cpp gives the same cut call an empty input: nothing tells it from a call without any."""
    blocks = [
        {"type": "text", "text": "1"},
        {"type": "tool_use", "id": "0UlssIsH", "name": "look_up", "input": {}},
    ]
    usage = {"cache_read_input_tokens": 226, "input_tokens": 1, "output_tokens": 120}
    body = anthropic_desk.message(content=blocks, stop_reason="max_tokens", usage=usage)
    reply = anthropic_desk.ask(body).call.reply
    assert (reply.text, reply.kind) == ("1", "truncated")
    assert [call["function"]["arguments"] for call in reply.tool_calls] == ["{}"]
    assert reply.usage == Usage(input_tokens=1, cached_input_tokens=226, output_tokens=120)


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_a_web_page_is_no_stream(api):
    """A base_url that names a site: the reason is that, and not an answer that was cut off."""
    page = Say(
        stream=(b"<!doctype html><html><body>It works!</body></html>",), headers={"Content-Type": "text/html"}
    )
    if api == "messages":
        call = anthropic_desk.ask(page, stream=True, policy=ONCE).call
    else:
        call = ask_server([page], stream=True, api=api, policy=ONCE).call
    assert call.error["type"] == "bad_reply"
    assert "no event of a stream; does the base_url name the API?" in call.error["message"]
