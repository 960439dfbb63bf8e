"""Why a run starts nothing more: asked for by a person, or found out by a call."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Halt:
    """One for a run. Mutable, loop-bound."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Once set, no trial starts and no call is made; calls in flight may end."""
    interrupted: bool = False
    """True after a Ctrl-C."""
    reason: str | None = None
    """Why the harness itself stopped, as a sentence without its full stop; the first one stands."""

    def because(self, reason: str) -> None:
        """Stop the run, and say why."""
        if self.reason is None:
            self.reason = reason
        self.stop.set()
