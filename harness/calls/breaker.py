"""When to give an endpoint up: a run that can only fail ends early, with one sentence."""

from dataclasses import dataclass

from harness.calls.halt import Halt
from harness.errors import CallError

REFUSED_KEYS = 5
"""Calls in a row that the endpoint refused for the key's sake."""
NEVER_ANSWERED = 20
"""Failed calls of an endpoint that has not answered one."""
OUT_OF_ORDER = 50
"""Failed calls in a row of an endpoint that has answered before."""

_ITS_OWN = frozenset({"authentication", "connection", "rate_limited", "server_error", "timeout", "bad_reply"})
"""Failures that are the endpoint's; a `bad_request` may be the example's (too long, filtered)."""


@dataclass(slots=True, kw_only=True)
class Breaker:
    """One for a model. Mutable, loop-bound."""

    model: str
    halt: Halt
    _failed: int = 0
    _unauthorised: int = 0
    _has_answered: bool = False

    def answered(self) -> None:
        """Note a call that was answered."""
        self._has_answered = True
        self._failed = self._unauthorised = 0

    def failed(self, error: CallError) -> None:
        """Note a call that failed with all its retries, and stop the run where there is no more hope."""
        if self._has_answered and error.type not in _ITS_OWN:
            return
        self._failed += 1
        self._unauthorised = self._unauthorised + 1 if error.type == "authentication" else 0
        if self._unauthorised >= REFUSED_KEYS:
            self.halt.because(f"model '{self.model}' refuses its key ({error}); mend the key and resume")
        elif self._failed >= (OUT_OF_ORDER if self._has_answered else NEVER_ANSWERED):
            since = "in a row" if self._has_answered else "and answered none"
            self.halt.because(f"model '{self.model}' failed {self._failed} calls {since}; the last: {error}")
