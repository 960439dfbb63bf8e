"""The bounds of an answer, over real HTTP: length, packing, and a server that never ends."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web

from harness.calls import bounds, wire
from harness.calls.failures import connection_error
from harness.errors import CallError

T = TypeVar("T")
BOUND = 1 << 20
READERS: dict[str, Callable[[aiohttp.ClientResponse], Awaitable[Any]]] = {}


def reader(read: Callable[[aiohttp.ClientResponse], Awaitable[Any]]) -> Any:
    """One way in which a body may be read."""
    READERS[read.__name__] = read
    return read


@reader
async def whole(response: aiohttp.ClientResponse) -> int:
    """All at once."""
    return len(await response.read())


@reader
async def chunked(response: aiohttp.ClientResponse) -> int:
    """In pieces of a size, as the SDKs do."""
    return sum([len(piece) async for piece in response.content.iter_chunked(1 << 14)])


@reader
async def as_it_comes(response: aiohttp.ClientResponse) -> int:
    """In pieces as they come."""
    return sum([len(piece) async for piece in response.content.iter_any()])


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is soon reached."""
    monkeypatch.setattr(bounds, "MOST_BYTES", BOUND)


def asked(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
    read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
    **options: Any,
) -> T | CallError:
    """What one request brings to one way of reading, or the CallError that it ends in."""

    async def run() -> T | CallError:
        app = web.Application()
        app.router.add_post("/", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            async with asyncio.timeout(20), wire.session(1) as session:
                try:
                    async with session.post(url, **options) as response:
                        return await read(response)
                except aiohttp.ClientError as error:
                    return connection_error(error)
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def sends(length: int, *, declared: bool, status: int = 200) -> Callable[[web.Request], Any]:
    """A server that answers with so many bytes, and declares them or not."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if declared:
            return web.Response(body=b"x" * length, status=status)
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        for _ in range(length >> 14):
            await response.write(b"x" * (1 << 14))
        await response.write(b"x" * (length % (1 << 14)))
        return response

    return answer


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_body_may_be_as_long_as_the_bound(read: Any, declared: bool) -> None:
    """The last byte that fits is read, however the body is sent and read; the one after it is not."""
    assert asked(sends(BOUND, declared=declared), read) == BOUND
    error = asked(sends(BOUND + 1, declared=declared), read)
    assert isinstance(error, CallError)
    assert (error.type, error.status, error.retryable) == ("bad_reply", 200, False)
    assert error.message == "the answer is longer than 1 MiB"


def test_an_error_past_the_bound_keeps_its_status() -> None:
    """An error's body is bounded as well, and is still told by its status."""
    error = asked(sends(3 * BOUND, declared=False, status=502), whole)
    assert isinstance(error, CallError)
    assert (error.type, error.status) == ("bad_reply", 502)


def test_a_server_that_streams_for_ever_is_left() -> None:
    """A stream without an end ends at the bound, and its connection is closed: the server notices."""
    left = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"data: {}\n\n" * 1000)
                await asyncio.sleep(0)
        except ConnectionResetError:
            left.set()
            raise

    error = asked(endless, chunked)
    assert isinstance(error, CallError)
    assert error.type == "bad_reply"
    assert left.is_set()


def test_answers_are_asked_for_plain() -> None:
    """Whatever the client would ask for by itself."""
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.getall("Accept-Encoding"))
        return web.Response(text="x")

    asked(answer, whole)
    asked(answer, whole, headers={"accept-encoding": "gzip, deflate, br"})
    assert seen == [["identity"], ["identity"]]


def packed(body: bytes, encoding: str) -> Callable[[web.Request], Any]:
    """A server that sends what it has packed, whatever it was asked."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    return answer


BOMB = gzip.compress(bytes(200 * BOUND))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_what_comes_packed_to_a_client_that_unpacks_by_itself_is_refused(encoding: str) -> None:
    """The SDKs unpack without a bound, so they are handed nothing to unpack."""
    error = asked(packed(BOMB, encoding), chunked, auto_decompress=False)
    assert isinstance(error, CallError)
    assert error.type == "bad_reply"
    assert error.message == f"the answer came compressed ({encoding}), which was not asked for"


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_unpacked_here_counts_as_it_is_then(read: Any) -> None:
    """Where aiohttp unpacks, a bomb of 200 MiB in 200 KiB ends at the bound; a small packed answer is read."""
    assert len(BOMB) < BOUND / 4
    error = asked(packed(BOMB, "gzip"), read)
    assert isinstance(error, CallError)
    assert error.type == "bad_reply"
    assert asked(packed(zlib.compress(b"abc" * 100), "deflate"), read) == 300


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_body_is_no_body(status: int) -> None:
    """The reader that all empty answers share stays as it is."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    assert asked(answer, whole) == 0


def test_headers_are_bounded() -> None:
    """A header without an end is a broken exchange, told as one."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (1 << 18))
        return web.Response()

    error = asked(answer, whole)
    assert isinstance(error, CallError)
    assert error.type == "connection"
