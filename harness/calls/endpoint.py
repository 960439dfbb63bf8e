"""One call to one endpoint: a hard deadline for each attempt, one retry layer, and every attempt told."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from harness.calls import wire
from harness.calls.cache_key import model_key
from harness.calls.clock import ms_between, now_ns
from harness.calls.limiter import Pass
from harness.calls.money import bound_usd, call_usd, cost_usd, may_be_billed, most_input_tokens, total_usd
from harness.calls.traffic import Traffic, junction
from harness.errors import Abandoned, CallError
from harness.types.call import Attempt, Call, Clock, Reply, Request, Usage
from harness.types.experiment import ModelSpec
from harness.types.plugins import Narrow

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

LONGEST_WAIT_S = 60.0
"""No back-off is longer, whatever a server asks for."""
BYTES_A_TOKEN = 4
"""A first guess of what a call counts against a token limit, until answers tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run calls: `timeout_s` wall clock for each attempt, and `retries` after the first."""

    timeout_s: float
    retries: int


class Asked(Protocol):
    """What is behind an endpoint: a types.plugins.Provider, as far as a call needs it."""

    @property
    def live(self) -> bool:
        """False where answers were produced elsewhere."""

    @property
    def given(self) -> str:
        """What answers depend on beside the request."""

    @property
    def longest_answer_tokens(self) -> int | None:
        """What no answer exceeds."""

    async def complete(self, request: Request) -> Reply:
        """Make exactly one call. Raises CallError."""


@dataclass(slots=True)
class _Telling:
    """One call so far. Mutable, owned by that call."""

    request: Request
    stage: str
    attempts: list[Attempt] = field(default_factory=list)
    queue_ms: float = 0.0
    backoff_ms: float = 0.0
    answered_ms: float = 0.0
    unsure: bool = False
    """True where an attempt may have been billed that left no trace of it."""
    at_most_usd: float | None = 0.0
    """What all attempts cost, unknown ones at their bound."""
    no_tap: wire.Tap | None = None
    """Still the task's newest tap after an attempt of a provider that has none."""

    def was_sent(self) -> bool:
        """False where the wire knows that the newest attempt never reached the socket."""
        newest = wire.last_tap()
        return newest is None or newest is self.no_tap or newest.sent_ns is not None


class LiveEndpoint:
    """Fulfils types.plugins.Endpoint over one opened provider."""

    def __init__(
        self, provider: Asked, model: ModelSpec, policy: Policy, traffic: Traffic | None = None
    ) -> None:
        """Take an opened provider; whoever opened it closes it. Without `traffic` nothing is shared or limited."""
        self._provider = provider
        self._model = model
        self._policy = policy
        self._traffic = traffic or junction().lead(model)
        self.key = model_key(model, provider.given)
        self._turn: AbstractAsyncContextManager[None] = (
            asyncio.Semaphore(provider.at_once) if isinstance(provider, Narrow) else nullcontext()
        )

    async def call(self, request: Request, *, stage: str) -> Call:
        """Call until an attempt answers, times out, or may not be repeated. Never raises CallError.

        Raises Abandoned where the run stopped before a first attempt was made.
        """
        telling = _Telling(request, stage)
        try:
            reply = await self._attempt(telling)
        except CallError as first:
            if not (first.retryable and self._policy.retries):
                return self._failed(first, telling)
            try:
                reply = await self._retry(first, telling)
            except CallError as last:
                return self._failed(last, telling)
        self._traffic.breaker.answered()
        return self._answered(reply, telling)

    async def _retry(self, first: CallError, telling: _Telling) -> Reply:
        """Go on after a first attempt: built only then, since a retry loop costs every call CPU and most need none."""
        failed = [first]

        async def attempt() -> Reply:
            if failed:
                raise failed.pop()
            return await self._attempt(telling)

        reply: Reply = await self._retrying(telling)(attempt)
        return reply

    async def _attempt(self, telling: _Telling) -> Reply:
        """One try in its turn. The wait for it is queue, and no part of the deadline."""
        began_ns = now_ns()
        async with self._turn:
            return await self._admitted(telling, began_ns)

    async def _admitted(self, telling: _Telling, began_ns: int) -> Reply:
        """Leave to make it, the deadline around it, and the account of it."""
        bound = bound_usd(self._model, telling.request, self._provider.longest_answer_tokens)
        leave = await self._leave(bound, telling)
        telling.queue_ms += ms_between(began_ns, now_ns())
        spent_usd = bound or 0.0
        try:
            reply = await self._try(telling)
        except CallError as error:
            spent_usd = self._account(error, bound, telling)
            self._told(leave, None, error)
            raise
        else:
            known = self._cost_usd(reply)
            spent_usd = spent_usd if known is None else known
            telling.unsure = telling.unsure or known is None
            telling.at_most_usd = total_usd([telling.at_most_usd, bound if known is None else known])
            self._told(leave, reply.usage, None)
            return reply
        finally:  # a cancelled call may be billed: it stays at its bound
            self._traffic.budget.settle(bound, spent_usd)

    async def _leave(self, bound: float | None, telling: _Telling) -> Pass:
        """Wait until the endpoint's limits and the run's budget allow one more call."""
        limiter, budget = self._traffic.limiter, self._traffic.budget
        tokens = most_input_tokens(telling.request) // BYTES_A_TOKEN if limiter.counts_tokens else 0
        leave = await limiter.admit(tokens)
        if leave is None or not await budget.hold(bound):
            if not telling.attempts:
                raise Abandoned("the run is stopping")
            raise CallError(type="stopped", message="the run stopped before the next attempt")
        return leave

    async def _try(self, telling: _Telling) -> Reply:
        telling.no_tap = wire.tap()
        began_ns = now_ns()
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                reply = await self._provider.complete(telling.request)
        except TimeoutError:
            error = CallError(type="timeout", message=f"no answer within {self._policy.timeout_s:g} s")
            _tell(telling, ms_between(began_ns, now_ns()), error)
            raise error from None
        except CallError as error:
            _tell(telling, ms_between(began_ns, now_ns()), error)
            raise
        telling.answered_ms = ms_between(began_ns, now_ns())
        status = 200 if reply.wire else None
        telling.attempts.append(Attempt(stage=telling.stage, ms=telling.answered_ms, status=status))
        return reply

    def _account(self, error: CallError, bound: float | None, telling: _Telling) -> float:
        """Add up what a failed attempt cost, and say what the budget must take it for."""
        cost = cost_usd(self._model.price, error.usage) if error.status == 200 else 0.0
        unsure = cost is None or (may_be_billed(error) and error.usage is None and telling.was_sent())
        telling.unsure = telling.unsure or unsure
        telling.at_most_usd = total_usd([telling.at_most_usd, bound if unsure else cost])
        return (bound or 0.0) if unsure else (cost or 0.0)

    def _told(self, leave: Pass, usage: Usage | None, error: CallError | None) -> None:
        """Let the limiter learn from what came."""
        limiter = self._traffic.limiter
        if error is not None and error.status == 429 and error.retryable:
            limiter.refused(leave, error.retry_after_s)
            return
        tap = wire.last_tap()
        limiter.answered(leave, _counted(usage), (tap and tap.headers) or {})

    def _cost_usd(self, reply: Reply) -> float | None:
        if reply.told_cost_usd is not None:
            return reply.told_cost_usd
        return cost_usd(self._model.price, reply.usage)

    def _retrying(self, telling: _Telling) -> "AsyncRetrying":
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        stop = self._traffic.halt.stop

        async def pause(seconds: float) -> None:
            began_ns = now_ns()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await stop.wait()
            telling.backoff_ms += ms_between(began_ns, now_ns())
            if stop.is_set():
                raise CallError(type="stopped", message="the run stopped before the next attempt")

        return AsyncRetrying(
            stop=stop_after_attempt(1 + self._policy.retries),
            retry=retry_if_exception(lambda error: isinstance(error, CallError) and error.retryable),
            wait=_wait_s,
            sleep=pause,
            reraise=True,
        )

    def _answered(self, reply: Reply, telling: _Telling) -> Call:
        ms, clock, first_token_ms = _times(reply)
        cost = reply.told_cost_usd
        if cost is None:
            cost = call_usd(self._model.price, reply.usage, telling.attempts)
        live = self._provider.live
        connect_ms = (reply.wire.connect_ms if reply.wire else None) or 0.0
        return Call(
            stage=telling.stage,
            model=self._model.name,
            reply=reply,
            attempts=tuple(telling.attempts),
            ms=ms,
            clock=clock,
            first_token_ms=first_token_ms,
            queue_ms=telling.queue_ms,
            backoff_ms=telling.backoff_ms,
            cost_usd=cost,
            spent_usd=(None if telling.unsure else telling.at_most_usd) if live else 0.0,
            spent_at_most_usd=telling.at_most_usd if live else 0.0,
            sdk_ms=max(0.0, round(telling.answered_ms - ms - connect_ms, 3))
            if ms is not None and clock == "wire"
            else None,
        )

    def _failed(self, error: CallError, telling: _Telling) -> Call:
        if error.type != "stopped":
            self._traffic.breaker.failed(error)
        told: Mapping[str, Any] = {"type": error.type, "message": error.message, "status": error.status}
        timed_out = error.type == "timeout"
        live = self._provider.live
        cost = call_usd(self._model.price, None, telling.attempts)
        return Call(
            stage=telling.stage,
            model=self._model.name,
            reply=None,
            attempts=tuple(telling.attempts),
            ms=self._policy.timeout_s * 1000 if timed_out else None,
            clock="client" if live else "recorded",
            queue_ms=telling.queue_ms,
            backoff_ms=telling.backoff_ms,
            cost_usd=cost if timed_out else None,
            spent_usd=(None if telling.unsure else telling.at_most_usd) if live else 0.0,
            spent_at_most_usd=telling.at_most_usd if live else 0.0,
            error=told,
        )


def _tell(telling: _Telling, ms: float, error: CallError) -> None:
    telling.attempts.append(
        Attempt(stage=telling.stage, ms=ms, status=error.status, error=str(error), usage=error.usage)
    )


def _counted(usage: Usage | None) -> int | None:
    """Tokens that an account's limit counts: the vendors leave cached input out."""
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens + (usage.cache_write_tokens or 0) + usage.output_tokens


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
