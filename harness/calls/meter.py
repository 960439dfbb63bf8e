"""The harness weighing itself: what it adds to a call, gathered until somebody takes it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Scale:
    """Fulfils types.plugins.Meter. One for a run; emptied a few times a second. Mutable, loop-bound."""

    start_to_send_ms: list[float] = field(default_factory=list)
    pool_waits: int = 0

    def sent(self, start_to_send_ms: float) -> None:
        """One request left, so long after its call began."""
        self.start_to_send_ms.append(round(start_to_send_ms, 3))

    def waited(self) -> None:
        """One call had to wait for a free connection."""
        self.pool_waits += 1

    def take(self) -> tuple[tuple[float, ...], int]:
        """Empty the scale: start-to-send times in milliseconds, and how many calls waited for a connection."""
        taken = (tuple(self.start_to_send_ms), self.pool_waits)
        self.start_to_send_ms, self.pool_waits = [], 0
        return taken
