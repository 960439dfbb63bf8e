"""A limit in US dollars that a run never exceeds: calls in flight count at their upper bound."""

import asyncio
from collections.abc import Callable

from harness.calls.halt import Halt

Journal = Callable[[float], None]
"""Takes what the run may have cost by now: written down before a call is made, so that a killed run has its account."""


class Budget:
    """One for a run. Mutable, loop-bound."""

    def __init__(
        self,
        halt: Halt,
        limit_usd: float | None = None,
        spent_usd: float = 0.0,
        journal: Journal | None = None,
    ) -> None:
        """`limit_usd` None: no limit. `spent_usd`: what the run had spent before, unknown parts at their bound."""
        self._halt = halt
        self._limit_usd = limit_usd
        self._journal = journal
        self._spent_usd = spent_usd
        self._held_usd = 0.0
        self._in_flight = 0
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()

    async def hold(self, bound_usd: float | None) -> bool:
        """Set aside what a call may cost at most; False where it does not fit, and the run therefore stops.

        Waits, first come, first served, while calls in flight may still turn out cheaper than their bound.
        """
        if self._limit_usd is None:
            return True
        if bound_usd is None:
            self._halt.because("--max-cost: a call has no upper bound of its cost")
            return False
        async with self._turn:
            while self._spent_usd + self._held_usd + bound_usd > self._limit_usd:
                if not self._in_flight:
                    self._halt.because(
                        f"--max-cost ${self._limit_usd:g}: ${self._spent_usd:.4f} is spent, and the next call "
                        f"may cost ${bound_usd:.4f}"
                    )
                if self._halt.stop.is_set():
                    return False
                self._settled.clear()
                await self._settled.wait()
            self._held_usd += bound_usd
            self._in_flight += 1
            self._write()
        return True

    def settle(self, bound_usd: float | None, spent_usd: float) -> None:
        """Give back what was set aside, less what was spent."""
        if self._limit_usd is None or bound_usd is None:
            return
        self._spent_usd += spent_usd
        self._in_flight -= 1
        self._held_usd = self._held_usd - bound_usd if self._in_flight else 0.0
        self._settled.set()

    def close(self) -> None:
        """Write down what was spent in the end: nothing is in flight any more."""
        self._write()

    def _write(self) -> None:
        if self._journal is not None:
            self._journal(self._spent_usd + self._held_usd)
