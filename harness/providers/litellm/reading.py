"""What litellm makes of an answer, plain or streamed, told in the harness's words."""

from collections.abc import Mapping
from typing import Any, Literal

from harness.calls import wire
from harness.calls.failures import bad_reply, broken_stream
from harness.errors import CallError
from harness.providers.litellm.exchange import Exchange
from harness.text.tools import called_tool
from harness.types.call import Reply, Usage, Wire

MOST_CHUNKS = 100_000
"""A stream with more is cut: no answer has as many."""


def read(answer: Any, exchange: Exchange, tap: wire.Tap) -> Reply:
    """Read a whole answer. Raises CallError where it holds none."""
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise bad_reply("the answer holds no choice", answer)
    message, finish = choices[0].message, choices[0].finish_reason
    calls = [
        {"name": call.function.name, "arguments": call.function.arguments, "call_id": call.id}
        for call in message.tool_calls or ()
    ]
    refusal = "" if message.content or calls else exchange.refusal()
    return Reply(
        text=_as_text(refusal or message.content),
        kind=_kind(finish, refused=bool(refusal)),
        finish_reason=finish,
        tool_calls=tuple(called_tool(**call) for call in calls),
        usage=read_usage(getattr(answer, "usage", None), exchange),
        wire=told_times(exchange, tap),
        model_returned=getattr(answer, "model", None),
        system_fingerprint=getattr(answer, "system_fingerprint", None),
    )


async def gather(stream: Any, exchange: Exchange, tap: wire.Tap) -> Reply:
    """Gather a stream. One that was cut off is a broken answer, whatever litellm says of its end."""
    heard = Heard()
    async for chunk in stream:
        heard.take(chunk, tap)
    tap.done()
    usage = read_usage(heard.usage, exchange)
    if heard.finish_reason is None or (exchange.requests and not exchange.tells_its_end()):
        raise broken_stream(0 if exchange.is_page() else 1, usage=usage)
    refusal = "" if heard.text or heard.calls else exchange.refusal()
    return Reply(
        text=refusal or "".join(heard.text),
        kind=_kind(heard.finish_reason, refused=bool(refusal)),
        finish_reason=heard.finish_reason,
        tool_calls=tuple(called_tool(**heard.calls[index]) for index in sorted(heard.calls)),
        usage=usage,
        wire=told_times(exchange, tap),
        model_returned=heard.model,
        system_fingerprint=heard.fingerprint,
    )


class Heard:
    """A stream so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.text: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.finish_reason: str | None = None
        self.usage: Any = None
        self.model: str | None = None
        self.fingerprint: str | None = None
        self._chunks = 0

    def take(self, chunk: Any, tap: wire.Tap) -> None:
        """Add one chunk; the first one with content stops the first-token clock."""
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            message = f"the stream ran past {MOST_CHUNKS} chunks"
            raise CallError(type="bad_reply", message=message, status=200)
        self.model = self.model or getattr(chunk, "model", None)
        self.fingerprint = self.fingerprint or getattr(chunk, "system_fingerprint", None)
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in chunk.choices or ():
            if not choice.index:  # of several choices the first is the answer, as without a stream
                self._take_choice(choice, tap)

    def _take_choice(self, choice: Any, tap: wire.Tap) -> None:
        self.finish_reason = choice.finish_reason or self.finish_reason
        if choice.delta.content:
            tap.first_token()
            self.text.append(choice.delta.content)
        for call in choice.delta.tool_calls or ():
            tap.first_token()
            held = self.calls.setdefault(call.index or 0, {"call_id": call.id, "name": "", "arguments": ""})
            held["name"] += call.function.name or ""
            held["arguments"] += call.function.arguments or ""


def told_times(exchange: Exchange, tap: wire.Tap) -> Wire:
    """The instants at the wire; those of the client for a vendor that is asked again and again for one answer."""
    told = tap.wire()
    if exchange.requests <= 1:
        return told
    return Wire(sent_ns=tap.begun_ns, done_ns=told.done_ns, first_token_ns=tap.first_token_ns, clock="client")


def read_usage(usage: Any, exchange: Exchange) -> Usage | None:
    """Put litellm's counts into disjoint buckets: its prompt_tokens include the cached and the written ones.

    Where a server counts nothing litellm says 0, or counts for it; so only what the answer itself tells is taken.
    A vendor whose answer was not seen (one with an SDK of its own under litellm) is believed, unless all is 0.
    """
    if exchange.requests and not (exchange.tells_input() or exchange.tells_output()):
        return None
    prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not (prompt or output):
        return None
    told = getattr(usage, "prompt_tokens_details", None)
    cached, written = _count(told, "cached_tokens"), _count(told, "cache_creation_tokens")
    reasoning = _count(getattr(usage, "completion_tokens_details", None), "reasoning_tokens")
    if prompt is not None and output is not None and reasoning:
        beside = _count(usage, "total_tokens") == prompt + output + reasoning
        output += reasoning if beside else 0  # xAI counts reasoning beside the completion, and bills both
    inside = (cached or 0) + (written or 0)
    if prompt is not None and inside <= prompt:
        prompt -= inside  # more of them than prompt tokens: that server counts them apart
    return Usage(
        input_tokens=prompt if exchange.tells_input() or not exchange.requests else None,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output if exchange.tells_output() or not exchange.requests else None,
        reasoning_tokens=reasoning or None,
    )


def _count(holder: Any, name: str) -> int | None:
    value = holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
    return value if type(value) is int and value >= 0 else None


def _kind(finish: str | None, *, refused: bool = False) -> Literal["answered", "refused", "truncated"]:
    if refused or finish == "content_filter":
        return "refused"
    return "truncated" if finish == "length" else "answered"


def _as_text(content: Any) -> str:
    if content is not None and not isinstance(content, str):
        raise bad_reply("the answer's content is not text", content)
    return content or ""
