"""An endpoint that works on a few calls at once: the others wait, and their wait is queue."""

import asyncio

import pytest

from harness.calls.clock import now_ns
from harness.calls.endpoint import LiveEndpoint, Policy
from harness.errors import CallError
from harness.types.call import Reply, Request, Wire
from harness.types.experiment import ModelSpec

MODEL = ModelSpec(name="m", provider="my.own:Provider", model="m")
LASTS_S = 0.03


class OneByOne:
    """Takes a while, and never more than it says."""

    live, given, longest_answer_tokens = True, "", None

    def __init__(self, at_once, fails=()):
        self.at_once = at_once
        self.now = self.most = self.calls = 0
        self.fails = fails

    async def complete(self, request):
        """Wait, and fail where that is planned."""
        self.calls += 1
        number = self.calls
        self.now += 1
        self.most = max(self.most, self.now)
        began_ns = now_ns()
        try:
            await asyncio.sleep(LASTS_S)
        finally:
            self.now -= 1
        if number in self.fails:
            raise CallError(type="server_error", message="no", status=500)
        return Reply(text="yes", wire=Wire(sent_ns=began_ns, done_ns=now_ns(), clock="client"))


def called(provider, count, timeout_s=5.0):
    """Some calls at one instant."""

    async def told():
        held = LiveEndpoint(provider, MODEL, Policy(timeout_s=timeout_s, retries=0))
        return await asyncio.gather(*(held.call(Request(), stage="rerank") for _ in range(count)))

    return asyncio.run(told())


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_wait_for_a_turn_is_queue(at_once):
    """Never more than it says are at work; each call's own time is its own, and the last one has waited longest."""
    provider = OneByOne(at_once)
    calls = called(provider, 6)
    assert provider.most == at_once
    waits = sorted(call.queue_ms for call in calls)
    assert waits[-1] >= 900 * LASTS_S * (6 / at_once - 1)
    assert all(call.attempts[0].ms < waits[-1] + 1000 * LASTS_S for call in calls)
    assert waits[0] < 1000 * LASTS_S


def test_the_wait_is_no_part_of_the_deadline():
    """Six calls of 30 ms each, one by one: none of them exceeds a deadline of 120 ms."""
    calls = called(OneByOne(1), 6, timeout_s=4 * LASTS_S)
    assert [call.error for call in calls] == [None] * 6


def test_a_turn_is_given_up_whatever_comes_of_it():
    """A failure lets the next one in."""
    calls = called(OneByOne(1, fails=(1, 3)), 4)
    assert sorted(call.reply is None for call in calls) == [False, False, True, True]
