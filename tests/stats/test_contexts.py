"""What stands in the input: all tokens that the answering call reads, shared out by characters."""

import pytest

from harness.stats.columns import columns
from harness.stats.contexts import context_size
from harness.types.call import Usage
from harness.types.record import Outcome, Record, StageTime


def trial(number: int, usage: Usage | None, characters=None, kind: str = "answered", **changes) -> Record:
    """A trial that embeds and generates; only the second call answers."""
    embed = StageTime(name="embed", ms=1.0, clock="wire", model="e", usage=Usage(input_tokens=7))
    generate = StageTime(name="generate", ms=9.0, clock="wire", model="m", usage=usage)
    fields = {
        "variant": "v",
        "partition": "golden",
        "example_id": f"g-{number}",
        "outcome": Outcome(kind=kind),
        "stages": (embed, generate),
        "input_characters": characters,
    }
    return Record(**{**fields, **changes})


def size(*records: Record):
    """The size of the input of these trials."""
    return context_size(columns(records, ()).trials)


def test_cached_and_written_tokens_are_read_too():
    """The whole input of the call that answers, not that of other calls; a cache of which nothing is said is none."""
    found = size(
        trial(0, Usage(input_tokens=100, cached_input_tokens=50, cache_write_tokens=25)),
        trial(1, Usage(input_tokens=75)),
        trial(2, None),
        trial(3, Usage(input_tokens=9_000), kind="failed"),
    )
    assert (found.input_tokens_p50, found.input_tokens_max) == (125.0, 175)
    assert found.input_tokens_p95 == pytest.approx(170.0)


def test_parts_share_the_tokens_by_their_characters():
    """They add up to the mean of the trials of which both are known."""
    found = size(
        trial(0, Usage(input_tokens=100), {"prompt": 20, "fewshot": 0, "context": 80}),
        trial(1, Usage(input_tokens=300), {"prompt": 50, "fewshot": 25, "context": 25}),
        trial(2, Usage(input_tokens=999)),
    )
    assert found.parts == pytest.approx({"prompt": 85.0, "fewshot": 37.5, "context": 77.5})
    assert sum(found.parts.values()) == pytest.approx(200.0)


def test_what_nobody_told_is_unknown():
    """No tokens, or no messages: None, never zero."""
    silent = size(trial(0, None, {"prompt": 20, "fewshot": 0, "context": 80}))
    assert (silent.input_tokens_p50, silent.input_tokens_p95, silent.input_tokens_max) == (None, None, None)
    assert set(silent.parts.values()) == set(size().parts.values()) == {None}
    app = size(trial(0, Usage(input_tokens=100)))
    assert (app.input_tokens_max, set(app.parts.values())) == (100, {None})
    empty = size(trial(0, Usage(input_tokens=3), {"prompt": 0, "fewshot": 0, "context": 0}))
    assert set(empty.parts.values()) == {None}
