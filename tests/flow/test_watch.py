"""The harness watching itself: its loop's lag, what gathered on the scale, and slots that follow from both."""

import asyncio
import gc
import time
from contextlib import suppress

import pytest

from harness.calls.meter import Scale
from harness.calls.pace import Pace
from harness.flow import watch as watch_module
from harness.flow.watch import watch


@pytest.fixture
def watched(monkeypatch):
    """The probes of a watch that ran while something else did."""
    monkeypatch.setattr(watch_module, "TICK_MS", 1.0)
    monkeypatch.setattr(watch_module, "TICKS_A_LINE", 5)

    def told(work, scale=None, pace=None):
        probes = []

        async def both():
            running = watch(scale or Scale(), pace or Pace(concurrency=4), probes.append)
            watching = asyncio.create_task(running)
            await work(probes)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

        asyncio.run(both())
        return probes

    return told


async def wait_for(holds):
    """Let the loop go on until something holds."""
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never held")


def test_each_probe_takes_what_gathered_and_the_last_one_the_rest(watched):
    """A line holds its ticks and empties the scale; cancelling writes what is left."""
    scale, pace = Scale(), Pace(concurrency=4)
    scale.sent(1.5)
    for _ in range(3):
        pace.enter()
    pace.leave(None)

    async def work(probes):
        await wait_for(lambda: probes)
        scale.waited()

    probes = watched(work, scale, pace)
    assert len(probes[0].loop_lag_ms) >= 5
    assert probes[0].start_to_send_ms == (1.5,)
    assert (probes[0].in_flight, probes[0].slots, probes[0].pace) == (3, 4, "kept")
    assert 0 <= probes[0].cpu_share <= 1.1
    assert [probe.pool_waits for probe in probes] == [0] * (len(probes) - 1) + [1]
    assert all(lag >= 0 for probe in probes for lag in probe.loop_lag_ms)


def test_a_stall_is_told_at_every_instant_that_it_covers(watched):
    """Work on the loop shows as lag of its length, falling to nothing: as answers would meet it, not as one tick."""

    async def work(_probes):
        await asyncio.sleep(0.01)
        time.sleep(0.05)  # noqa: ASYNC251 - holding the loop is the point
        await asyncio.sleep(0.005)

    lags = [lag for probe in watched(work) for lag in probe.loop_lag_ms]
    assert 40 <= max(lags) < 500
    assert sum(lag >= 10 for lag in lags) >= 30


def test_a_loop_that_is_held_up_by_the_harness_gives_up_slots(watched):
    """Where answers came and the loop was late by its own work, the next window has fewer slots, and says so."""
    pace = Pace(concurrency=64)
    for _ in range(64):
        pace.enter()

    async def work(probes):
        for _ in range(400):
            if any(probe.pace == "lowered" for probe in probes):
                return
            ended = time.perf_counter() + 0.01
            while time.perf_counter() < ended:
                pass
            pace.leave(50.0)
            pace.enter()
            await asyncio.sleep(0)
        raise AssertionError("slots were never given up")

    probes = watched(work, pace=pace)
    assert pace.slots < 64
    assert next(probe for probe in probes if probe.pace == "lowered").slots == 64


def test_what_stands_already_is_not_collected_while_it_watches(watched):
    """A full collection would hold up the loop; once the watch ends, all is as before."""
    frozen = []

    async def work(probes):
        await wait_for(lambda: probes)
        frozen.append(gc.get_freeze_count())

    watched(work)
    assert frozen[0] > 1000
    assert gc.get_freeze_count() == 0
