"""The part on stopping early: where each variant ended and what that saved, with unknown prices left unknown."""

from dataclasses import replace

import pytest

from harness.flow.report import report
from harness.sections.looks import looks
from harness.types.figures import Cost, Latency, PartitionSummary
from harness.types.report import Table, Text
from harness.types.summary import Look, RunInfo, Summary, VariantSummary


def part(trials, total_usd=0.2, unpriced=0):
    """One partition of which so many trials were tried."""
    return PartitionSummary(
        examples=trials, trials=trials, planned=trials, outcomes={"answered": trials}, errors={}, scored=trials,
        unscored=0, coverage=1.0, quality=None, metrics={}, schema=None, by_tag={},
        cost=Cost(usd_per_1k=None, ci=(None, None), total_usd=total_usd, unpriced=unpriced, by_stage={}, tokens={}),
        latency=Latency(
            p50_ms=None, p50_ci=(None, None), p95_ms=None, p95_ci=(None, None), n_live=0, n_cached=0, timed_out=0,
            method="", first_token=None, stages={}, unaccounted=None, valid=True,
        ),
    )  # fmt: skip


def look(variant, decision, number, tried):
    """The last look at a variant of 500 trials."""
    return Look(
        look=number, of=5, at="", variant=variant, decision=decision, why="so it is", level=0.99, tried=tried,
        planned=500,
    )  # fmt: skip


def summary(*made, aids=()):
    """Of (look, partitions) pairs."""
    run = RunInfo(
        id="r", experiment="x", evalset_digest="", config_digest="", started_at="", finished_at="", complete=True,
        seed=1, planned=0,
    )  # fmt: skip
    variants = {
        one.variant: VariantSummary(layers=(), partitions=parts, aid="oracle" if one.variant in aids else "")
        for one, parts in made
    }
    return Summary(run=run, variants=variants, looks=tuple(one for one, _ in made))


STOPPED = (look("rag", "hopeless", 2, 200), {"golden": part(160, 0.16), "edge": part(40, 0.04)})
WHOLE = (look("plain", "go on", 5, 500), {"golden": part(500, 1.0)})


def read(found):
    """The table's rows, and all paragraphs."""
    [table] = [block for block in found if isinstance(block, Table)]
    return {row[0]: row[1:] for row in table.rows}, " ".join(
        block.text for block in found if isinstance(block, Text)
    )


def test_a_run_to_the_end_has_no_such_part():
    """Nothing is said where nothing was looked at."""
    assert looks(replace(summary(WHOLE), looks=())) == ()


def test_it_says_where_each_ended_and_what_that_saved():
    """300 trials at a mean of 0.001 dollars; what ran to its end saved none."""
    rows, said = read(looks(summary(STOPPED, WHOLE)))
    assert rows["rag"] == ("at look 2 of 5", "200/500", "300", "0.300", "hopeless", "so it is")
    assert rows["plain"] == ("at its end", "500/500", "0", "0", "–", "so it is")
    assert "rag stopped at look 2 of 5 (200 of 500 trials): hopeless." in said
    assert "Stopping early saved 300 of 1,000 trials (30 %), about $0.300." in said


@pytest.mark.parametrize("unknown", [part(200, None, 200), part(200, 0.1, 3)])
def test_what_is_not_priced_saved_an_unknown_sum(unknown):
    """Not 0, and not what the priced part of it would make."""
    rows, said = read(looks(summary((STOPPED[0], {"golden": unknown}), WHOLE)))
    assert rows["rag"][3] == "–"
    assert "Stopping early saved 300 of 1,000 trials (30 %)." in said


def test_a_count_of_failures_ends_between_two_looks():
    """With what was tried by the end, in flight then and all."""
    rows, _ = read(looks(summary((look("rag", "hopeless", 0, 41), {"golden": part(44)}))))
    assert rows["rag"][:3] == ("between two looks", "44/500", "456")


def test_a_run_that_broke_off_says_how_far_it_came():
    """Its last look decided nothing."""
    rows, said = read(looks(summary((look("rag", "go on", 3, 300), {"golden": part(330)}))))
    assert rows["rag"][:3] == ("after look 3", "330/500", "0")
    assert "saved" not in said.split("What was saved")[0]


def test_an_aid_is_called_what_it_is():
    """As in every other table of the report."""
    made = summary(
        STOPPED, (look("rag-oracle", "not needed", 2, 200), {"golden": part(200)}), aids=("rag-oracle",)
    )
    blocks = report(made, {"looks": "harness.sections.looks:looks"})
    rows, _ = read(blocks)
    assert "rag-oracle (control)" in rows
