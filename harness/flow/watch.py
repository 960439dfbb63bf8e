"""The harness watching itself while it runs: how late its own loop is."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from harness.calls.clock import ms_between, now_ns
from harness.calls.meter import Scale
from harness.types.run import Probe

TICK_S = 0.005
TICKS_A_LINE = 200


async def watch(scale: Scale, note: Callable[[Probe], None]) -> None:
    """Tick until cancelled, and note one Probe about every second, and a last one at the end."""
    lags: list[float] = []
    try:
        while True:
            began_ns = now_ns()
            await asyncio.sleep(TICK_S)
            lags.append(round(max(0.0, ms_between(began_ns, now_ns()) - TICK_S * 1000), 2))
            if len(lags) >= TICKS_A_LINE:
                note(_probe(scale, lags))
                lags = []
    finally:
        note(_probe(scale, lags))


def _probe(scale: Scale, lags: list[float]) -> Probe:
    start_to_send_ms, pool_waits = scale.take()
    return Probe(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        loop_lag_ms=tuple(lags),
        start_to_send_ms=start_to_send_ms,
        in_flight=scale.in_flight,
        pool_waits=pool_waits,
    )
