"""The one retry layer, by itself: who is asked again, how long it waits, and what is told of it."""

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from harness.calls import endpoint as endpoint_module
from harness.calls import limiter
from harness.calls.endpoint import LONGEST_WAIT_S, LiveEndpoint, Policy
from harness.errors import CallError
from harness.types.call import Reply, Request, Usage, Wire
from harness.types.experiment import ModelSpec, Price

MODEL = ModelSpec(name="m", provider="p", model="m", price=Price(input_usd_per_mtok=1, output_usd_per_mtok=2))
LIMITED = {"type": "rate_limited", "message": "no", "status": 429, "retryable": True}


class Scripted:
    """A provider that fails or answers as it is told."""

    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    given: ClassVar[str] = ""
    longest_answer_tokens: ClassVar[int | None] = None

    def __init__(self, *says: Any) -> None:
        self.says = list(says)
        self.asked = 0

    async def complete(self, request: Request) -> Reply:
        """Say the next thing; the last one repeats."""
        del request
        say = self.says[min(self.asked, len(self.says) - 1)]
        self.asked += 1
        if isinstance(say, Exception):
            raise say
        return say


def call(provider, *, retries=3):
    """One call."""
    held = LiveEndpoint(provider, MODEL, Policy(timeout_s=5, retries=retries))
    return asyncio.run(held.call(Request(messages=()), stage="generate"))


@pytest.fixture
def waits(monkeypatch):
    """The waits that were worked out, the one after the last attempt among them; none is waited for."""
    asked = []
    ask = endpoint_module._wait_s

    def note(state):
        asked.append(ask(state))
        return 0.0

    monkeypatch.setattr(limiter, "LONGEST_CLOSE_S", 0.0)
    monkeypatch.setattr(endpoint_module, "_wait_s", note)
    return asked


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_attempts_are_one_more_than_the_retries(waits, retries):
    """The provider is asked 1 + retries times, and every time is in the record."""
    provider = Scripted(CallError(**LIMITED))
    told = call(provider, retries=retries)
    assert provider.asked == len(told.attempts) == 1 + retries
    assert told.error == {"type": "rate_limited", "message": "no", "status": 429}
    assert (told.ms, told.cost_usd, told.reply) == (None, None, None)


def test_the_error_that_is_told_is_the_last_one(waits):
    """429, then 400: the second one ends the call, and is its error."""
    provider = Scripted(CallError(**LIMITED), CallError(type="bad_request", message="wrong", status=400))
    told = call(provider)
    assert [attempt.status for attempt in told.attempts] == [429, 400]
    assert told.error["type"] == "bad_request"


def test_an_answer_after_failures_is_an_answer(waits):
    """What failed before it costs nothing and stands in the attempts only."""
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000)
    reply = Reply(text="yes", usage=usage, wire=Wire(sent_ns=0, done_ns=7_000_000, first_token_ns=2_000_000))
    told = call(Scripted(CallError(**LIMITED), CallError(**LIMITED), reply))
    assert [attempt.error is None for attempt in told.attempts] == [False, False, True]
    assert (told.ms, told.first_token_ms, told.clock) == (7.0, 2.0, "wire")
    assert told.cost_usd == 2.0
    assert told.error is None


def test_an_unusable_answer_may_be_billed(waits):
    """A 200 that could not be read was served; what it took was not told, so the call's cost is unknown, not less."""
    broken = CallError(type="bad_reply", message="no choice", status=200, retryable=True)
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000)
    reply = Reply(text="yes", usage=usage, wire=Wire(sent_ns=0, done_ns=7_000_000))
    assert call(Scripted(broken, reply)).cost_usd is None


def test_the_wait_is_what_the_server_asked_for_and_a_little_more(waits):
    """Retry-After is a floor with jitter above, capped; without one the wait grows and is drawn at random."""
    call(Scripted(CallError(**LIMITED, retry_after_s=2.0)))
    assert all(2.0 <= wait <= 2.45 for wait in waits)
    waits.clear()
    call(Scripted(CallError(**LIMITED, retry_after_s=86_400.0)))
    assert set(waits) == {LONGEST_WAIT_S}
    waits.clear()
    call(Scripted(CallError(**LIMITED)), retries=9)
    assert all(0 <= wait <= min(20, 0.5 * 2**number) for number, wait in enumerate(waits))
    assert len(set(waits)) > 5


def test_back_off_is_measured_apart(monkeypatch):
    """The time spent waiting is back-off: neither latency nor part of an attempt."""
    monkeypatch.setattr(limiter, "LONGEST_CLOSE_S", 0.0)
    monkeypatch.setattr(endpoint_module, "_wait_s", lambda _state: 0.03)
    reply = Reply(text="yes", wire=Wire(sent_ns=0, done_ns=1_000_000))
    told = call(Scripted(CallError(**LIMITED), CallError(**LIMITED), reply))
    assert told.backoff_ms >= 60
    assert told.ms == 1.0
    assert sum(attempt.ms for attempt in told.attempts) < told.backoff_ms


def test_recorded_times_and_costs_are_handed_on():
    """An answer from elsewhere has its own time and cost, or none; a price does not overrule what was paid."""
    told = call(
        Scripted(Reply(text="yes", recorded_ms=12.5, recorded_first_token_ms=3.0, told_cost_usd=0.25))
    )
    assert (told.ms, told.first_token_ms, told.clock, told.cost_usd) == (12.5, 3.0, "recorded", 0.25)
    assert told.attempts[0].status is None
    bare = call(Scripted(Reply(text="yes")))
    assert (bare.ms, bare.cost_usd) == (None, None)


def test_a_fault_of_ours_is_not_swallowed():
    """What is no CallError is a bug, and is not told as an endpoint's failure."""
    with pytest.raises(ZeroDivisionError):
        call(Scripted(ZeroDivisionError()))


def test_call_errors_can_be_raised_through_context_managers():
    """Python writes a traceback into what passes a context manager: an error that forbids it turns into another."""
    from contextlib import contextmanager

    @contextmanager
    def through():
        yield

    with pytest.raises(CallError, match=r"rate_limited \(429\): no"), through():
        raise CallError(**LIMITED)


def test_a_wait_needs_no_outcome():
    """Asked before anything happened, the wait is a draw like any other."""
    state = SimpleNamespace(outcome=None, attempt_number=1)
    assert 0 <= endpoint_module._wait_s(state) <= 0.5
