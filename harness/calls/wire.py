"""An HTTP session that notes when a request reached the socket and when the last byte of its answer came.

SDK and JSON work lie outside these two instants, so they are never charged to the model; nor does what waits on the
loop before an answer's own task, since the connection itself notes when bytes come in. The SDKs drive the session
through their own aiohttp transport; the notes travel by context variable, since an SDK passes nothing through. What
comes is bounded (calls/bounds.py).
"""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from harness.calls.bounds import ask_plain, bound
from harness.calls.clock import ms_between, now_ns
from harness.calls.keeping import Keeping
from harness.types.call import Wire
from harness.types.plugins import Meter

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.client_proto import ResponseHandler

_PACING = ("x-ratelimit-", "anthropic-ratelimit-", "ratelimit-", "retry-after")
"""Beginnings of the response headers by which a server says how fast it may be asked."""


@dataclass(slots=True)
class Tap:
    """The instants of one exchange, filled in while it runs. Mutable, and owned by one call."""

    begun_ns: int
    sent_ns: int | None = None
    first_token_ns: int | None = None
    done_ns: int | None = None
    connect_began_ns: int | None = None
    connect_ms: float | None = None
    waited: bool = False
    """True where no connection was free."""
    connection: Any = None
    """The one that the answer comes on, once its head is there."""
    headers: Mapping[str, str] | None = None
    """What the answer's headers say of the server's limits, names in lower case, whatever its status was;
    None before the headers came, empty where they say nothing."""

    def first_token(self) -> None:
        """Note the first non-empty content; later ones change nothing."""
        if self.first_token_ns is None:
            self.first_token_ns = self._heard_ns()

    def done(self) -> None:
        """Note the end of the answer's body, unless the hooks have: the SDK leaves a stream at its last event."""
        if self.done_ns is None:
            self.done_ns = self._heard_ns()

    def wire(self) -> Wire:
        """Read the tap. Without hooks (a proxy's transport has none) the client's own clock stands in."""
        if self.sent_ns is None or self.done_ns is None:
            return Wire(
                sent_ns=self.begun_ns, done_ns=now_ns(), first_token_ns=self.first_token_ns, clock="client"
            )
        return Wire(
            sent_ns=self.sent_ns,
            done_ns=self.done_ns,
            first_token_ns=self.first_token_ns,
            connect_ms=self.connect_ms,
        )

    def weigh(self, meter: Meter) -> None:
        """Tell what the harness itself added to the exchange."""
        if self.start_to_send_ms is not None:
            meter.sent(self.start_to_send_ms)
        if self.waited:
            meter.waited()

    def _heard_ns(self) -> int:
        """When bytes last came in; now, where the connection does not say."""
        return getattr(self.connection, "heard_ns", None) or now_ns()

    @property
    def start_to_send_ms(self) -> float | None:
        """From the call's begin to the socket, connection set-up left out; None where nothing was sent."""
        if self.sent_ns is None:
            return None
        return max(0.0, ms_between(self.begun_ns, self.sent_ns) - (self.connect_ms or 0.0))


_TAP: ContextVar[Tap | None] = ContextVar("tap", default=None)


def tap() -> Tap:
    """Open a tap for the exchange that the current task is about to make."""
    fresh = Tap(begun_ns=now_ns())
    _TAP.set(fresh)
    return fresh


def last_tap() -> Tap | None:
    """The tap of the current task's latest exchange; None where it has made none."""
    return _TAP.get()


def session(connections: int) -> "aiohttp.ClientSession":
    """Open a session whose pool never starves `connections` calls in flight. Call it inside the loop."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=max(connections, 1) + 8, keepalive_timeout=60)
    # No hook tells when bytes come in, and the connector takes no other connections than those it makes itself.
    connector._factory = partial(_connection(), loop=asyncio.get_running_loop())  # noqa: SLF001
    opened = aiohttp.ClientSession(
        connector=connector,
        trace_configs=[_trace(Keeping(connector))],
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    # A GET on a connection that was dropped meanwhile would be sent again, and nobody would count it.
    opened._retry_connection = False  # noqa: SLF001
    return opened


@cache
def _connection() -> "type[ResponseHandler]":
    """A connection that notes when bytes came in: the answer's own task may have to wait for others before it."""
    from aiohttp.client_proto import ResponseHandler

    class Heard(ResponseHandler):
        __slots__ = ("heard_ns",)

        def data_received(self, data: bytes) -> None:
            if data:  # with none, aiohttp goes on with what it holds
                self.heard_ns = now_ns()
            super().data_received(data)

    return Heard


def _trace(keeping: Keeping) -> "aiohttp.TraceConfig":
    """The hooks. `on_response_chunk_received` does not fire on a streamed body, so the end is the body's EOF."""
    import aiohttp

    trace = aiohttp.TraceConfig(trace_config_ctx_factory=_context)  # type: ignore[arg-type]
    trace.on_request_start.append(_starting)
    trace.on_connection_queued_start.append(_queued)
    trace.on_connection_create_start.append(_connecting)
    trace.on_connection_create_end.append(_connected)
    trace.on_request_headers_sent.append(
        _sent
    )  # all that a request without a body sends; a body's end stands
    trace.on_request_chunk_sent.append(_sent)
    trace.on_request_end.append(_ended)
    trace.on_connection_reuseconn.append(_reused)
    trace.on_request_end.append(partial(_kept, keeping))
    trace.on_request_exception.append(partial(_broke, keeping))
    return trace


def _context(trace_request_ctx: Any = None) -> SimpleNamespace:
    """The tap of the task that makes the request, or one that nobody reads."""
    del trace_request_ctx
    return SimpleNamespace(tap=_TAP.get() or Tap(begun_ns=now_ns()), reused=False)


async def _starting(_session: Any, _context: SimpleNamespace, params: Any) -> None:
    ask_plain(params.headers)


async def _queued(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.tap.waited = True


async def _connecting(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.tap.connect_began_ns = now_ns()


async def _connected(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    if context.tap.connect_began_ns is not None:
        context.tap.connect_ms = ms_between(context.tap.connect_began_ns, now_ns())


async def _sent(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.tap.sent_ns = now_ns()


async def _ended(_session: Any, context: SimpleNamespace, params: Any) -> None:
    held: Tap = context.tap
    held.connection = params.response._protocol  # noqa: SLF001 -- public only until the body has ended
    held.headers = _pacing(params.response.headers)
    bound(params.response)
    params.response.content.on_eof(held.done)


async def _reused(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.reused = True


async def _kept(keeping: Keeping, _session: Any, context: SimpleNamespace, _params: Any) -> None:
    if context.reused:
        keeping.kept()


async def _broke(keeping: Keeping, _session: Any, context: SimpleNamespace, params: Any) -> None:
    import aiohttp

    if context.reused and isinstance(params.exception, aiohttp.ClientConnectionError):
        keeping.broke()


def _pacing(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that tell of limits. A header that stands twice counts as it stands last."""
    lower = ((name.lower(), value) for name, value in headers.items())
    return {name: value for name, value in lower if name.startswith(_PACING)}
