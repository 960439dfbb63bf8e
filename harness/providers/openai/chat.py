"""Chat completions: the body, the answer, and the stream gathered into one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.calls.failures import bad_reply, broken_stream
from harness.providers.openai.exchange import Exchange, as_text, as_word, mode_of
from harness.providers.openai.usage import chat_usage
from harness.text.tools import ANSWER_TOOL, called_tool, is_strict, tool_parts
from harness.types.call import Reply, Request
from harness.types.experiment import ModelSpec, OutputMode

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Chat:
    """POST /chat/completions."""

    _create: Any

    def body(self, model: ModelSpec, params: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The request: messages, parameters as they stand, the output mode, tools."""
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body = {"model": model.model, "messages": messages, **params, **_form(request)}
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        if model.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def open(self, client: "AsyncOpenAI") -> None:
        """Load this part of the SDK."""
        self._create = client.chat.completions.create

    async def ask(self, exchange: Exchange) -> Reply:
        """Send it and read the answer."""
        if exchange.body.get("stream"):
            return await _streamed(self._create, exchange)
        answer = await self._create(model="", messages=[], extra_body=exchange.body)
        exchange.usage = chat_usage(getattr(answer, "usage", None))
        return _read(answer, exchange)

    def mode(self, body: Mapping[str, Any]) -> OutputMode:
        """By its response_format."""
        return mode_of(body.get("response_format"))


def _form(request: Request) -> dict[str, Any]:
    """What asks for the output mode. Mode `tool` sends one function, and makes the model call it."""
    mode, schema = request.output.mode, dict(request.output.schema or {})
    if mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    if mode == "json_schema":
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if mode == "tool":
        return {
            "tools": [{"type": "function", "function": {"name": ANSWER_TOOL, "parameters": schema}}],
            "tool_choice": {"type": "function", "function": {"name": ANSWER_TOOL}},
        }
    return {}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    name, description, parameters = tool_parts(tool)
    function: dict[str, Any] = {"name": name, "parameters": dict(parameters)}
    if description:
        function["description"] = description
    strict = is_strict(tool)
    return {"type": "function", "function": function if strict is None else {**function, "strict": strict}}


def _read(answer: Any, exchange: Exchange) -> Reply:
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise bad_reply("the answer holds no choice", answer)
    choice = choices[0]
    text, refusal = choice.message.content, choice.message.refusal
    return Reply(
        text=as_text(refusal or text),
        kind=_kind(choice.finish_reason, refused=bool(refusal)),
        finish_reason=as_word(choice.finish_reason),
        tool_calls=tuple(
            called_tool(call.function.name, call.function.arguments, call.id)
            for call in choice.message.tool_calls or ()
        ),
        usage=exchange.usage,
        wire=exchange.tap.wire(),
        model_returned=as_word(getattr(answer, "model", None)),
        system_fingerprint=as_word(getattr(answer, "system_fingerprint", None)),
    )


async def _streamed(create: Any, exchange: Exchange) -> Reply:
    """Gather a stream. Its end without a finish reason is a broken answer, not a short one."""
    heard = _Heard()
    sent = create(model="", messages=[], stream=True, extra_body=exchange.body)
    async with await sent as stream:
        async for chunk in stream:
            exchange.chunk()
            heard.take(chunk, exchange)
    exchange.tap.done()
    if heard.finish_reason is None:
        raise broken_stream(exchange.chunks)
    return Reply(
        text="".join(heard.refusal or heard.text),
        kind=_kind(heard.finish_reason, refused=bool(heard.refusal)),
        finish_reason=heard.finish_reason,
        tool_calls=tuple(called_tool(**heard.calls[index]) for index in sorted(heard.calls)),
        usage=exchange.usage,
        wire=exchange.tap.wire(),
        model_returned=heard.model,
        system_fingerprint=heard.fingerprint,
    )


class _Heard:
    """A stream so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.finish_reason: str | None = None
        self.model: str | None = None
        self.fingerprint: str | None = None

    def take(self, chunk: Any, exchange: Exchange) -> None:
        """Add one chunk; the first one with content stops the first-token clock."""
        self.model = self.model or as_word(getattr(chunk, "model", None))
        self.fingerprint = self.fingerprint or as_word(getattr(chunk, "system_fingerprint", None))
        exchange.usage = chat_usage(getattr(chunk, "usage", None)) or exchange.usage
        for choice in getattr(chunk, "choices", None) or ():
            if not choice.index:  # of several choices the first is the answer, as without a stream
                self._take_choice(choice, exchange)

    def _take_choice(self, choice: Any, exchange: Exchange) -> None:
        self.finish_reason = as_word(choice.finish_reason) or self.finish_reason
        delta = choice.delta
        if delta is None:
            return
        for part, held in ((delta.content, self.text), (delta.refusal, self.refusal)):
            if part:
                exchange.tap.first_token()
                held.append(part)
        for call in delta.tool_calls or ():
            exchange.tap.first_token()
            self._take_tool_call(call)

    def _take_tool_call(self, call: Any) -> None:
        index = call.index
        if index is None:  # some servers send each call whole and number none
            index = len(self.calls) if call.id else max(self.calls, default=0)
        held = self.calls.setdefault(index, {"call_id": call.id, "name": "", "arguments": ""})
        if call.function is not None:
            held["name"] += call.function.name or ""
            held["arguments"] += call.function.arguments or ""


def _kind(finish_reason: str | None, *, refused: bool) -> Any:
    if refused or finish_reason == "content_filter":
        return "refused"
    return "truncated" if finish_reason == "length" else "answered"
