"""When an endpoint is given up, and when not."""

import asyncio

import pytest

from harness.calls.breaker import NEVER_ANSWERED, OUT_OF_ORDER, REFUSED_KEYS, Breaker
from harness.calls.halt import Halt
from harness.errors import CallError

KEY = CallError(type="authentication", message="no such key", status=401)
DOWN = CallError(type="connection", message="refused", retryable=True)
BAD = CallError(type="bad_request", message="too long", status=400)


def reason_after(*told: CallError | None) -> str | None:
    """Why the run stops after these calls; None marks one that was answered."""

    async def run() -> str | None:
        halt = Halt()
        breaker = Breaker(model="gpt", halt=halt)
        for error in told:
            if error is None:
                breaker.answered()
            else:
                breaker.failed(error)
        assert halt.stop.is_set() == (halt.reason is not None)
        return halt.reason

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ([KEY] * REFUSED_KEYS, "refuses its key"),
        ([None, *[KEY] * REFUSED_KEYS], "refuses its key"),
        ([DOWN] * NEVER_ANSWERED, "answered none"),
        ([BAD] * NEVER_ANSWERED, "answered none"),
        ([None, *[DOWN] * OUT_OF_ORDER], "in a row"),
    ],
)
def test_an_endpoint_without_hope_stops_the_run(told, word):
    """One sentence that names the model and the last failure."""
    reason = reason_after(*told)
    assert word in reason
    assert "'gpt'" in reason
    assert str(told[-1]) in reason


@pytest.mark.parametrize(
    "told",
    [
        [KEY] * (REFUSED_KEYS - 1),
        [*[KEY] * (REFUSED_KEYS - 1), None, KEY],
        [DOWN] * (NEVER_ANSWERED - 1),
        [None, *[DOWN] * NEVER_ANSWERED],
        [None, *[BAD] * 1000],
        [None, *[DOWN, None] * 1000],
    ],
    ids=["few keys", "a key that works", "few calls", "an endpoint that has answered", "examples", "half"],
)
def test_what_may_still_come_right_goes_on(told):
    """A few failures, those with answers between, and requests that the endpoint rightly refuses stop nothing."""
    assert reason_after(*told) is None
