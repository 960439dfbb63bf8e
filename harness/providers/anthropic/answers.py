"""A message as it comes, whole or event by event, read into a Reply."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.calls.failures import bad_reply, broken_stream
from harness.calls.wire import Tap
from harness.errors import CallError
from harness.text.tools import ANSWER_TOOL, called_tool
from harness.types.call import Reply, Usage
from harness.types.experiment import OutputMode

MOST_CHUNKS = 100_000
"""A stream with more is cut: no answer has as many."""

_KINDS: Mapping[str, Any] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "pause_turn": "truncated",  # the vendor stopped half-way and wants to be asked again: not a whole answer
    "refusal": "refused",
}
_DELTAS: Mapping[Any, tuple[str, str]] = {
    "text_delta": ("text", "text"),
    "input_json_delta": ("partial_json", "tool_use"),
}
"""Deltas that are content: the key that holds it, and the type of the block that it belongs to. Thinking is none."""
_COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


def reply_of(message: Any, mode: OutputMode, tap: Tap) -> Reply:
    """Read a whole message: all of the Reply but params, dropped and output_mode.

    In mode `tool` the arguments of the answer's tool are the text, and no call is left. Raises CallError for what is no
    message, ValueError for a tool call without a name.
    """
    if not isinstance(message, Mapping) or not isinstance(message.get("content"), list):
        raise bad_reply("the answer is no message", message)
    blocks = [block for block in message["content"] if isinstance(block, Mapping)]
    text = "".join(_text(block.get("text")) for block in blocks if block.get("type") == "text")
    calls = [
        called_tool(block.get("name"), block.get("input"), block.get("id"))
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    if mode == "tool":
        answers = [call["function"] for call in calls if call["function"]["name"] == ANSWER_TOOL]
        text, calls = (answers[0]["arguments"], []) if answers else (text, calls)
    reason = message.get("stop_reason")
    reason = reason if isinstance(reason, str) else None
    return Reply(
        text=text or _why_refused(message),
        kind=_KINDS.get(reason or "", "answered"),
        finish_reason=reason,
        tool_calls=tuple(calls),
        usage=read_usage(message.get("usage")),
        wire=tap.wire(),
        model_returned=message.get("model") if isinstance(message.get("model"), str) else None,
    )


def read_usage(usage: Any) -> Usage | None:
    """Take the API's counts, which are disjoint already: input_tokens holds neither what was read from a cache nor written.

    None where nothing was told, or nothing but zeros, which is how some servers say nothing. A bucket is None where its
    count is missing, or is none (servers send text, floats and -1).
    """
    if not isinstance(usage, Mapping):
        return None
    fresh, read, written, output = (_count(usage, name) for name in _COUNTS)
    if written is None:
        written = _sum_of_writes(usage.get("cache_creation"))
    if not any((fresh, read, written, output)):
        return None
    return Usage(
        input_tokens=fresh,
        cached_input_tokens=read,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=_count(usage.get("output_tokens_details"), "thinking_tokens"),
    )


class Gathered:
    """An answer so far: event by event, or whole at once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._blocks: dict[Any, Mapping[str, Any]] = {}
        self._parts: dict[Any, list[str]] = {}
        self._head: Mapping[str, Any] = {}
        self._end: Mapping[str, Any] = {}
        self._counts: dict[str, Any] = {}
        self._counted_output = False
        self._stopped = False
        self._chunks = 0
        self._takes: Mapping[Any, Callable[[Mapping[str, Any], Tap], None]] = {
            "message_start": self._begin,
            "content_block_start": self._open,
            "content_block_delta": self._add,
            "message_delta": self._close,
            "message_stop": self._stop,
        }

    def take(self, event: Any, tap: Tap) -> None:
        """Add one event; the first one with text, or the start of a tool call, stops the first-token clock."""
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            message = f"the stream ran past {MOST_CHUNKS} chunks"
            raise CallError(type="bad_reply", message=message, status=200)
        if not isinstance(event, Mapping):
            raise bad_reply("an event of the stream is no object", event)
        take = self._takes.get(event.get("type"))
        if take is not None:  # new kinds of events may come at any time, and are to be passed over
            take(event, tap)

    def take_whole(self, message: Any) -> Any:
        """Take note of a message that was not streamed, and hand it on."""
        usage = message.get("usage") if isinstance(message, Mapping) else None
        self._lay(usage)
        self._counted_output = True
        return message

    def message(self) -> dict[str, Any]:
        """The message, as it would have come whole. Its end without `message_stop` is a broken answer, not a short one."""
        if not self._stopped:
            raise broken_stream(self._chunks)
        content = [self._block(index) for index in sorted(self._blocks)]
        return {**self._head, **self._end, "content": content, "usage": self._counts}

    def usage(self) -> Usage | None:
        """What the stream told so far that it took. Its first event counts no output: that stays unknown until the end."""
        unknown = {} if self._counted_output else {"output_tokens": None}
        return read_usage({**self._counts, **unknown})

    def _begin(self, event: Mapping[str, Any], _tap: Tap) -> None:
        head = event.get("message")
        self._head = head if isinstance(head, Mapping) else {}
        self._lay(self._head.get("usage"))

    def _open(self, event: Mapping[str, Any], tap: Tap) -> None:
        block = event.get("content_block")
        block = block if isinstance(block, Mapping) else {}
        self._blocks[event.get("index")] = block
        if block.get("type") == "tool_use" or block.get("text"):
            tap.first_token()

    def _add(self, event: Mapping[str, Any], tap: Tap) -> None:
        delta = event.get("delta")
        if not isinstance(delta, Mapping):
            return
        key, block_type = _DELTAS.get(delta.get("type"), ("", ""))
        part = delta.get(key)
        if part:
            tap.first_token()
            self._blocks.setdefault(event.get("index"), {"type": block_type})
            self._parts.setdefault(event.get("index"), []).append(part)

    def _block(self, index: Any) -> dict[str, Any]:
        """One block as it would have come whole, but for a tool's arguments: these stay the model's own text."""
        block = self._blocks[index]
        parts = "".join(self._parts.get(index, ()))
        if block.get("type") == "tool_use":
            return {**block, "input": parts or block.get("input")}
        return {**block, "text": _text(block.get("text")) + parts}

    def _close(self, event: Mapping[str, Any], _tap: Tap) -> None:
        end = event.get("delta")
        self._end = end if isinstance(end, Mapping) else {}
        self._lay(event.get("usage"))
        self._counted_output = True

    def _stop(self, _event: Mapping[str, Any], _tap: Tap) -> None:
        self._stopped = True

    def _lay(self, usage: Any) -> None:
        """Lay later counts over earlier ones. They are cumulative: a smaller one says nothing new (some servers: 0)."""
        for name, value in (usage if isinstance(usage, Mapping) else {}).items():
            before = self._counts.get(name)
            if value is not None and not (type(value) is type(before) is int and value < before):
                self._counts[name] = value


def _count(holder: Any, name: str) -> int | None:
    value = holder.get(name) if isinstance(holder, Mapping) else None
    return value if type(value) is int and value >= 0 else None


def _sum_of_writes(split: Any) -> int | None:
    """Of caches that live for five minutes and for an hour."""
    parts = [_count(split, name) for name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")]
    told = [part for part in parts if part is not None]
    return sum(told) if told else None


def _text(content: Any) -> str:
    if content is not None and not isinstance(content, str):
        raise bad_reply("the answer's text is not text", content)
    return content or ""


def _why_refused(message: Mapping[str, Any]) -> str:
    """The vendor's own words, where a refusal has no others."""
    details = message.get("stop_details")
    explanation = details.get("explanation") if isinstance(details, Mapping) else None
    return explanation if isinstance(explanation, str) else ""
