"""One call to one endpoint: a hard deadline for each attempt, one retry layer, and every attempt told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.calls.clock import ms_between, now_ns
from harness.calls.money import call_usd
from harness.errors import CallError
from harness.types.call import Attempt, Call, Clock, Reply, Request
from harness.types.experiment import ModelSpec
from harness.types.plugins import Provider

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

LONGEST_WAIT_S = 60.0
"""No back-off is longer, whatever a server asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run calls: `timeout_s` wall clock for each attempt, and `retries` after the first."""

    timeout_s: float
    retries: int


@dataclass(slots=True)
class _Telling:
    """The attempts of one call so far. Mutable, owned by that call."""

    attempts: list[Attempt] = field(default_factory=list)
    backoff_ms: float = 0.0
    answered_ms: float = 0.0


class LiveEndpoint:
    """Fulfils types.plugins.Endpoint over one opened provider."""

    def __init__(self, provider: Provider, model: ModelSpec, policy: Policy) -> None:
        """Take an opened provider; whoever opened it closes it."""
        self._provider = provider
        self._model = model
        self._policy = policy

    async def call(self, request: Request, *, stage: str) -> Call:
        """Call until an attempt answers, times out, or may not be repeated. Never raises CallError."""
        telling = _Telling()
        try:
            reply = await self._attempt(request, stage, telling)
        except CallError as first:
            if not (first.retryable and self._policy.retries):
                return self._failed(first, stage, telling)
            try:
                reply = await self._retry(first, request, stage, telling)
            except CallError as last:
                return self._failed(last, stage, telling)
        return self._answered(reply, stage, telling)

    async def _retry(self, first: CallError, request: Request, stage: str, telling: _Telling) -> Reply:
        """Go on after a first attempt: built only then, since a retry loop costs every call CPU and most need none."""
        failed = [first]

        async def attempt() -> Reply:
            if failed:
                raise failed.pop()
            return await self._attempt(request, stage, telling)

        reply: Reply = await self._retrying(telling)(attempt)
        return reply

    async def _attempt(self, request: Request, stage: str, telling: _Telling) -> Reply:
        began_ns = now_ns()
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                reply = await self._provider.complete(request)
        except TimeoutError:
            error = CallError(type="timeout", message=f"no answer within {self._policy.timeout_s:g} s")
            _tell(telling, stage, ms_between(began_ns, now_ns()), error)
            raise error from None
        except CallError as error:
            _tell(telling, stage, ms_between(began_ns, now_ns()), error)
            raise
        telling.answered_ms = ms_between(began_ns, now_ns())
        telling.attempts.append(
            Attempt(stage=stage, ms=telling.answered_ms, status=200 if reply.wire else None)
        )
        return reply

    def _retrying(self, telling: _Telling) -> "AsyncRetrying":
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        async def pause(seconds: float) -> None:
            began_ns = now_ns()
            await asyncio.sleep(seconds)
            telling.backoff_ms += ms_between(began_ns, now_ns())

        return AsyncRetrying(
            stop=stop_after_attempt(1 + self._policy.retries),
            retry=retry_if_exception(lambda error: isinstance(error, CallError) and error.retryable),
            wait=_wait_s,
            sleep=pause,
            reraise=True,
        )

    def _answered(self, reply: Reply, stage: str, telling: _Telling) -> Call:
        ms, clock, first_token_ms = _times(reply)
        cost = reply.told_cost_usd
        if cost is None:
            cost = call_usd(self._model.price, reply.usage, telling.attempts)
        return Call(
            stage=stage,
            model=self._model.name,
            reply=reply,
            attempts=tuple(telling.attempts),
            ms=ms,
            clock=clock,
            first_token_ms=first_token_ms,
            backoff_ms=telling.backoff_ms,
            cost_usd=cost,
        )

    def _failed(self, error: CallError, stage: str, telling: _Telling) -> Call:
        told: Mapping[str, Any] = {"type": error.type, "message": error.message, "status": error.status}
        timed_out = error.type == "timeout"
        return Call(
            stage=stage,
            model=self._model.name,
            reply=None,
            attempts=tuple(telling.attempts),
            ms=self._policy.timeout_s * 1000 if timed_out else None,
            clock="client" if self._provider.live else "recorded",
            cost_usd=call_usd(self._model.price, None, telling.attempts) if timed_out else None,
            backoff_ms=telling.backoff_ms,
            error=told,
        )


def _tell(telling: _Telling, stage: str, ms: float, error: CallError) -> None:
    telling.attempts.append(Attempt(stage=stage, ms=ms, status=error.status, error=str(error)))


def _times(reply: Reply) -> tuple[float | None, Clock, float | None]:
    """Service time, whose clock, and time to the first token, of the attempt that answered."""
    wire = reply.wire
    if wire is None:
        return reply.recorded_ms, "recorded", reply.recorded_first_token_ms
    first = None if wire.first_token_ns is None else ms_between(wire.sent_ns, wire.first_token_ns)
    return ms_between(wire.sent_ns, wire.done_ns), wire.clock, first


def _wait_s(state: "RetryCallState") -> float:
    """What the server asked for plus jitter, else exponential with full jitter; never over LONGEST_WAIT_S."""
    from tenacity import wait_random, wait_random_exponential

    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, CallError) else None
    if asked_s is None:
        return min(LONGEST_WAIT_S, wait_random_exponential(multiplier=0.5, max=20)(state))
    return min(LONGEST_WAIT_S, asked_s + wait_random(0, 0.25 + asked_s / 10)(state))
