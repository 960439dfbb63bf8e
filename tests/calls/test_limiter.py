"""How fast calls may start: as declared, or as an endpoint's refusals teach."""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from harness.calls.halt import Halt
from harness.calls.limiter import CATCH_UP_S, DECLARED_SHARE, Limiter


class Skipping(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer instead of waiting for it: an hour passes in a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0

    def time(self) -> float:
        """The clock, with all that was skipped."""
        return super().time() + getattr(self, "ahead_s", 0.0)

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.ahead_s += max(0.0, self._scheduled[0]._when - self.time())
        super()._run_once()


def passing(main: Any) -> Any:
    """Run a coroutine while time skips."""
    with asyncio.Runner(loop_factory=Skipping) as runner:
        return runner.run(main)


@dataclass
class Account:
    """An endpoint that refuses: a bucket of `burst` that fills at `per_s`, or `window` requests a window."""

    per_s: float = 10.0
    burst: float = 10.0
    window_s: float | None = None
    told: bool = True
    """Whether a refusal says for how long."""
    strays: float = 0.0
    """Share that is refused whatever the rate."""
    wait_s: float = 1.0
    seed: int = 0
    log: list[tuple[float, bool]] = field(default_factory=list)
    _left: float = -1.0
    _last_s: float = 0.0

    def ask(self, now_s: float) -> tuple[bool, float | None]:
        """Whether a request is served, and how long to wait where it is not."""
        if self.window_s is not None:
            number = now_s // self.window_s
            used = sum(served for at_s, served in self.log if at_s // self.window_s == number)
            served, wait_s = used < self.per_s * self.window_s, (number + 1) * self.window_s - now_s
        else:
            full = self.burst if self._left < 0 else self._left + (now_s - self._last_s) * self.per_s
            self._left, self._last_s = min(self.burst, full), now_s
            served, wait_s = self._left >= 1, self.wait_s
            self._left -= served
        served = served and random.Random(f"{self.seed} {len(self.log)}").random() >= self.strays
        self.log.append((now_s, served))
        return served, wait_s if self.told else None


async def campaign(account: Account, limiter: Limiter, calls: int, *, in_flight: int = 64) -> None:
    """So many calls, each repeated until it is served; an answer takes 0.3 s, a refusal 10 ms."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    slots = asyncio.Semaphore(in_flight)

    async def call() -> None:
        async with slots:
            while True:
                leave = await limiter.admit()
                assert leave is not None
                served, wait_s = account.ask(loop.time() - began_s)
                await asyncio.sleep(0.3 if served else 0.01)
                if served:
                    limiter.answered(leave, None, {})
                    return
                limiter.refused(leave, wait_s)

    async with asyncio.TaskGroup() as group:
        for _ in range(calls):
            group.create_task(call())


@pytest.mark.parametrize(
    "account",
    [
        Account(),
        Account(told=False),
        Account(window_s=60.0),
        Account(window_s=10.0),
        Account(per_s=2.0, burst=2.0),
        Account(per_s=100.0, burst=100.0),
    ],
    ids=[
        "bucket",
        "bucket, no Retry-After",
        "a minute's window",
        "a short window",
        "slow",
        "fast",
    ],
)
def test_what_an_account_allows_is_found_out(account: Account) -> None:
    """Undeclared: at least 90 % of the allowed rate over the run, under 2 % refused after the first ten seconds."""
    calls = round(120 * account.per_s)

    async def run() -> None:
        await campaign(account, Limiter(Halt()), calls)

    passing(run())
    took_s = account.log[-1][0]
    late = [served for at_s, served in account.log if at_s > 10]
    assert calls / took_s >= 0.9 * account.per_s
    assert late.count(False) < 0.02 * len(late)


def test_an_account_without_any_burst_is_kept_to() -> None:
    """Two calls that come a moment too close are refused there: under 2 % still, at 70 % of the rate or more."""
    account = Account(burst=1)

    async def run() -> None:
        await campaign(account, Limiter(Halt()), 1200)

    passing(run())
    late = [served for at_s, served in account.log if at_s > 10]
    assert 1200 / account.log[-1][0] >= 0.7 * account.per_s
    assert late.count(False) < 0.02 * len(late)


@pytest.mark.parametrize("strays", [0.01, 0.04, 0.1])
@pytest.mark.parametrize("wait_s", [0.05, 1.0])
def test_refusals_by_chance_do_not_strangle_a_run(strays: float, wait_s: float) -> None:
    """Refused at any rate alike: a campaign's time and the waits that were asked for, thrice at most."""
    account = Account(per_s=1e6, burst=1e6, strays=strays, wait_s=wait_s)

    async def run() -> None:
        await campaign(account, Limiter(Halt()), 3000)

    passing(run())
    unhindered_s = 3000 * 0.3 / 64
    asked_s = wait_s * sum(not served for _, served in account.log)
    assert account.log[-1][0] < 3 * (unhindered_s + asked_s)


@pytest.mark.parametrize("seed", range(12))
def test_rare_refusals_by_chance_do_not_strangle_a_run_either(seed: int) -> None:
    """One in a hundred, further and further apart as the rate falls: twelve times as long at most, waits and all (it was 32)."""
    account = Account(per_s=1e6, burst=1e6, strays=0.01, seed=seed)

    async def run() -> None:
        await campaign(account, Limiter(Halt()), 4000)

    passing(run())
    assert account.log[-1][0] < 12 * 4000 * 0.3 / 64


def test_a_slow_first_call_does_not_make_the_rest_slow() -> None:
    """Half a minute passes between the warm-up and the rest; the first refusal is held against the rest's rate alone."""
    account = Account(per_s=1e6, burst=1e6, strays=0.002)

    async def run() -> float:
        limiter = Limiter(Halt())
        await campaign(account, limiter, 1)
        await asyncio.sleep(30)
        limiter.begin()
        await campaign(account, limiter, 2000)
        return asyncio.get_running_loop().time()

    passing(run())
    assert account.log[-1][0] < 30


def test_a_limit_that_is_raised_is_found_out_too() -> None:
    """Ten times the allowance: within five minutes the rate has followed to at least half of it."""
    account = Account()

    async def run() -> int:
        limiter = Limiter(Halt())
        await campaign(account, limiter, 600)
        account.per_s = account.burst = 100.0
        until = len(account.log)
        await campaign(account, limiter, 15_000)
        return until

    until = passing(run())
    assert account.log[-1][0] - account.log[until][0] < 300


def test_nothing_is_held_back_before_a_refusal() -> None:
    """Without a declared limit and without a 429 a thousand calls start at once."""

    async def run() -> float:
        limiter = Limiter(Halt())
        began_s = asyncio.get_running_loop().time()
        for _ in range(1000):
            leave = await limiter.admit()
            assert leave is not None
            limiter.answered(leave, 100, {})
        return asyncio.get_running_loop().time() - began_s

    assert passing(run()) < 1.0


def test_a_declared_limit_is_kept_from_the_first_call() -> None:
    """60 a minute: never more than one a second, whatever had been left unused; the smallest declaration holds."""

    async def run() -> list[float]:
        limiter = Limiter(Halt())
        limiter.declare({"rpm": 600})
        limiter.declare({"rpm": 60})
        limiter.declare({"tpm": 10**9})
        starts = []
        for _ in range(20):
            leave = await limiter.admit()
            assert leave is not None
            starts.append(leave.started_s)
            limiter.answered(leave, 10, {})
        await asyncio.sleep(30)
        for _ in range(2):
            leave = await limiter.admit()
            assert leave is not None
            starts.append(leave.started_s)
        return starts

    starts = passing(run())
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 1 / DECLARED_SHARE - CATCH_UP_S - 1e-6
    assert starts[19] - starts[0] >= 19 - 1


def test_declared_tokens_are_counted_as_they_turn_out() -> None:
    """6,000 tokens a minute and calls of 100: one a second, though each was first reckoned at 1,000."""

    async def run() -> float:
        limiter = Limiter(Halt())
        limiter.declare({"tpm": 6000})
        assert limiter.counts_tokens
        began_s = asyncio.get_running_loop().time()
        for _ in range(60):
            leave = await limiter.admit(1000)
            assert leave is not None
            limiter.answered(leave, 100, {})
        return asyncio.get_running_loop().time() - began_s

    assert passing(run()) == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize(
    "headers",
    [
        {
            "x-ratelimit-limit-requests": "600",
            "x-ratelimit-remaining-requests": "30",
            "x-ratelimit-reset-requests": "57s",
        },
        {
            "x-ratelimit-limit-requests": "600",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1m0s",
        },
    ],
)
def test_a_bucket_that_runs_dry_slows_the_run_before_a_refusal(headers: dict[str, str]) -> None:
    """OpenAI's headers: what is missing over the time until it is full again is the rate from then on."""

    async def run() -> float:
        limiter = Limiter(Halt())
        for _ in range(2):
            leave = await limiter.admit()
            assert leave is not None
            limiter.answered(leave, None, headers)
        began_s = asyncio.get_running_loop().time()
        for _ in range(100):
            assert await limiter.admit()
        return asyncio.get_running_loop().time() - began_s

    assert passing(run()) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "590"},
        {"x-ratelimit-limit-requests": "x", "x-ratelimit-remaining-requests": "0"},
        {
            "x-ratelimit-limit-requests": "6",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "soon",
        },
        {
            "anthropic-ratelimit-requests-limit": "6",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "whenever",
        },
    ],
)
def test_headers_that_say_nothing_useful_change_nothing(headers: dict[str, str]) -> None:
    """A bucket that is nearly full, and words that are no numbers."""

    async def run() -> float:
        limiter = Limiter(Halt())
        began_s = asyncio.get_running_loop().time()
        for _ in range(100):
            leave = await limiter.admit()
            assert leave is not None
            limiter.answered(leave, None, headers)
        return asyncio.get_running_loop().time() - began_s

    assert passing(run()) < 0.5


def test_a_stop_ends_every_wait() -> None:
    """Calls that wait for their turn are let go without leave once the run stops."""

    async def run() -> list[Any]:
        halt = Halt()
        limiter = Limiter(halt)
        leave = await limiter.admit()
        assert leave is not None
        limiter.refused(leave, 50.0)
        waiting = [asyncio.create_task(limiter.admit()) for _ in range(3)]
        await asyncio.sleep(1)
        halt.stop.set()
        return await asyncio.gather(*waiting)

    assert passing(run()) == [None, None, None]
