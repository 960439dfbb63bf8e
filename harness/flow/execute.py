"""Trials in, records out: bounded concurrency, paced starts, and a stop that loses nothing."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.errors import Abandoned
from harness.types.record import Entry
from harness.types.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast trials may start."""

    concurrency: int
    """Trials in their slots at once."""
    ramp_s: float = 0.0
    """The first `concurrency` starts are spread over so long: about one answer's time, so that they never march in step."""
    gap_s: float = 0.0
    """Between any two later starts, at least."""


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
    started_s: float = 0.0
    """When the newest trial started, on the loop's clock."""


async def _start_all(
    trials: Iterable[Trial], run: Callable[[Trial], Awaitable[Entry]], slots: _Slots
) -> None:
    free = asyncio.Semaphore(slots.pace.concurrency)

    def leave(task: "asyncio.Task[Entry]") -> None:
        slots.running.discard(task)
        free.release()
        slots.ended.put_nowait(task)

    try:
        for number, trial in enumerate(trials):
            await free.acquire()
            await _turn(slots, number)
            if slots.stop.is_set():
                break
            task = asyncio.create_task(_own(run, trial))
            slots.running.add(task)
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


async def _own(run: Callable[[Trial], Awaitable[Entry]], trial: Trial) -> Entry:
    return await run(trial)


async def _turn(slots: _Slots, number: int) -> None:
    """Wait until this start is due, or the run is stopped. A slot that came free late enough is used at once."""
    pace, clock_s = slots.pace, asyncio.get_running_loop().time
    apart_s = max(pace.gap_s, pace.ramp_s / pace.concurrency) if number < pace.concurrency else pace.gap_s
    due_s = slots.started_s + apart_s
    if number and clock_s() < due_s:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await slots.stop.wait()
    slots.started_s = clock_s()
