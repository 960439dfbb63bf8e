"""The gate on edge regressions."""

from dataclasses import replace

import pytest

from harness.types.experiment import EDGE_REGRESSION, Gate
from tests.flow.gate.bench import baseline, judged, manifest, marks, part, side, verdict

NONE = Gate(metric=EDGE_REGRESSION, partition="edge", versus="control", margin=0.05)
GOLDEN = (side(answer=marks(90, 100)), side("plain", answer=marks(80, 100)))


def edge(ours, theirs, tags=None):
    """Both sides on edge."""
    return side(partition="edge", answer=ours, tags=tags), side("plain", "edge", answer=theirs, tags=tags)


@pytest.mark.parametrize(
    ("ours", "said"), [(marks(100, 100), "pass"), (marks(98, 100), "inconclusive"), (marks(90, 100), "fail")]
)
def test_what_golden_gains_edge_must_not_lose(ours, said):
    """Fails where edge is shown to be worse; passes where no more than the margin is lost."""
    found = verdict(NONE, *GOLDEN, *edge(ours, marks(100, 100)))
    assert (found.verdict, found.versus, found.partition, found.metric) == (
        said,
        "plain",
        "edge",
        EDGE_REGRESSION,
    )


def test_the_reason_names_the_place_and_what_golden_says():
    """On edge as a whole, or on one tag; with the examples that flipped."""
    found = verdict(NONE, *GOLDEN, *edge([0.0] * 10 + [1.0] * 90, marks(100, 100)))
    assert (
        found.why
        == "on edge it is 10.0 points worse, while golden is 10.0 points better, which is shown (p <0.001)"
    )
    assert found.lost == tuple(f"e{at:04}" for at in range(10))
    tags = [("malformed",)] * 10 + [("adversarial",)] * 90
    ours, theirs = [0.0] * 8 + [1.0] * 92, [1.0] * 10 + [0.0] * 8 + [1.0] * 82
    found = verdict(NONE, *GOLDEN, *edge(ours, theirs, tags))
    assert (found.verdict, found.value) == ("fail", 0.0)
    assert found.why.startswith(
        "on its tag 'malformed' it is 80.0 points worse, while golden is 10.0 points better"
    )


def test_edge_that_falls_fails_whatever_golden_says():
    """Worse everywhere is no better than the trap."""
    level = (side(answer=marks(80, 100)), side("plain", answer=marks(80, 100)))
    found = verdict(NONE, *level, *edge(marks(80, 100), marks(100, 100)))
    assert found.verdict == "fail"
    assert "and golden level" in found.why
    assert "and golden was not run" in verdict(NONE, *edge(marks(80, 100), marks(100, 100))).why


def test_a_tag_that_looks_worse_by_itself_keeps_the_gate_from_passing():
    """Not shown beside the others, and not to be waved through either."""
    tags = [("a",)] * 10 + [("b",)] * 190
    ours, theirs = [0.0] * 4 + [1.0] * 196, [1.0] * 10 + [0.0] * 4 + [1.0] * 186
    found = verdict(NONE, *GOLDEN, *edge(ours, theirs, tags))
    assert found.verdict == "inconclusive"
    assert found.why == "on its tag 'a' it is 40.0 points worse, alone at p 0.023"


def test_it_is_adjusted_with_the_comparative_gates():
    """One family: all that is held against another."""
    both = judged(
        [NONE, Gate(metric="answer", versus="control")], *GOLDEN, *edge(marks(95, 100), marks(100, 100))
    )
    assert both[0].p_adjusted == pytest.approx(2 * both[0].p)


def test_what_was_not_run_is_undecided():
    """No edge, no control on it, no metric that decides, nothing scored."""
    ours, theirs = edge(marks(1, 1), marks(1, 1))
    found = [
        verdict(NONE, *GOLDEN),
        verdict(NONE, ours),
        verdict(NONE, ours, theirs, metrics=()),
        verdict(NONE, *edge([float("nan")], [1.0])),
    ]
    assert {one.counts for one in found} == {"undecided"}
    assert [one.why for one in found] == [
        "the partition 'edge' was not run",
        "'plain' was not run on edge",
        "no metric decides, so that nothing could regress",
        "no example of edge has a value on both sides",
    ]


def test_against_a_baseline_a_drift_of_the_control_excuses():
    """As any gate against one."""
    ours, theirs = edge(marks(85, 100), marks(100, 100))
    held = {"baseline": baseline(theirs, replace(theirs, variant="rag"))}
    gate = replace(NONE, versus="baseline")
    assert verdict(gate, ours, evidence=held).verdict == "fail"
    fallen = side("plain", "edge", answer=marks(84, 100))
    assert "provider drift" in verdict(gate, ours, fallen, evidence=held).why
    assert manifest().metrics
    assert part(ours).planned == 100
