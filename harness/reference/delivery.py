"""How an answer goes out: its bytes on their schedule, or the fault that takes their place."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference.declared import SLOW_S

if TYPE_CHECKING:
    from aiohttp import web

GARBAGE = b"<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
SLOW_PIECES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An answer that is ready: pieces of its body, each with the time when it is due."""

    pieces: tuple[tuple[float, bytes], ...]
    """(milliseconds after the request's arrival, bytes)."""
    streamed: bool = False

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def content_type(self) -> str:
        """Of the answer."""
        return "text/event-stream" if self.streamed else "application/json"


def spread(body: bytes, over_ms: float) -> tuple[tuple[float, bytes], ...]:
    """Cut a body into small pieces that are due one after the other."""
    step = max(1, -(-len(body) // SLOW_PIECES))
    cut = [body[start : start + step] for start in range(0, len(body), step)]
    return tuple((over_ms * (place + 1) / len(cut), piece) for place, piece in enumerate(cut))


async def deliver(
    request: "web.Request", delivery: Delivery, *, arrived_s: float, fault: str | None, time_scale: float
) -> "web.StreamResponse":
    """Send it as it is due. `arrived_s` is the loop's time when the request had been read."""
    from aiohttp import web

    if fault in ("drop", "hang"):
        return await _never(request, fault)
    if fault == "garbage":
        return web.Response(body=GARBAGE, content_type="text/html")
    if fault == "slow":
        late = spread(delivery.body, SLOW_S * 1000 * time_scale)
        return await _send(request, delivery, late, arrived_s=arrived_s)
    if fault == "cut":
        return await _cut(request, delivery)
    if delivery.streamed:
        return await _send(request, delivery, delivery.pieces, arrived_s=arrived_s)
    await _until(arrived_s + delivery.pieces[-1][0] / 1000)
    return web.Response(body=delivery.body, content_type=delivery.content_type)


async def _until(due_s: float) -> None:
    wait_s = due_s - asyncio.get_running_loop().time()
    if wait_s > 0:
        await asyncio.sleep(wait_s)


async def _send(
    request: "web.Request", delivery: Delivery, pieces: tuple[tuple[float, bytes], ...], *, arrived_s: float
) -> "web.StreamResponse":
    response = _opened(delivery)
    await _until(arrived_s + pieces[0][0] / 1000)
    await response.prepare(request)
    for due_ms, piece in pieces:
        await _until(arrived_s + due_ms / 1000)
        await response.write(piece)
    await response.write_eof()
    return response


def _opened(delivery: Delivery) -> "web.StreamResponse":
    from aiohttp import web

    response = web.StreamResponse(headers={"Content-Type": delivery.content_type})
    if not delivery.streamed:
        response.content_length = len(delivery.body)
    return response


async def _cut(request: "web.Request", delivery: Delivery) -> "web.StreamResponse":
    """Promise the whole body, send its first half, and hang up."""
    response = _opened(delivery)
    await response.prepare(request)
    body = delivery.body
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _never(request: "web.Request", fault: str) -> "web.StreamResponse":
    """Hang up without a byte, or keep the line open until the caller leaves."""
    from aiohttp import web

    if fault == "drop" and request.transport is not None:
        request.transport.abort()
    else:
        await asyncio.Event().wait()
    return web.StreamResponse()
