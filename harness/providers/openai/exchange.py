"""One call on its way, and what both interfaces have in common: how it ended, and how it broke."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from harness.calls import wire
from harness.calls.failures import bad_reply, connection_error
from harness.errors import CallError
from harness.text.quote import clip, quote
from harness.text.tools import ANSWER_TOOL
from harness.types.call import Reply, Request, Usage
from harness.types.experiment import ModelSpec, OutputMode

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

MOST_CHUNKS = 100_000
"""A stream with more is cut: no answer has as many."""
_LONGEST_WORDS = 1_000
_CODES: Mapping[str, tuple[str, bool]] = {
    "rate_limit_exceeded": ("rate_limited", True),
    "server_error": ("server_error", True),
    "insufficient_quota": ("rate_limited", False),
}
"""What a failure that comes after its 200 is called, and whether it may pass."""


@dataclass(slots=True)
class Exchange:
    """One call. Mutable, and owned by it."""

    body: Mapping[str, Any]
    """The whole request, as it is sent."""
    tap: wire.Tap
    usage: Usage | None = None
    """What the answer has told so far, so that it is known of a broken one too."""
    chunks: int = 0

    def chunk(self) -> None:
        """Count one event of a stream. Raises CallError past the bound."""
        self.chunks += 1
        if self.chunks > MOST_CHUNKS:
            message = f"the stream ran past {MOST_CHUNKS} chunks"
            raise CallError(type="bad_reply", message=message, status=200, usage=self.usage)


class Api(Protocol):
    """One of the vendor's interfaces."""

    def body(self, model: ModelSpec, params: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The request as this interface words it."""

    def open(self, client: "AsyncOpenAI") -> None:
        """Find the SDK's method: only then it loads that part of itself, half a second that belongs to no call."""

    async def ask(self, exchange: Exchange) -> Reply:
        """Send it and read the answer: all of the Reply but params, dropped and output_mode."""

    def mode(self, body: Mapping[str, Any]) -> OutputMode:
        """How a body asks for the answer, whoever wrote it so; a forced function is not looked at."""


def mode_of(form: Any) -> OutputMode:
    """The output mode that a format stands for."""
    kind = form.get("type") if isinstance(form, Mapping) else None
    return kind if kind in ("json_object", "json_schema") else "prompt"


def unwrapped(reply: Reply) -> Reply:
    """The answer of output mode `tool`: the arguments of its one function are the text, and no call is left."""
    for call in reply.tool_calls:
        if call["function"]["name"] == ANSWER_TOOL:
            return replace(reply, text=call["function"]["arguments"], tool_calls=())
    return reply


def as_text(content: Any) -> str:
    """The text of an answer; none is "". Raises CallError for anything else."""
    if content is not None and not isinstance(content, str):
        raise bad_reply("the answer's content is not text", content)
    return content or ""


def as_word(value: Any) -> str | None:
    """A word that the server may leave out; what is no text is none."""
    return value if isinstance(value, str) else None


def server_words(error: "APIStatusError") -> str:
    """What an answer with an error status says, in one line; the SDK's own wording differs from version to version."""
    body = error.body
    message = body.get("message") if isinstance(body, Mapping) else body
    if not isinstance(message, str):
        message = quote(body, _LONGEST_WORDS) if body else str(error.message)
    code = f" ({error.code})" if isinstance(error.code, str) and error.code not in message else ""
    return f"{clip(message, _LONGEST_WORDS)}{code}"


def late_error(code: str | None, message: Any, otherwise: tuple[str, bool]) -> CallError:
    """A failure that is told in the body of a 200, by its code; `otherwise` where the code is not known."""
    kind, passes = _CODES.get(code or "", otherwise)
    said = clip(message if isinstance(message, str) else "the answer failed", _LONGEST_WORDS // 2)
    return CallError(type=kind, message=f"{code}: {said}" if code else said, status=200, retryable=passes)


@contextlib.contextmanager
def told(exchange: Exchange, refusal: Callable[["APIStatusError"], CallError]) -> Iterator[None]:
    """Say in CallError's words what the SDK raises; `refusal` words an answer with an error status."""
    import aiohttp
    import httpx
    import openai

    try:
        yield
    except CallError as error:
        error.usage = error.usage or exchange.usage
        raise
    except openai.APIStatusError as error:
        raise refusal(error) from error
    except (openai.APIConnectionError, httpx.HTTPError, aiohttp.ClientError, OSError) as error:
        broken = connection_error(error)
        broken.usage = exchange.usage
        raise broken from error
    except openai.APIError as error:  # an error inside a stream
        late = late_error(as_word(error.code) or as_word(error.type), error.message, ("bad_reply", True))
        late.usage = exchange.usage
        raise late from error
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        # A 200 whose body is not what the API promises: the SDK fails in ways of its own.
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise bad_reply(what, usage=exchange.usage) from error
