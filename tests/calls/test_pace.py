"""The pace: slots grow while the loop keeps up, and are given up before its lateness shows in a measured time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.calls.pace import FIRST_SLOTS, LAG_SHARE, MOST_LAG_MS, Pace

LATE_MS, CALM_MS = 2 * MOST_LAG_MS, 0.3


def loaded(concurrency=256, slots=0, latency_ms=300.0, answers=20):
    """A pace all of whose slots were in use in this window."""
    pace = Pace(concurrency=concurrency, slots=slots)
    for _ in range(pace.slots + answers):
        pace.enter()
    for _ in range(answers):
        pace.leave(latency_ms)
    return pace


def test_all_slots_are_free_where_nothing_else_is_said():
    """Nobody who watches, no bound but the concurrency."""
    assert Pace(concurrency=5).slots == 5


def test_a_calm_run_grows_fast_to_its_concurrency_and_not_beyond():
    """From eight to 256 within a dozen windows."""
    pace, seen = Pace(concurrency=256, slots=FIRST_SLOTS), []
    for _ in range(12):
        while pace.in_flight < pace.slots:
            pace.enter()
        pace.keep_up(CALM_MS, 0.3)
        seen.append(pace.slots)
    assert seen[0] == 12
    assert seen[-1] == 256


def test_a_late_loop_gives_up_slots_and_then_grows_by_little():
    """A sixth at once, a half where it is far too late; what was too much is not tried again in one step."""
    pace = loaded()
    assert pace.keep_up(1.2 * LAG_SHARE * 300, 0.8) == (276, "lowered")
    assert pace.slots == 217
    assert pace.keep_up(CALM_MS, 0.5)[1] == "raised"
    assert pace.slots == 227
    worst = loaded()
    worst.keep_up(LATE_MS * 5, 0.8)
    assert worst.slots == 128


@pytest.mark.parametrize(
    ("pace", "lag_ms", "cpu_share"),
    [
        pytest.param(loaded(answers=0), LATE_MS, 0.9, id="no answer came that could be late"),
        pytest.param(loaded(), LATE_MS, 0.05, id="another process holds the core"),
        pytest.param(loaded(), CALM_MS, 0.9, id="calm, and no core left to grow into"),
        pytest.param(loaded(latency_ms=30_000.0), MOST_LAG_MS - 0.1, 0.8, id="little beside so long an answer"),
        pytest.param(loaded(latency_ms=5.0), 0.7, 0.8, id="a timer's own grain"),
    ],
)  # fmt: skip
def test_what_would_not_help_is_not_done(pace, lag_ms, cpu_share):
    """Slots stay as they are."""
    assert pace.keep_up(lag_ms, cpu_share)[1] == "kept"
    assert pace.slots == 256


def test_slots_that_are_not_used_are_not_added_to():
    """Where a limit or the end of the work keeps them empty, more would say nothing."""
    pace = Pace(concurrency=64, slots=8)
    pace.enter()
    pace.keep_up(CALM_MS, 0.1)
    assert pace.slots == 8


def test_growth_stops_short_of_a_whole_core():
    """The share of the core grows with the slots: the next step is the last one that fits."""
    pace = loaded(slots=100, concurrency=256)
    pace.keep_up(CALM_MS, 0.8)
    assert pace.slots == 106


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1), st.integers(0, 300), st.booleans()), max_size=30)
)
def test_there_is_always_a_slot_and_never_one_too_many(windows):
    """Whatever the windows were like: between one and the concurrency, and lowered means fewer."""
    pace = Pace(concurrency=100, slots=8)
    for lag_ms, share, entered, answered in windows:
        for _ in range(entered):
            pace.enter()
            pace.leave(10.0 if answered else None)
        before = pace.slots
        _, move = pace.keep_up(lag_ms, share)
        assert 1 <= pace.slots <= 100
        assert (move == "lowered", move == "raised") == (pace.slots < before, pace.slots > before)


def test_whoever_waits_for_room_is_let_in_by_growth():
    """A raised bound wakes the one who waits, as a trial's end does."""

    async def told():
        pace = Pace(concurrency=4, slots=1)
        pace.enter()
        waiting = asyncio.create_task(pace.room())
        await asyncio.sleep(0)
        held = waiting.done()
        pace.keep_up(CALM_MS, 0.1)
        async with asyncio.timeout(5):
            await waiting
        return held

    assert asyncio.run(told()) is False
