"""The Responses API: the body, the answer, and the stream gathered into one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from harness.calls.failures import bad_reply, broken_stream
from harness.errors import CallError
from harness.providers.openai.exchange import Exchange, as_text, as_word, late_error, mode_of
from harness.providers.openai.usage import responses_usage
from harness.text.tools import ANSWER_TOOL, called_tool, is_strict, tool_parts
from harness.types.call import Reply, Request
from harness.types.experiment import ModelSpec, OutputMode

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_NAMES: Mapping[str, str] = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
"""Parameters that are called otherwise here."""

_TOKENS = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.function_call_arguments.delta",
    }
)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


class Responses:
    """POST /responses."""

    _create: Any

    def body(self, model: ModelSpec, params: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The request. Nothing is stored at the vendor, as with chat: evalsets are held out for a reason."""
        turns = [{"role": m.role, "content": m.content} for m in request.messages]
        body: dict[str, Any] = {"model": model.model}
        if len(turns) > 1 and turns[0]["role"] == "system":
            body["instructions"] = turns.pop(0)["content"]
        body |= {"input": turns, "store": False, **_params(params), **_form(request)}
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        return {**body, "stream": True} if model.stream else body

    def open(self, client: "AsyncOpenAI") -> None:
        """Load this part of the SDK."""
        self._create = client.responses.create

    async def ask(self, exchange: Exchange) -> Reply:
        """Send it and read the answer."""
        if exchange.body.get("stream"):
            return await _streamed(self._create, exchange)
        answer = await self._create(extra_body=exchange.body)
        return _read(answer, exchange, _Heard())

    def mode(self, body: Mapping[str, Any]) -> OutputMode:
        """By the format of its text."""
        text = body.get("text")
        return mode_of(text.get("format") if isinstance(text, Mapping) else None)


def _params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by this interface's names."""
    worded = {_NAMES.get(key, key): value for key, value in params.items()}
    if "reasoning_effort" in worded:
        worded["reasoning"] = {"effort": worded.pop("reasoning_effort")}
    return worded


def _form(request: Request) -> dict[str, Any]:
    """What asks for the output mode. Mode `tool` sends one function, and makes the model call it."""
    mode, schema = request.output.mode, dict(request.output.schema or {})
    if mode == "json_object":
        return {"text": {"format": {"type": "json_object"}}}
    if mode == "json_schema":
        return {
            "text": {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
        }
    if mode == "tool":
        return {
            "tools": [{"type": "function", "name": ANSWER_TOOL, "parameters": schema, "strict": False}],
            "tool_choice": {"type": "function", "name": ANSWER_TOOL},
        }
    return {}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """One tool. Strictness is always said: left out it means true here, and false with chat."""
    name, description, parameters = tool_parts(tool)
    said = {"description": description} if description else {}
    strict = is_strict(tool) or False
    return {"type": "function", "name": name, **said, "parameters": dict(parameters), "strict": strict}


class _Heard:
    """A stream so far: what stands in for an end that names no output."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.text: list[str] = []
        self.end: Any = None

    def take(self, event: Any, exchange: Exchange) -> None:
        """Add one event; the first one with content stops the first-token clock. Raises CallError for an error."""
        kind = getattr(event, "type", None)
        if kind in _TOKENS and event.delta:
            exchange.tap.first_token()
        if kind == "response.output_text.delta":
            self.text.append(event.delta)
        elif kind == "response.output_item.done":
            self.items.append(event.item)
        elif kind in _ENDS:
            self.end = event.response
        elif kind == "error":
            raise _failure(event)


async def _streamed(create: Any, exchange: Exchange) -> Reply:
    """Gather a stream. Without its final event it is a broken answer, not a short one."""
    heard = _Heard()
    async with await create(stream=True, extra_body=exchange.body) as stream:
        async for event in stream:
            exchange.chunk()
            heard.take(event, exchange)
    exchange.tap.done()
    if heard.end is None:
        raise broken_stream(exchange.chunks)
    return _read(heard.end, exchange, heard)


def _read(answer: Any, exchange: Exchange, heard: _Heard) -> Reply:
    exchange.usage = responses_usage(getattr(answer, "usage", None))
    status = as_word(getattr(answer, "status", None))
    if status == "failed":
        raise _failure(getattr(answer, "error", None))
    output = getattr(answer, "output", None)
    if not isinstance(output, list) and not heard.items:
        raise bad_reply("the answer holds no output", answer)
    output = output or heard.items  # some servers end a stream with a response that repeats none of it
    if status not in ("completed", "incomplete", None):
        raise bad_reply(f"the answer is not finished, but {status}")
    parts = list(_parts(output))
    refusal = "".join(as_text(part.refusal) for part in parts if part.type == "refusal")
    text = "".join(as_text(part.text) for part in parts if part.type == "output_text")
    cut = as_word(getattr(getattr(answer, "incomplete_details", None), "reason", None))
    return Reply(
        text=refusal or (text if parts else "".join(heard.text)),
        kind=_kind(status, cut, refused=bool(refusal)),
        finish_reason=cut or status,
        tool_calls=tuple(
            called_tool(item.name, item.arguments, item.call_id)
            for item in output
            if item.type == "function_call"
        ),
        usage=exchange.usage,
        wire=exchange.tap.wire(),
        model_returned=as_word(getattr(answer, "model", None)),
    )


def _parts(output: Sequence[Any]) -> Iterator[Any]:
    """What the answer consists of; a comment on the way to it is none, unless there is nothing else."""
    messages = [item for item in output if item.type == "message"]
    final = [item for item in messages if getattr(item, "phase", None) != "commentary"]
    for message in final or messages:
        yield from message.content


def _kind(
    status: str | None, cut: str | None, *, refused: bool
) -> Literal["answered", "refused", "truncated"]:
    if refused or cut == "content_filter":
        return "refused"
    return "truncated" if status == "incomplete" else "answered"


def _failure(error: Any) -> CallError:
    """A response that failed after its 200. Without a code it may pass; a code that is not known is the request's."""
    code = as_word(getattr(error, "code", None))
    otherwise = ("bad_request", False) if code else ("server_error", True)
    return late_error(code, getattr(error, "message", None), otherwise)
