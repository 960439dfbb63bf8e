"""The harness watching itself: its loop's lag, and what gathered on the scale, about once a second."""

import asyncio
import time
from contextlib import suppress

import pytest

from harness.calls.meter import Scale
from harness.flow import watch as watch_module
from harness.flow.watch import watch


@pytest.fixture
def watched(monkeypatch):
    """The probes of a watch that ran while something else did."""
    monkeypatch.setattr(watch_module, "TICK_S", 0.001)
    monkeypatch.setattr(watch_module, "TICKS_A_LINE", 5)

    def told(work, scale):
        probes = []

        async def both():
            watching = asyncio.create_task(watch(scale, probes.append))
            await work(probes)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

        asyncio.run(both())
        return probes

    return told


def test_each_probe_takes_what_gathered_and_the_last_one_the_rest(watched):
    """A line holds its ticks and empties the scale; cancelling writes what is left."""
    scale = Scale(in_flight=3)
    scale.sent(1.5)

    async def work(probes):
        for _ in range(400):
            if not probes:
                await asyncio.sleep(0.001)
        scale.waited()

    probes = watched(work, scale)
    assert len(probes[0].loop_lag_ms) == 5
    assert probes[0].start_to_send_ms == (1.5,)
    assert probes[0].in_flight == 3
    assert [probe.pool_waits for probe in probes] == [0] * (len(probes) - 1) + [1]
    assert all(lag >= 0 for probe in probes for lag in probe.loop_lag_ms)


def test_a_loop_that_is_held_up_is_seen(watched):
    """Work on the loop shows as lag of about its length."""

    async def work(_probes):
        await asyncio.sleep(0.002)
        time.sleep(0.05)  # noqa: ASYNC251 - holding the loop is the point
        await asyncio.sleep(0.002)

    probes = watched(work, Scale())
    assert 40 <= max(lag for probe in probes for lag in probe.loop_lag_ms) < 500
