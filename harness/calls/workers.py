"""Threads for code that cannot be stopped: each lent to one call, used again after it, left behind by a time-out.

Not a ThreadPoolExecutor: one thread that never ends would take a place of its pool from all others, and hold up the
end of the process.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Job = tuple[contextvars.Context, Callable[[], Any], Callable[[Any], None]]


class Workers:
    """As many daemon threads as there are calls at once. Loop-bound."""

    def __init__(self, name: str) -> None:
        """Starts none yet; `name` is what the threads are called."""
        self._name = name
        self._all: list[SimpleQueue[Job | None]] = []
        self._idle: list[SimpleQueue[Job | None]] = []
        self.left = 0
        """Threads whose call was given up while they ran, and that still run."""

    async def run(self, work: Callable[[], Any]) -> Any:
        """Call `work`, which raises nothing, on a thread of its own, in a copy of the caller's context.

        A caller that is cancelled leaves at once; the thread goes on, and is used again only once it has ended.
        Raises RuntimeError where the system has no thread left.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        jobs = self._idle.pop() if self._idle else self._started()

        def ended(result: Any) -> None:
            self._idle.append(jobs)
            if answer.cancelled():
                self.left -= 1
            else:
                answer.set_result(result)

        jobs.put((contextvars.copy_context(), work, lambda result: _tell(loop, ended, result)))
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.cancelled():
                self.left += 1
            raise

    def close(self) -> None:
        """Let idle threads end now, and busy ones after their call; those that never end die with the process."""
        for jobs in self._all:
            jobs.put(None)
        self._all.clear()
        self._idle.clear()

    def _started(self) -> "SimpleQueue[Job | None]":
        jobs: SimpleQueue[Job | None] = SimpleQueue()
        threading.Thread(target=_work, args=(jobs,), name=self._name, daemon=True).start()
        self._all.append(jobs)
        return jobs


def _work(jobs: "SimpleQueue[Job | None]") -> None:
    while (job := jobs.get()) is not None:
        context, work, tell = job
        tell(context.run(work))
        del job, context, work, tell  # an idle thread holds nothing of its last call


def _tell(loop: asyncio.AbstractEventLoop, ended: Callable[[Any], None], result: Any) -> None:
    try:
        loop.call_soon_threadsafe(ended, result)
    except RuntimeError:  # the run is over, and its loop with it: nobody waits any more
        return
