"""Trials in, records out: never too many at once, none lost by a stop, none left running."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.calls.pace import Pace
from harness.flow.execute import BACKLOG_S, execute
from harness.types.record import Entry, Outcome, Record
from harness.types.trial import Trial


def trials(count):
    """Some trials."""
    return [Trial(variant="v", partition="golden", example_id=str(number)) for number in range(count)]


def entry(trial):
    """The record of one."""
    return Entry(
        record=Record(
            variant=trial.variant,
            example_id=trial.example_id,
            partition=trial.partition,
            outcome=Outcome(kind="answered", text=""),
        )
    )


async def gathered(todo, run, pace, stop=None):
    """The ids of what came out, in their order."""
    return [entry.record.example_id async for entry in execute(todo, run, pace, stop or asyncio.Event())]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(0, 4), max_size=25))
def test_never_more_than_the_concurrency_and_each_trial_once(concurrency, turns):
    """Whatever each trial takes, no more than `concurrency` run at once, all slots are used, and none is lost."""
    running, most = 0, 0

    async def run(trial):
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(turns[int(trial.example_id)]):
            await asyncio.sleep(0)
        running -= 1
        return entry(trial)

    found = asyncio.run(gathered(trials(len(turns)), run, Pace(concurrency=concurrency)))
    assert sorted(found, key=int) == [str(number) for number in range(len(turns))]
    assert most <= concurrency
    assert running == 0


def test_entries_come_as_trials_end():
    """A slow trial holds up nobody: the quick ones are yielded before it."""

    async def told():
        slow = asyncio.Event()

        async def run(trial):
            if trial.example_id == "0":
                await slow.wait()
            if trial.example_id == "4":
                slow.set()
            return entry(trial)

        return await gathered(trials(5), run, Pace(concurrency=2))

    assert asyncio.run(told()) == ["1", "2", "3", "4", "0"]


def test_a_stop_starts_nothing_more_and_loses_nothing():
    """Those in their slots end and are yielded; those that wait are never begun."""

    async def told():
        stop, go, begun = asyncio.Event(), asyncio.Event(), []

        async def run(trial):
            begun.append(trial.example_id)
            if len(begun) == 3:
                stop.set()
                asyncio.get_running_loop().call_soon(go.set)
            await go.wait()
            return entry(trial)

        return await gathered(trials(20), run, Pace(concurrency=3), stop), begun

    found, begun = asyncio.run(told())
    assert sorted(found) == sorted(begun) == ["0", "1", "2"]


def test_a_stop_does_not_wait_for_the_next_start():
    """A run that starts slowly is stopped at once, not at its next start."""

    async def told():
        stop = asyncio.Event()

        async def run(trial):
            stop.set()
            return entry(trial)

        async with asyncio.timeout(5):
            return await gathered(trials(3), run, Pace(concurrency=2, gap_s=60.0), stop)

    assert asyncio.run(told()) == ["0"]


def test_what_a_trial_raises_comes_after_what_was_ready():
    """Entries that had ended are yielded, then the error ends the run and what was in flight is cancelled."""
    left = []

    async def run(trial):
        if trial.example_id == "1":
            await asyncio.sleep(0)
            raise ZeroDivisionError
        if trial.example_id == "3":
            try:
                await asyncio.Event().wait()
            finally:
                left.append(trial.example_id)
        return entry(trial)

    async def read(found):
        async for one in execute(trials(9), run, Pace(concurrency=4), asyncio.Event()):
            found.append(one.record.example_id)
            await asyncio.sleep(0.01)

    async def told():
        found = []
        with pytest.raises(ZeroDivisionError):
            await read(found)
        return found, len(asyncio.all_tasks())

    found, tasks = asyncio.run(told())
    assert {"0", "2"} <= set(found)
    assert left == ["3"]
    assert tasks == 1


def test_trials_that_cannot_be_laid_out_end_the_run():
    """Where the trials themselves raise, the run ends with that error instead of waiting for ever."""

    def broken():
        yield from trials(1)
        raise ZeroDivisionError

    async def run(trial):
        return entry(trial)

    async def told():
        async with asyncio.timeout(5):
            await gathered(broken(), run, Pace(concurrency=4))

    with pytest.raises(ZeroDivisionError):
        asyncio.run(told())


def test_leaving_early_cancels_what_is_in_flight():
    """Whoever stops reading leaves nothing running behind."""
    cancelled = []

    async def run(trial):
        if trial.example_id != "0":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(trial.example_id)
                raise
        return entry(trial)

    async def told():
        async with aclosing(execute(trials(9), run, Pace(concurrency=3), asyncio.Event())) as entries:
            async for _ in entries:
                break
        return len(asyncio.all_tasks())

    assert asyncio.run(told()) == 1
    assert set(cancelled) <= {"1", "2", "3"}
    assert cancelled


def test_starts_are_spread_over_the_ramp_and_kept_apart():
    """The first starts share the ramp; later ones are a gap apart, but for what a late timer may make good."""
    at = []

    async def run(trial):
        at.append(asyncio.get_running_loop().time())
        return entry(trial)

    asyncio.run(gathered(trials(6), run, Pace(concurrency=4, ramp_s=0.08, gap_s=0.005)))
    dues = [0.02, 0.04, 0.06, 0.065, 0.07]
    assert all(start - at[0] >= due - BACKLOG_S for start, due in zip(at[1:], dues, strict=True))


def test_what_a_timer_loses_is_made_good():
    """A thousand starts a second asked are not five hundred, though timers come late: the average holds."""
    at = []

    async def run(trial):
        at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.05)
        return entry(trial)

    asyncio.run(gathered(trials(200), run, Pace(concurrency=100, gap_s=0.001)))
    gaps = sorted(later - earlier for earlier, later in pairwise(at))
    assert sum(gaps[:180]) / 180 < 0.0014


def test_slots_may_be_given_and_taken_while_it_runs():
    """Trials start as soon as there is room for them; a bound that falls cancels nobody."""

    async def told():
        pace, seen, go = Pace(concurrency=6, slots=2), [], asyncio.Event()

        async def run(trial):
            seen.append(pace.in_flight)
            await go.wait()
            return entry(trial)

        reading = asyncio.create_task(gathered(trials(12), run, pace))
        await asyncio.sleep(0.01)
        first = max(seen)
        pace.slots = 5
        pace.leave(None)
        pace.enter()  # something moved
        await asyncio.sleep(0.01)
        second, pace.slots = max(seen), 1
        seen.clear()
        go.set()
        found = await reading
        return first, second, seen[-1], len(found), pace.in_flight

    assert asyncio.run(told()) == (2, 5, 1, 12, 0)


def test_nothing_to_do_is_done():
    """An empty plan yields nothing and ends."""
    assert asyncio.run(gathered([], None, Pace(concurrency=2))) == []
