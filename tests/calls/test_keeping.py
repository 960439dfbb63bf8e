"""A server that promises to keep a connection and hangs up is asked on new connections, after a word broken twice."""

import asyncio
from contextlib import suppress

import aiohttp
import pytest

from harness.calls import wire

KEPT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 2\r\n\r\n{}"


def asked(times: int, hangs_up_after: int) -> tuple[int, int]:
    """Ask one after the other: how many were answered, and on how many connections.

    The server hangs up after so many answers on a connection, and only once the next request has come.
    """

    async def run() -> tuple[int, int]:
        connections = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(asyncio.current_task())
            with suppress(asyncio.IncompleteReadError):
                for _ in range(hangs_up_after):
                    await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(2)
                    writer.write(KEPT)
                await reader.read(1)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answered = 0
        async with server, wire.session(4) as session:
            for _ in range(times):
                try:
                    async with session.post(url, data=b"{}") as answer:
                        answered += await answer.read() == b"{}"
                except aiohttp.ClientConnectionError:
                    continue
        await asyncio.gather(*connections)
        return answered, len(connections)

    return asyncio.run(run())


def test_a_word_that_is_broken_twice_in_a_row_is_no_longer_believed():
    """Two requests are lost on connections that were promised; all others have a connection of their own."""
    assert asked(20, hangs_up_after=1) == (18, 18)


@pytest.mark.parametrize(("hangs_up_after", "answered", "opened"), [(2, 20, 10), (5, 25, 5)])
def test_a_word_that_is_kept_in_between_is_believed(hangs_up_after, answered, opened):
    """A connection that has served again and then breaks costs its one request: the next is used again as well."""
    assert asked(30, hangs_up_after) == (answered, opened)


def test_a_server_that_keeps_its_word_is_asked_on_one_connection():
    """Nothing changes for the others."""
    assert asked(20, hangs_up_after=20) == (20, 1)
