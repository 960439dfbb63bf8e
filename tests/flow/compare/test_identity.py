"""What was judged differently is no comparison; what was only priced differently costs the cost."""

import pytest

from harness.errors import UsageError
from harness.flow.compare.compare import compare

SAME = {"answer": "digest-1", "schema": "schema-1", "prices": "prices-1"}


def run(side, run_id, variant="rag", marks=None, **identity):
    """One variant of one run, with what it was judged by."""
    held = marks or {"answer": [1, 0, 1], "cost_usd_per_1k": [1, 2, 3], "schema_failure_rate": [0, 0, 0]}
    made = side(variant, "golden", [1, 0, 1], run=run_id, marks=held, identity={**SAME, **identity})
    return {(variant, "golden"): made}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"answer": "digest-2"}, "metric 'answer' was judged by another scorer, judge or options"),
        ({"schema": "schema-2"}, "the answer schema differs"),
    ],
)
def test_another_scorer_or_schema_is_refused_by_name_unless_forced(side, agreed, changed, told):
    """Both faults name the runs and the way out; --force compares, and says so."""
    a, b = run(side, "run-a"), run(side, "run-b", **changed)
    with pytest.raises(UsageError, match=told) as refused:
        compare(a, b, agreed(against=None))
    assert "run-a and run-b" in str(refused.value)
    assert "--force" in str(refused.value)
    found = compare(a, b, agreed(against=None, force=True))
    assert [notice.code for notice in found.notices] == ["forced"]
    assert found.comparisons[0].difference == 0


def test_a_run_judged_twice_is_no_exception(side, agreed):
    """A copy of a run that was scored by other options keeps its id, and is refused all the same."""
    a, b = run(side, "run-a"), run(side, "run-a", answer="digest-2")
    with pytest.raises(UsageError, match="run-a, judged twice: metric 'answer' was judged by another scorer"):
        compare(a, b, agreed(against=None))


def test_declared_times_decide_no_more_than_the_others(side, agreed):
    """A `latency` metric of two runs is as little evidence as latency_ms; declared costs are blocked with the cost."""
    marks = {"answer": [1, 0, 1], "took": [9.0, 9.5, 10.0], "paid": [5.0, 5.0, 5.0]}
    terms = agreed(against=None, times=frozenset({"took"}), costs=frozenset({"paid"}))
    terms.better.update(took="lower", paid="lower")
    b = run(side, "run-b", marks={**marks, "took": [1.0, 1.5, 2.0]}, prices="prices-2")
    told = {one.metric: one for one in compare(run(side, "run-a", marks=marks), b, terms).comparisons}
    assert (told["took"].difference, told["took"].verdict) == (8, "cannot tell")
    assert (told["paid"].difference, told["paid"].method) == (None, "not compared")
    beside = compare(
        run(side, "run-a", marks=marks), run(side, "run-a", marks={**marks, "took": [1.0, 1.5, 2.0]}), terms
    )
    assert {one.metric: one.verdict for one in beside.comparisons}["took"] == "worse"


def test_a_metric_that_decides_must_be_on_both_sides(side, agreed):
    """A run without it would be compared on nothing."""
    a, b = run(side, "run-a"), run(side, "run-b", marks={"coverage": [1, 1, 1]})
    with pytest.raises(UsageError, match="run-b has no metric 'answer', which decides"):
        compare(a, b, agreed(against=None))


def test_what_a_side_does_not_tell_is_not_known_to_differ(side, agreed):
    """A run of before digests were kept is compared."""
    a, b = run(side, "run-a"), run(side, "run-b", answer="")
    assert compare(a, b, agreed(against=None)).comparisons[0].n == 3


def test_other_prices_block_only_the_cost(side, agreed):
    """Of one variant in two runs; the quality is compared, and --force compares the cost as well."""
    a, b = run(side, "run-a"), run(side, "run-b", prices="prices-2")
    found = compare(a, b, agreed(against=None))
    told = {one.metric: one.difference for one in found.comparisons}
    assert told == {"answer": 0, "cost_usd_per_1k": None, "schema_failure_rate": 0}
    (notice,) = found.notices
    assert (notice.code, "rag" in notice.message) == ("prices_differ", True)
    forced = compare(a, b, agreed(against=None, force=True))
    assert {one.metric: one.difference for one in forced.comparisons}["cost_usd_per_1k"] == 0


def test_within_a_run_variants_have_prices_of_their_own(side, agreed):
    """Other models cost otherwise: that is what is compared, and no obstacle."""
    sides = {**run(side, "run-a", "base"), **run(side, "run-a", "new", prices="prices-2")}
    found = compare(sides, sides, agreed())
    assert found.notices == ()
    assert all(one.difference == 0 for one in found.comparisons)


def test_two_versions_of_the_harness_are_said(side, agreed):
    """They may judge alike; a reader must know."""
    a = {("rag", "golden"): side("rag", "golden", [1, 0], version="2")}
    b = {("rag", "golden"): side("rag", "golden", [1, 0], version="1", run="run-0")}
    (notice,) = compare(a, b, agreed(against=None)).notices
    assert (notice.code, notice.message) == (
        "versions_differ",
        "judged by two versions of the harness: 2 and 1",
    )
