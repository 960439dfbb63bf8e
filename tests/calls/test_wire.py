"""The tap: instants of one exchange, and what can be read where some of them are missing."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import TypeVar

import aiohttp
import pytest
from aiohttp import web

from harness.calls import wire
from harness.calls.meter import Scale

T = TypeVar("T")


def served(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], use: Callable[[str], Awaitable[T]]
) -> T:
    """What `use` makes of the address of a loopback server that answers every POST with `answer`."""

    async def run() -> T:
        app = web.Application()
        app.router.add_post("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return await use(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_without_hooks_the_clients_clock_stands_in():
    """A transport without hooks leaves no instants: the call's own begin and end serve, and it is said so."""
    tap = wire.tap()
    tap.first_token()
    read = tap.wire()
    assert read.clock == "client"
    assert read.sent_ns == tap.begun_ns
    assert read.done_ns >= read.first_token_ns >= read.sent_ns
    assert tap.start_to_send_ms is None


def test_the_first_token_and_the_end_are_noted_once():
    """Later content and a later end change nothing."""
    tap = wire.tap()
    tap.first_token()
    tap.done()
    noted = (tap.first_token_ns, tap.done_ns)
    tap.first_token()
    tap.done()
    assert (tap.first_token_ns, tap.done_ns) == noted


def test_instants_are_those_of_the_connection():
    """What waits on the loop between the bytes and the answer's own task is not charged to the model."""
    tap = wire.Tap(begun_ns=0, sent_ns=1, connection=SimpleNamespace(heard_ns=5))
    tap.first_token()
    tap.connection.heard_ns = 9
    tap.done()
    assert (tap.first_token_ns, tap.done_ns) == (5, 9)


def test_a_real_connection_says_when_bytes_came_in():
    """Every answer's end is the instant at which its last bytes were read, plain or in parts, and not later."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query["way"] == "whole":
            return web.Response(text="x")
        parts = web.StreamResponse()
        await parts.prepare(request)
        for _ in range(3):
            await parts.write(b"x")
            await asyncio.sleep(0.01)
        return parts

    async def ask(session: aiohttp.ClientSession, url: str, way: str) -> wire.Tap:
        tap = wire.tap()
        async with session.post(url, params={"way": way}) as reply:
            await reply.content.readany()
            tap.first_token()
            await reply.read()
        assert tap.done_ns == tap.connection.heard_ns
        return tap

    async def told(url: str) -> list[wire.Tap]:
        async with wire.session(2) as session:
            return [await ask(session, url, way) for way in ("whole", "parts")]

    whole, parts = served(answer, told)
    for tap in (whole, parts):
        assert tap.sent_ns < tap.first_token_ns <= tap.done_ns
    assert parts.done_ns - parts.first_token_ns > 5e6


def test_starting_leaves_the_connection_out():
    """Setting up a connection is no part of what the harness adds."""
    tap = wire.Tap(begun_ns=0, sent_ns=9_000_000, connect_ms=7.0)
    assert tap.start_to_send_ms == 2.0
    assert wire.Tap(begun_ns=0, sent_ns=5_000_000, connect_ms=7.0).start_to_send_ms == 0.0


def test_exchanges_at_once_have_taps_of_their_own():
    """Each task reads its own instants, though all share one session; a queue for a connection is noted."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query["wait"]))
        return web.Response(text="x")

    async def ask(session: aiohttp.ClientSession, url: str, wait_s: float) -> wire.Tap:
        tap = wire.tap()
        async with session.post(url, data=b"q", params={"wait": str(wait_s)}) as reply:
            await reply.read()
        return tap

    async def told(url: str) -> list[wire.Tap]:
        async with wire.session(0) as session:
            waits = [0.0, 0.12, *[0.06] * 10]
            return await asyncio.gather(*(ask(session, url, wait_s) for wait_s in waits))

    taps = served(answer, told)
    reads = [tap.wire() for tap in taps]
    assert all(read.clock == "wire" and read.done_ns > read.sent_ns for read in reads)
    assert any(tap.waited for tap in taps)
    assert not taps[0].waited
    assert taps[0].done_ns - taps[0].begun_ns < taps[1].done_ns - taps[1].begun_ns


@pytest.mark.parametrize("status", [200, 307, 429, 529])
def test_what_a_server_says_of_its_limits_is_kept(status: int):
    """Whatever the status: the headers of limits, in lower case, and no others; each task reads its own."""

    async def answer(request: web.Request) -> web.Response:
        left = {"X-RateLimit-Remaining-Requests": request.query["left"], "Set-Cookie": "a=b"}
        more = {"Anthropic-Ratelimit-Tokens-Remaining": "9", "RateLimit-Limit": "5", "Retry-After-Ms": "70"}
        return web.Response(status=status, headers=left | more)

    async def ask(session: aiohttp.ClientSession, url: str, left: str) -> wire.Tap | None:
        assert wire.tap().headers is None
        async with session.post(url, params={"left": left}, allow_redirects=False):
            return wire.last_tap()

    async def told(url: str) -> list[wire.Tap | None]:
        async with wire.session(2) as session:
            return await asyncio.gather(*(ask(session, url, left) for left in ("1", "2", "3")))

    more = {"anthropic-ratelimit-tokens-remaining": "9", "ratelimit-limit": "5", "retry-after-ms": "70"}
    expected = [{"x-ratelimit-remaining-requests": left} | more for left in ("1", "2", "3")]
    assert [tap.headers for tap in served(answer, told)] == expected


def test_a_task_that_has_asked_nothing_has_no_tap():
    """No exchange, no tap."""
    assert contextvars.Context().run(wire.last_tap) is None


def test_a_session_that_nobody_taps_still_works():
    """Other users of a session than providers meet a tap that nobody reads."""
    assert isinstance(wire._context(), SimpleNamespace)


def test_the_scale_is_emptied_by_reading_it():
    """Each probe takes what gathered since the one before."""
    scale = Scale()
    scale.sent(1.23456)
    scale.waited()
    assert scale.take() == ((1.235,), 1)
    assert scale.take() == ((), 0)
