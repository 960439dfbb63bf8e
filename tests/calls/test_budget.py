"""A budget that calls in flight count against at their upper bound."""

import asyncio
import random
from typing import Any

import pytest

from harness.calls.budget import Budget
from harness.calls.halt import Halt


def spend(*, limit_usd: float, spent_usd: float = 0.0, seed: int = 0, calls: int = 200) -> tuple[Any, ...]:
    """So many calls at once, each of some bound and some cost below it: what was spent, the halt, and how many ran."""
    rng = random.Random(seed)
    costs = [(bound := rng.uniform(0.01, 0.1), bound * rng.random()) for _ in range(calls)]

    async def run() -> tuple[Any, ...]:
        halt = Halt()
        budget = Budget(halt, limit_usd, spent_usd)
        spent, ran = spent_usd, 0

        async def call(bound: float, cost: float) -> None:
            nonlocal spent, ran
            if await budget.hold(bound):
                ran += 1
                await asyncio.sleep(0)
                spent += cost
                budget.settle(bound, cost)

        await asyncio.gather(*(call(*one) for one in costs))
        return spent, halt, ran

    return asyncio.run(run())


@pytest.mark.parametrize("seed", range(10))
def test_what_is_spent_never_exceeds_the_limit(seed: int) -> None:
    """Of 200 calls as many run as fit, and the run stops with a reason where one does not."""
    spent, halt, ran = spend(limit_usd=2.0, seed=seed)
    assert 1.8 < spent <= 2.0
    assert 0 < ran < 200
    assert halt.stop.is_set()
    assert "--max-cost $2" in halt.reason


def test_a_budget_that_suffices_stops_nothing() -> None:
    """Calls wait for those in flight instead of stopping a run that can still afford them."""
    spent, halt, ran = spend(limit_usd=12.0)
    assert ran == 200
    assert not halt.stop.is_set()
    assert spent < 12.0


def test_what_was_spent_before_counts() -> None:
    """A resume has what is left."""
    spent, _, _ = spend(limit_usd=2.0, spent_usd=1.9)
    assert 1.9 <= spent <= 2.0


def test_a_call_without_a_bound_is_not_made() -> None:
    """Where nothing bounds a call, a limit cannot be kept: the run stops and says so."""

    async def run() -> tuple[bool, str | None]:
        halt = Halt()
        return await Budget(halt, 5.0).hold(None), halt.reason

    held, reason = asyncio.run(run())
    assert not held
    assert "no upper bound" in (reason or "")


def test_without_a_limit_nothing_is_held() -> None:
    """No limit: every call runs, bounded or not."""

    async def run() -> list[bool]:
        budget = Budget(Halt())
        held = [await budget.hold(None), await budget.hold(1e9)]
        budget.settle(None, 0.0)
        budget.settle(1e9, 5.0)
        return held

    assert asyncio.run(run()) == [True, True]
