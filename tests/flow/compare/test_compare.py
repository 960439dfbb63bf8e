"""Comparisons: the same examples, the method that fits, one adjustment, a verdict in words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.flow.compare.compare import compare
from harness.stats.multiple import holm
from harness.stats.paired import mcnemar_midp, tango
from harness.stats.ratios import BOOTSTRAP, GEOMETRIC


def laid(*sides):
    """Sides by their keys."""
    return {(one.variant, one.partition): one for one in sides}


def of(found, metric, variant="new", partition="golden"):
    """The one comparison of a metric."""
    (one,) = [
        one for one in found.comparisons if (one.metric, one.a, one.partition) == (metric, variant, partition)
    ]
    return one


def test_a_binary_metric_is_told_by_tango_and_the_mid_p(side, agreed):
    """Wins, losses, ids, interval, p and the difference that could have been seen, of the examples that both have."""
    base, new = [1.0] * 30 + [0.0] * 30, [1.0] * 28 + [0.0] * 2 + [1.0] * 12 + [0.0] * 18
    sides = laid(side("base", "golden", base), side("new", "golden", new))
    one = of(compare(sides, sides, agreed()), "answer")
    assert (one.wins, one.losses, one.ties, one.n) == (12, 2, 46, 60)
    assert one.difference == pytest.approx(10 / 60)
    assert (one.ci, one.p) == (tango(12, 2, 60), mcnemar_midp(12, 2))
    assert (one.a_value, one.b_value) == (40 / 60, 30 / 60)
    assert one.lost == ("g-028", "g-029")
    assert (len(one.won), one.won[0]) == (12, "g-030")
    assert (one.family, one.verdict, one.run_a, one.run_b) == ("primary", "better", "", "")
    assert one.mde is not None
    assert 0.1 < one.mde < 0.25


def test_repeats_that_add_up_to_the_same_are_a_tie(side, agreed):
    """(0.1 + 0.2 + 0.3) / 3 is no loss to (0.2 + 0.3 + 0.1) / 3, though their last digits differ; nor is it a flip on edge."""
    one, other = (0.1 + 0.2 + 0.3) / 3, (0.2 + 0.3 + 0.1) / 3
    assert one > other
    sides = laid(
        side("base", "golden", [one] * 20),
        side("new", "golden", [other] * 18 + [1.0] * 2),
        side("base", "edge", [one] * 60),
        side("new", "edge", [other] * 20 + [0.0] * 40),
    )
    found = compare(sides, sides, agreed())
    golden, edge = (of(found, "answer", partition=name) for name in ("golden", "edge"))
    assert (golden.wins, golden.losses, golden.ties, golden.lost) == (2, 0, 18, ())
    assert (edge.wins, edge.losses, edge.ties, len(edge.lost)) == (0, 40, 20, 40)
    (trap,) = [notice for notice in found.notices if notice.code == "edge_regression"]
    assert "40 examples flipped" in trap.message


def test_the_control_and_aids_are_compared_with_nothing(side, agreed):
    """Everything else is held against the control of its partition, and nothing where the control was not asked."""
    sides = laid(
        *(side(name, "golden", [1, 0, 1]) for name in ("base", "new", "oracle")), side("new", "edge", [1])
    )
    found = compare(sides, sides, agreed(aids=frozenset({"oracle"})))
    assert {(one.a, one.b, one.partition) for one in found.comparisons} == {("new", "base", "golden")}


def test_holm_adjusts_what_decides_within_a_partition_and_nothing_else(side, agreed):
    """Three variants on golden are one family, those on edge another; a metric that describes has no adjusted p."""
    rows = {"base": [0] * 40, "a": [1] * 5 + [0] * 35, "b": [1] * 8 + [0] * 32, "c": [1] + [0] * 39}
    sides = laid(*(side(name, part, marks) for name, marks in rows.items() for part in ("golden", "edge")))
    sides = {
        key: replace(one, marks={**one.marks, "schema_failure_rate": one.marks["answer"]})
        for key, one in sides.items()
    }
    found = compare(sides, sides, agreed())
    ps = [mcnemar_midp(wins, 0) for wins in (5, 8, 1)]
    for partition in ("golden", "edge"):
        rows = [of(found, "answer", name, partition) for name in ("a", "b", "c")]
        assert [one.p_adjusted for one in rows] == holm(ps)
        assert [one.verdict for one in rows] == ["cannot tell", "better", "cannot tell"]
    broken = of(found, "schema_failure_rate", "b")
    assert (broken.p_adjusted, broken.family) == (None, "descriptive")
    assert (broken.wins, broken.losses, broken.verdict) == (0, 8, "worse")


@pytest.mark.parametrize(
    ("losses", "margin", "verdict"),
    [
        (0, 0.1, "no worse than the margin"),
        (0, 0.02, "cannot tell"),
        (0, None, "cannot tell"),
        (9, 0.5, "worse"),
    ],
)
def test_equal_is_only_said_where_a_margin_was_declared(side, agreed, losses, margin, verdict):
    """No difference that is shown is no equality; a margin is kept where the one-sided bound lies above it."""
    sides = laid(side("base", "golden", [1] * 60), side("new", "golden", [0] * losses + [1] * (60 - losses)))
    margins = {} if margin is None else {("answer", "golden"): margin}
    one = of(compare(sides, sides, agreed(margins=margins)), "answer")
    assert (one.verdict, one.margin) == (verdict, margin)


def test_of_a_cost_less_is_better(side, agreed):
    """Its difference is a minus b in dollars, its wins are the cheaper ones, and its method a paired t."""
    cost = np.linspace(1, 2, 20)
    sides = laid(
        side("base", "golden", [1] * 20, marks={"cost_usd_per_1k": cost}),
        side("new", "golden", [1] * 20, marks={"cost_usd_per_1k": cost * 0.5}),
    )
    one = of(compare(sides, sides, agreed()), "cost_usd_per_1k")
    assert one.difference == pytest.approx(-0.75)
    assert (one.wins, one.losses, one.method, one.verdict) == (20, 0, "paired t", "better")
    assert one.won == ()


def test_graded_marks_take_the_adjusted_t(side, agreed):
    """One pseudo-pair keeps a difference that never varies from being certain."""
    sides = laid(side("base", "golden", [0.25] * 30), side("new", "golden", [0.5] * 30))
    one = of(compare(sides, sides, agreed()), "answer")
    assert one.method == "paired t with a pseudo-pair"
    assert one.ci[0] < 0.25 < one.ci[1]
    assert one.mde > 0


def test_only_examples_with_a_value_on_both_sides_are_compared(side, agreed):
    """What one side lacks is listed by name, and the difference is that of the others."""
    base = [1, 1, 0, 0, float("nan"), 1]
    new = [1, float("nan"), 1, 0, 1, 1]
    sides = laid(side("base", "golden", base), side("new", "golden", new))
    one = of(compare(sides, sides, agreed()), "answer")
    assert (one.n, one.difference, one.missing, one.new) == (4, 0.25, ("g-001",), ("g-004",))


def test_runs_are_paired_by_id_and_row(side, agreed):
    """A changed row is left out and named; one that only the other run has is missing here."""
    before = side("rag", "golden", [1, 1, 0, 1], run="run-0")
    after = side("rag", "golden", [1, 0, 1])
    after = replace(after, digests=("row of g-000", "another row", "row of g-002"))
    one = of(compare(laid(after), laid(before), agreed(against=None)), "answer", "rag")
    assert (one.n, one.changed, one.missing, one.new) == (2, ("g-001",), ("g-003",), ())
    assert (one.a, one.b, one.run_a, one.run_b) == ("rag", "rag", "run-1", "run-0")
    assert one.difference == 0.5


def test_a_variant_that_stopped_early_misses_nothing(side, agreed):
    """Within a run, an example that was not planned for a variant any more is no failure of its coverage."""
    sides = laid(side("base", "golden", [1] * 10), side("new", "golden", [1] * 4))
    one = of(compare(sides, sides, agreed()), "answer")
    assert (one.n, one.missing, one.new) == (4, (), ())


def test_what_one_side_does_not_have_cannot_be_told(side, agreed):
    """A metric of one side only, or without any value, has no difference; one of neither side has no row."""
    extra = {"answer": [float("nan")] * 5, "schema_failure_rate": [0] * 5}
    sides = laid(side("base", "golden", [1] * 5), side("new", "golden", [1] * 5, marks=extra))
    found = compare(sides, sides, agreed())
    assert {one.metric for one in found.comparisons} == {"answer", "schema_failure_rate"}
    for one in found.comparisons:
        assert (one.difference, one.p, one.p_adjusted, one.n, one.verdict) == (
            None,
            None,
            None,
            0,
            "cannot tell",
        )


def test_without_a_primary_metric_ids_stand_with_the_coverage(side, agreed):
    """Nothing decides, nothing is adjusted, and what is missing is named all the same."""
    sides = laid(
        side("base", "golden", [1] * 5, marks={"coverage": [1] * 5}, run="run-0"),
        side("new", "golden", [1] * 3, marks={"coverage": [1] * 3}),
    )
    one = of(compare(sides, sides, agreed(primary=None)), "coverage")
    assert (one.family, one.missing) == ("descriptive", ("g-003", "g-004"))


def test_speed_is_a_ratio_of_geometric_means_adjusted_over_the_run(side, times, agreed):
    """It decides by a t on logs, one family over variants and partitions; the percentiles describe by a bootstrap."""
    ms = np.random.default_rng(1).lognormal(5, 0.4, 80)
    sides = laid(
        *(
            side(
                name,
                part,
                [1] * 80,
                times=times(ms * factor * np.random.default_rng(at).lognormal(0, 0.1, 80)),
            )
            for at, (name, factor) in enumerate((("base", 1.0), ("slow", 1.5), ("same", 1.0)))
            for part in ("golden", "edge")
        )
    )
    found = compare(sides, sides, agreed())
    speeds = [one for one in found.comparisons if one.metric == "latency_ms"]
    assert [one.p_adjusted for one in speeds] == holm([one.p for one in speeds])
    slow, same = of(found, "latency_ms", "slow"), of(found, "latency_ms", "same")
    assert slow.ratio == pytest.approx(1.5, rel=0.05)
    assert (slow.ratio_ci[0] < 1.5 < slow.ratio_ci[1], slow.ci) == (True, (None, None))
    assert (slow.verdict, slow.method, slow.family) == ("worse", GEOMETRIC, "speed")
    assert slow.difference == pytest.approx(slow.a_value - slow.b_value)
    assert (same.verdict, same.mde > 0) == ("cannot tell", True)
    p95 = of(found, "latency_p95_ms", "slow")
    assert (p95.method, p95.p, p95.family, p95.ci) == (BOOTSTRAP, None, "descriptive", (None, None))
    assert p95.ratio_ci[0] < p95.ratio < p95.ratio_ci[1]


def test_a_time_of_nothing_was_not_taken(side, times, agreed):
    """Zero milliseconds has no logarithm: such an example is left out, and without any other nothing is told."""
    sides = laid(
        side("base", "golden", [1] * 3, times=times([10, 20, 0])),
        side("new", "golden", [1] * 3, times=times([0, 40, 30])),
    )
    one = of(compare(sides, sides, agreed()), "latency_ms")
    assert (one.n, one.ratio) == (1, 2.0)
    nothing = laid(
        side("base", "golden", [1], times=times([0])), side("new", "golden", [1], times=times([5]))
    )
    assert of(compare(nothing, nothing, agreed()), "latency_p95_ms").ratio is None


def test_times_of_two_runs_decide_nothing(side, times, agreed):
    """They were not measured side by side: twice as long is shown, and called neither better nor worse."""
    a = laid(side("rag", "golden", [1] * 60, times=times(np.linspace(200, 400, 60))))
    b = laid(side("rag", "golden", [1] * 60, run="run-0", times=times(np.linspace(100, 200, 60))))
    found = compare(a, b, agreed(against=None))
    for metric in ("latency_ms", "latency_p50_ms", "latency_p95_ms"):
        one = of(found, metric, "rag")
        assert one.ratio == pytest.approx(2)
        assert (one.verdict, one.p_adjusted) == ("cannot tell", None)
    assert [notice.code for notice in found.notices] == ["times_apart"]


marks = st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=1, max_size=40)


@given(marks)
def test_a_variant_does_not_differ_from_itself(values):
    """compare(a, a) is 0, with an interval around it and a verdict that claims nothing."""
    from harness.types.comparison import Side, Terms

    ids = tuple(f"e{number:02}" for number in range(len(values)))
    made = Side(
        variant="a",
        partition="golden",
        run="r",
        examples=ids,
        digests=ids,
        tags=((),) * len(ids),
        repeats=1,
        marks={"answer": values},
        times={},
    )
    terms = Terms(primary="answer", better={"answer": "higher"}, shares=frozenset({"answer"}))
    (one,) = compare({("a", "golden"): made}, {("a", "golden"): made}, terms).comparisons
    assert (one.difference, one.verdict, one.won, one.lost) == (0, "cannot tell", (), ())
    assert one.p == pytest.approx(1)


def test_the_same_sides_give_the_same_figures(side, times, agreed):
    """Seeded: twice the same input, twice the same intervals, the bootstrap's among them."""
    ms = np.random.default_rng(5).lognormal(5, 0.5, 60)
    sides = laid(
        side("base", "golden", [1] * 60, times=times(ms)),
        side("new", "golden", [1] * 60, times=times(ms[::-1])),
    )
    assert compare(sides, sides, agreed(seed=3)) == compare(sides, sides, agreed(seed=3))
