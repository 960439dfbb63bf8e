"""What may be open only once in a process, for as many as ask for it: made by the first, ended with the last."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """By key. Whoever took one leaves it once; safe to call from several threads."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._lock = threading.Lock()
        self._open: dict[str, tuple[T, int]] = {}

    def take(self, key: str, start: Callable[[], T]) -> T:
        """What is open under the key, or what `start` makes; whoever else asks waits for it."""
        with self._lock:
            value, takers = self._open[key] if key in self._open else (start(), 0)
            self._open[key] = (value, takers + 1)
            return value

    def leave(self, key: str, end: Callable[[T], None]) -> None:
        """Give it up; the last one ends it, before anybody can open it again."""
        with self._lock:
            value, takers = self._open.pop(key)
            if takers > 1:
                self._open[key] = (value, takers - 1)
            else:
                end(value)
