"""What a report says of what is held out, and of labels that a person should look at."""

from dataclasses import replace

import pytest

from harness.sections.exposure import exposure
from harness.sections.suspects import MOST, suspects
from harness.types.report import Table, Text
from harness.types.summary import Exposed, RunInfo, Summary, Suspect

SUMMARY = Summary(
    run=RunInfo(
        id="r1", experiment="x", evalset_digest="", config_digest="", started_at="", finished_at="", complete=True,
        seed=7, planned=1,
    ),
    variants={},
)  # fmt: skip
SEEN = Exposed(partition="edge", times=14, runs=9, variants=6, since="2026-11-01T10:00:00+00:00")


def said(blocks):
    """The paragraphs."""
    return " ".join(block.text for block in blocks if isinstance(block, Text))


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (SEEN, "edge was scored 14 times with 6 variants since its rows last changed (2026-11-01): the more often, the less held out."),
        (replace(SEEN, times=1, variants=1),
         "edge was scored once with 1 variant since its rows last changed (2026-11-01)."),
    ],
    ids=["often", "once"],
)  # fmt: skip
def test_how_often_a_held_out_partition_was_scored(one, told):
    """One sentence a partition, with its counts and since when."""
    assert said(exposure(replace(SUMMARY, exposed=(one,)))) == told


def test_nothing_is_said_of_nothing():
    """Without a log, and without a suspect, neither part appears."""
    assert exposure(SUMMARY) == suspects(SUMMARY) == ()


@pytest.mark.parametrize("many", [1, MOST, MOST + 3])
def test_suspects_are_listed_and_how_to_look_at_one(many):
    """At most 20 rows, the rest counted; the command shows the first of them; a label is said to be unchanged."""
    found = tuple(
        Suspect(partition="golden", example_id=f"g-{number}", variants=("a", "b"), of=3)
        for number in range(many)
    )
    blocks = suspects(replace(SUMMARY, suspects=found))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert len(table.rows) == min(many, MOST)
    assert table.rows[0] == ("golden", "g-0", "2 of 3", "a, b")
    told = said(blocks)
    assert "harness show r1 --variant a --example g-0" in told
    assert ("3 more stand in summary.json" in told) == (many > MOST)
    assert "Nothing was changed" in told
