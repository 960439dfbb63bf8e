"""Trials in, records out: bounded concurrency, paced starts, and a stop that loses nothing."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.calls.pace import Pace
from harness.errors import Abandoned
from harness.types.record import Entry
from harness.types.trial import Trial

BACKLOG_S = 0.003
"""Starts that came due so long ago may still be made at once: timers are late by a millisecond, and that adds up."""


async def execute(
    trials: Iterable[Trial],
    run: Callable[[Trial], Awaitable[Entry]],
    pace: Pace,
    stop: asyncio.Event,
) -> AsyncGenerator[Entry, None]:
    """Yield one Entry as each trial ends, in the order in which they end.

    Once `stop` is set no trial starts; those in their slots still end and are yielded, but for those that `run` says
    are Abandoned. What else it raises ends the run after the entries that were ready. Leaving the iteration early cancels what is in flight.
    """
    ended: asyncio.Queue[asyncio.Task[Entry] | None] = asyncio.Queue()
    running: set[asyncio.Task[Entry]] = set()
    starter = asyncio.create_task(_start_all(trials, run, _Slots(pace, stop, ended, running)))
    try:
        while (task := await ended.get()) is not None:
            if not task.cancelled() and isinstance(task.exception(), Abandoned):
                continue
            if task.cancelled() or task.exception() is not None:
                for ready in _ready(ended):
                    yield ready
            yield task.result()
        await starter
    finally:
        open_tasks: list[asyncio.Task[Any]] = [starter, *running]
        for left in open_tasks:
            left.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)


@dataclass(slots=True)
class _Slots:
    pace: Pace
    stop: asyncio.Event
    ended: "asyncio.Queue[asyncio.Task[Entry] | None]"
    running: "set[asyncio.Task[Entry]]"
    due_s: float = 0.0
    """When the newest start was due, on the loop's clock."""
    most: int = 0
    """Trials in their slots at once, so far."""


async def _start_all(
    trials: Iterable[Trial], run: Callable[[Trial], Awaitable[Entry]], slots: _Slots
) -> None:
    pace = slots.pace

    def leave(task: "asyncio.Task[Entry]") -> None:
        slots.running.discard(task)
        pace.leave(_measured_ms(task))
        slots.ended.put_nowait(task)

    try:
        for number, trial in enumerate(trials):
            await pace.room()
            await _turn(slots, number)
            if slots.stop.is_set():
                break
            task = asyncio.create_task(_own(run, trial))
            slots.running.add(task)
            pace.enter()
            task.add_done_callback(leave)
        if slots.running:
            await asyncio.wait(set(slots.running))
    finally:
        slots.ended.put_nowait(None)


def _ready(ended: "asyncio.Queue[asyncio.Task[Entry] | None]") -> Iterator[Entry]:
    """What has ended well and waits to be yielded, while something else is about to end the run."""
    while not ended.empty():
        task = ended.get_nowait()
        if task is not None and not task.cancelled() and task.exception() is None:
            yield task.result()


def _measured_ms(task: "asyncio.Task[Entry]") -> float | None:
    """What was measured here and must not rot; None where nothing was, or elsewhere.

    Twice the time to the first token where that is less: it may be off by twice the share.
    """
    if task.cancelled() or task.exception() is not None:
        return None
    record = task.result().record
    if record.recorded is not None or record.latency_ms is None:
        return None
    return min(record.latency_ms, 2 * (record.first_token_ms or record.latency_ms))


async def _own(run: Callable[[Trial], Awaitable[Entry]], trial: Trial) -> Entry:
    return await run(trial)


async def _turn(slots: _Slots, number: int) -> None:
    """Wait until this start is due, or the run is stopped. A slot that came free late enough is used at once."""
    pace, clock_s = slots.pace, asyncio.get_running_loop().time
    filling = number < pace.concurrency or pace.in_flight >= slots.most
    apart_s = max(pace.gap_s, pace.ramp_s / pace.concurrency) if filling else pace.gap_s
    due_s = max(slots.due_s + apart_s, clock_s() - BACKLOG_S)
    if number and clock_s() < due_s:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await slots.stop.wait()
    slots.due_s = due_s if number else clock_s()
    slots.most = max(slots.most, pace.in_flight + 1)
