"""What a call makes its owner pay: known, unknown, or bounded, over all its attempts; and the run's word to stop."""

import asyncio
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from harness.calls import endpoint as endpoint_module
from harness.calls import limiter
from harness.calls.budget import Budget
from harness.calls.endpoint import LiveEndpoint, Policy
from harness.calls.halt import Halt
from harness.calls.traffic import Junction
from harness.errors import Abandoned, CallError
from harness.types.call import Call, Message, Reply, Request, Usage, Wire
from harness.types.experiment import ModelSpec, Price

PRICE = Price(input_usd_per_mtok=1, output_usd_per_mtok=2)
MODEL = ModelSpec(name="m", provider="p", model="m", params={"max_tokens": 500_000}, price=PRICE)
ASKED = Request(messages=(Message(role="user", content="hello"),))
USAGE = Usage(input_tokens=1_000_000, output_tokens=500_000)
ANSWER = Reply(text="yes", usage=USAGE, wire=Wire(sent_ns=0, done_ns=7_000_000))
DROPPED = CallError(type="connection", message="gone", retryable=True)
LIMITED = CallError(type="rate_limited", message="no", status=429, retryable=True)


class Scripted:
    """A provider that fails or answers as it is told."""

    live: ClassVar[bool] = True
    given: ClassVar[str] = ""
    longest_answer_tokens: ClassVar[int | None] = None

    def __init__(self, *says: Any) -> None:
        self.says = list(says)

    async def complete(self, request: Request) -> Reply:
        """Say the next thing; the last one repeats."""
        del request
        say = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if say == "hang":
            await asyncio.Event().wait()
        if isinstance(say, Exception):
            raise say
        return say


def call(*says: Any, model: ModelSpec = MODEL, timeout_s: float = 5, live: bool = True) -> Call:
    """One call of a script."""
    provider = Scripted(*says)
    provider.live = live  # type: ignore[misc]
    held = LiveEndpoint(provider, model, Policy(timeout_s=timeout_s, retries=3))
    return asyncio.run(held.call(ASKED, stage="generate"))


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "LONGEST_CLOSE_S", 0.0)
    monkeypatch.setattr(endpoint_module, "_wait_s", lambda _state: 0.0)


@pytest.mark.parametrize("failures", [[], [LIMITED], [LIMITED, LIMITED]])
def test_an_answer_is_paid_for_once(failures):
    """What was refused before it is free."""
    told = call(*failures, ANSWER)
    assert told.spent_usd == told.spent_at_most_usd == told.cost_usd == 2.0


def test_a_broken_answer_that_told_its_tokens_is_paid_for():
    """A stream that broke after it told its usage: both attempts cost."""
    broken = CallError(type="bad_reply", message="cut", status=200, retryable=True, usage=USAGE)
    told = call(broken, ANSWER)
    assert told.spent_usd == told.cost_usd == told.spent_at_most_usd == 4.0
    assert told.attempts[0].usage == USAGE


def test_a_dropped_connection_makes_the_spending_unsure():
    """It may be billed: the cost is the answer's, the spending is unknown, and bounded."""
    told = call(DROPPED, ANSWER)
    assert told.cost_usd == 2.0
    assert told.spent_usd is None
    assert 3.0 < told.spent_at_most_usd < 3.001


def test_an_answer_without_its_tokens_is_unsure():
    """It was paid for, nobody knows how dearly: its bound is a bound, and never told as what was spent."""
    told = call(replace(ANSWER, usage=None))
    assert (told.cost_usd, told.spent_usd) == (None, None)
    assert 1.0 < told.spent_at_most_usd < 1.001


def test_a_time_out_is_unsure_too():
    """Nobody knows what an answer would have cost that was not waited for; at most one whole call."""
    told = call("hang", timeout_s=0.05)
    assert told.spent_usd is None
    assert 1.0 < told.spent_at_most_usd < 1.001
    assert told.cost_usd is None


def test_a_failure_that_was_refused_costs_nothing():
    """400: known to be free."""
    told = call(CallError(type="bad_request", message="no", status=400))
    assert (told.spent_usd, told.spent_at_most_usd, told.cost_usd) == (0.0, 0.0, None)


def test_without_a_price_nothing_is_known():
    """Neither the spending nor a bound of it."""
    told = call(ANSWER, model=ModelSpec(name="m", provider="p", model="m"))
    assert (told.spent_usd, told.spent_at_most_usd, told.cost_usd) == (None, None, None)


def test_without_an_end_of_the_answer_there_is_no_bound():
    """No max_tokens: what was spent is known once the usage is, a dropped connection has no bound."""
    open_ended = ModelSpec(name="m", provider="p", model="m", price=PRICE)
    assert call(ANSWER, model=open_ended).spent_at_most_usd == 2.0
    assert call(DROPPED, ANSWER, model=open_ended).spent_at_most_usd is None


def test_recorded_answers_cost_nothing_now():
    """What they cost was spent elsewhere."""
    told = call(Reply(text="yes", told_cost_usd=0.25), live=False)
    assert (told.cost_usd, told.spent_usd, told.spent_at_most_usd) == (0.25, 0.0, 0.0)


def stopped(*says: Any, limit_usd: float | None = None, before: bool = False) -> Call:
    """One call in a run that stops: before it, or for want of money."""

    async def run() -> Call:
        halt = Halt()
        junction = Junction(halt, Budget(halt, limit_usd))
        held = LiveEndpoint(Scripted(*says), MODEL, Policy(timeout_s=5, retries=3), junction.lead(MODEL))
        if before:
            halt.stop.set()
        return await held.call(ASKED, stage="generate")

    return asyncio.run(run())


def test_a_call_that_does_not_fit_the_budget_is_never_made():
    """The trial is given up as if it had not begun."""
    with pytest.raises(Abandoned):
        stopped(ANSWER, limit_usd=0.5)


def test_a_retry_that_does_not_fit_ends_the_call_with_what_it_cost():
    """The first attempt is accounted for: failed, with the reason, and run again by a resume."""
    told = stopped(DROPPED, ANSWER, limit_usd=1.5)
    assert told.error["type"] == "stopped"
    assert len(told.attempts) == 1
    assert 1.0 < told.spent_at_most_usd < 1.5


def test_a_call_that_need_not_wait_is_made_after_a_stop():
    """What is in its slot may end; only waits are cut short."""
    assert stopped(ANSWER, before=True).reply is not None
    assert stopped(LIMITED, ANSWER, before=True).error["type"] == "stopped"
