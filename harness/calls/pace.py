"""How many trials may be in flight and how fast they start: kept to by who starts them, moved by who watches."""

import asyncio
from dataclasses import dataclass, field
from statistics import median

from harness.types.run import PaceMove

FIRST_SLOTS = 8
"""A run begins with so many and grows from there: what a machine can bear is not found out by a burst."""

LAG_SHARE, LEAST_LAG_MS, MOST_LAG_MS = 0.006, 0.8, 5.0
"""The loop may come late by this share of an answer's time: at least what a timer's own grain adds, at most what harms."""

OWN_SHARE = 0.2
"""Under this share of a core the lateness is somebody else's doing: fewer trials would not lessen it."""

FULL_SHARE = 0.85
"""Towards a whole core the wait for the loop grows without bound: no slots are added that would lead past this."""


@dataclass(slots=True, kw_only=True)
class Pace:
    """One for a run. Mutable, loop-bound."""

    concurrency: int
    """Trials in their slots at once, at most."""
    ramp_s: float = 0.0
    """The first `concurrency` starts are spread over so long: about one answer's time, so that they never march in step."""
    gap_s: float = 0.0
    """Between any two later starts, on average at least."""
    slots: int = 0
    """Trials that may be in their slots just now; 0 when made stands for `concurrency`."""
    in_flight: int = field(default=0, init=False)
    """Trials in their slots."""
    _most: int = field(default=0, init=False)
    _moved: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _answered_ms: list[float] = field(default_factory=list, init=False)
    _step: float = field(default=0.5, init=False)
    """By which share slots grow: fast until some had to be given up."""

    def __post_init__(self) -> None:
        self.slots = self.slots or self.concurrency

    async def room(self) -> None:
        """Wait for a free slot."""
        while self.in_flight >= self.slots:
            self._moved.clear()
            await self._moved.wait()

    def enter(self) -> None:
        """One more trial is in its slot."""
        self.in_flight += 1
        self._most = max(self._most, self.in_flight)

    def leave(self, measured_ms: float | None) -> None:
        """One trial has left its slot; `measured_ms` is the time that lateness is held against, None for none."""
        self.in_flight -= 1
        self._moved.set()
        if measured_ms is not None:
            self._answered_ms.append(measured_ms)

    def keep_up(self, lag_ms: float, cpu_share: float) -> tuple[int, PaceMove]:
        """End a window: give up slots where the loop came late by more than a measured time can bear, else add some.

        Slots are given up only where answers came, since nothing else is measured late, and only where the harness
        itself keeps its core busy. They are added only where all were used.

        Args:
            lag_ms: how late the loop came, in the median of the window.
            cpu_share: of one core, by the loop's thread.

        Returns:
            The most trials that were in flight in this window, and what became of the slots at its end.
        """
        most, self._most = self._most, self.in_flight
        answered, self._answered_ms = self._answered_ms, []
        bearable_ms = LAG_SHARE * median(answered) if answered else MOST_LAG_MS
        bearable_ms = min(MOST_LAG_MS, max(LEAST_LAG_MS, bearable_ms))
        before = self.slots
        if answered and lag_ms > bearable_ms and cpu_share > OWN_SHARE:
            self.slots = max(1, int(min(before, most) * (0.85 if lag_ms < 3 * bearable_ms else 0.5)))
            self._step = 0.05
            return most, "lowered" if self.slots < before else "held"
        if most < before or before >= self.concurrency:
            return most, "kept"
        if lag_ms < 0.75 * bearable_ms:
            bound = before * FULL_SHARE / max(cpu_share, 0.01)
            self.slots = max(
                before, int(min(self.concurrency, bound, before + max(1.0, before * self._step)))
            )
            self._moved.set()
        return most, "raised" if self.slots > before else "held"
