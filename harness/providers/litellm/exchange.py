"""One exchange as it really went, seen below litellm: what was sent, and the status, headers and body that came."""

import json
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

_INPUT = re.compile(rb'"\w*(?:prompt|input)\w*(?:tokens?|count)\w*"\s*:\s*"?\d', re.IGNORECASE)
_OUTPUT = re.compile(
    rb'"\w*(?:completion|output|candidates|generat\w+|eval)_?(?:tokens?|count|token_?count)\w*"\s*:\s*"?\d',
    re.IGNORECASE,
)
_REFUSAL = re.compile(rb'"refusal"\s*:\s*("(?:[^"\\]|\\.)*")')
_ENDED = re.compile(
    rb'"\w*(?:finish|stop|done|complet|end)\w*"\s*:\s*(?:"|true)|data:\s*\[DONE\]', re.IGNORECASE
)


@dataclass(slots=True)
class Exchange:
    """The one request of one call, filled in while it runs. Mutable, and owned by that call."""

    session: "aiohttp.ClientSession"
    host: str | None = None
    """The only `host:port` that may be asked; None: wherever litellm finds the vendor."""
    withheld: frozenset[str] = frozenset()
    """Keys of the vendor's that may not leave for another host."""
    unsaid: frozenset[str] = frozenset()
    """Names, in lower case, of headers that may not."""
    posts: int = 0
    requests: int = 0
    sent: bytes = b""
    """The body of the request."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    broke: BaseException | None = None
    """Why the request, or its answer, did not come through."""
    forbidden: str = ""
    """Why the request was never made."""

    def tells_input(self) -> bool:
        """True where the answer itself counts the request's tokens."""
        return _INPUT.search(self.body) is not None

    def tells_output(self) -> bool:
        """True where the answer itself counts its own tokens."""
        return _OUTPUT.search(self.body) is not None

    def refusal(self) -> str:
        """OpenAI's words of refusal, whole or streamed: of a stream litellm passes on the first of them at most."""
        return "".join(json.loads(words) for words in _REFUSAL.findall(self.body))

    def is_page(self) -> bool:
        """True where the answer is a page of the web's, in which no stream stands."""
        return self.body.lstrip().startswith(b"<")

    def tells_its_end(self) -> bool:
        """True where a stream says why it ended; litellm says `stop` for one that was cut off."""
        return _ENDED.search(self.body) is not None


class Forbidden(Exception):
    """A request that may not be made: a second one in one call, or one to where the config does not point."""


_CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def begin(exchange: Exchange) -> None:
    """Let the requests of the current task belong to this exchange."""
    _CURRENT.set(exchange)


def install() -> None:
    """Put our transport under every asynchronous HTTP client that litellm makes, whichever vendor it is for.

    Its `shared_session` and `client` arguments reach one family of vendors each, and neither keeps it from asking
    again by itself after a broken connection.
    """
    import httpx
    from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    class Body(httpx.AsyncByteStream):
        """An answer's body, noted as it passes."""

        def __init__(self, stream: Any, exchange: Exchange) -> None:
            self._stream, self._exchange = stream, exchange

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _noted(self._stream, self._exchange)

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Transport(LiteLLMAiohttpTransport):
        """litellm's own, on the session of the current exchange."""

        def get_valid_client_session(self) -> "aiohttp.ClientSession":
            return _current().session

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            exchange = _current()
            _admit(exchange, request)
            answer: httpx.Response = await _watched(exchange, super().handle_async_request(request))
            answer.stream = Body(answer.stream, exchange)
            return answer

    def transport(*_: Any, **__: Any) -> Transport:
        return Transport(client=lambda: _current().session, owns_session=False)

    AsyncHTTPHandler.create_async_transport = staticmethod(transport)  # type: ignore[method-assign]


async def _noted(stream: Any, exchange: Exchange) -> AsyncIterator[bytes]:
    try:
        async for piece in stream:
            exchange.body += piece
            yield piece
    except Exception as error:
        exchange.broke = error
        raise


async def _watched(exchange: Exchange, asking: Coroutine[Any, Any, Any]) -> Any:
    """The answer, once its headers are there. One that is asked for again replaces the one before."""
    try:
        answer = await asking
    except Exception as error:
        exchange.broke = error
        raise
    exchange.status, exchange.headers = answer.status_code, answer.headers
    exchange.body.clear()
    return answer


def _current() -> Exchange:
    exchange = _CURRENT.get()
    if exchange is None:
        raise Forbidden("a request outside of a call")
    return exchange


def _admit(exchange: Exchange, request: Any) -> None:
    """Let one request that carries a body pass, and those that only ask after its answer (vendors that poll)."""
    for name in exchange.unsaid:
        request.headers.pop(name, None)
    exchange.forbidden = _objection(exchange, request)
    if exchange.forbidden:
        raise Forbidden(exchange.forbidden)
    exchange.requests += 1
    if request.method == "POST":
        exchange.posts += 1
        exchange.sent = request.content


def _objection(exchange: Exchange, request: Any) -> str:
    if exchange.host is not None and request.url.netloc.decode() != exchange.host:
        return f"a request to {request.url.host}, which the config does not name"
    if any(key in value for key in exchange.withheld for value in request.headers.values()):
        return "the vendor's key was on its way to another host"
    return "a second request in one call" if request.method == "POST" and exchange.posts else ""
