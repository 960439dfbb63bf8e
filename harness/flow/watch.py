"""The harness watching itself while it runs: how late its loop comes, and slots given up before that shows."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from harness.calls.clock import cpu_ns, ms_between, now_ns
from harness.calls.meter import Scale
from harness.calls.pace import Pace
from harness.types.run import Probe

TICK_MS = 5.0
TICKS_A_LINE = 50


async def watch(scale: Scale, pace: Pace, note: Callable[[Probe], None]) -> None:
    """Tick until cancelled. About four times a second set the pace and note one Probe, and one at the end.

    Ticks stand on a grid of time. A loop that is held up misses many, and each of them is told by how much it was
    missed, as answers are that come meanwhile; a clock that ticked anew after each stall would see a long one once.
    """
    with _quiet_heap():
        window = _Window()
        try:
            while True:
                await asyncio.sleep(window.rest_ms / 1000)
                window.tick()
                if len(window.lags_ms) >= TICKS_A_LINE:
                    note(_probe(scale, pace, window))
                    window.begin()
        finally:
            note(_probe(scale, pace, window))


@contextmanager
def _quiet_heap() -> Iterator[None]:
    """Keep all that stands already out of the garbage collector's sight.

    A full collection goes through everything that the libraries have loaded: it was seen to hold up the loop, and with
    it the end of every answer that came meanwhile, for 130 to 240 ms.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(slots=True)
class _Window:
    """The ticks since the last line. Mutable, owned by one watch."""

    origin_ns: int = field(default_factory=now_ns)
    due_ms: float = TICK_MS
    """The next tick on the grid, from the origin."""
    lags_ms: list[float] = field(default_factory=list)
    began_ns: int = field(default_factory=now_ns)
    began_cpu_ns: int = field(default_factory=cpu_ns)

    @property
    def rest_ms(self) -> float:
        """Until the next tick is due."""
        return max(0.0, self.due_ms - ms_between(self.origin_ns, now_ns()))

    @property
    def cpu_share(self) -> float:
        """Of one core, by this thread, since the window began."""
        return round((cpu_ns() - self.began_cpu_ns) / max(1, now_ns() - self.began_ns), 3)

    def tick(self) -> None:
        """Tell how late every tick came that is due by now."""
        at_ms = ms_between(self.origin_ns, now_ns())
        while self.due_ms <= at_ms:
            self.lags_ms.append(round(at_ms - self.due_ms, 2))
            self.due_ms += TICK_MS

    def begin(self) -> None:
        """Begin the next window; the grid goes on."""
        self.lags_ms, self.began_ns, self.began_cpu_ns = [], now_ns(), cpu_ns()


def _probe(scale: Scale, pace: Pace, window: _Window) -> Probe:
    start_to_send_ms, pool_waits = scale.take()
    slots, cpu_share = pace.slots, window.cpu_share
    lag_ms = median(window.lags_ms) if window.lags_ms else 0.0
    in_flight, move = pace.keep_up(lag_ms, cpu_share)
    return Probe(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        loop_lag_ms=tuple(window.lags_ms),
        start_to_send_ms=start_to_send_ms,
        in_flight=in_flight,
        slots=slots,
        pace=move,
        cpu_share=cpu_share,
        pool_waits=pool_waits,
    )
