"""What a gate will be able to tell, in one line, before it costs anything."""

from dataclasses import replace

import pytest

from harness.flow.foresee import foresee
from harness.types.evalset import EvalsetSpec
from harness.types.experiment import EDGE_REGRESSION, Experiment, Gate, Metric
from tests.flow.gate.bench import marks, side, verdict

METRICS = (Metric(name="answer", scorer="exact", primary=True), Metric(name="tokens", scorer="tokens"))
AT_LEAST = Gate(metric="answer", at_least=0.8)


def line(gate, n=100, **changes):
    """What is said of the only gate, without its name; empty where nothing is."""
    experiment = Experiment(
        name="x", file="", evalset=EvalsetSpec(), variants=(), metrics=METRICS, gates=(gate,), **changes
    )
    return "".join(foresee(experiment, {gate.partition: n})).removeprefix(f"gate {gate}: ")


def test_a_share_names_the_counts_that_pass_and_fail():
    """Those of the gate itself, to one example."""
    assert (
        line(AT_LEAST)
        == "of 100 examples 87 right or more pass, 72 right or fewer fail, where each is right or wrong."
    )
    found = [verdict(AT_LEAST, side(answer=marks(ones, 100))).verdict for ones in (87, 86, 73, 72)]
    assert found == ["pass", "inconclusive", "inconclusive", "fail"]
    rate = Gate(metric="schema_failure_rate", at_most=0.05)
    assert line(rate) == "of 100 examples 1 failed or fewer pass, 10 failed or more fail."


def test_a_comparison_names_the_loss_that_it_finds_and_what_its_margin_needs():
    """For two variants that disagree as variants do."""
    assert line(Gate(metric="answer", versus="control", margin=0.05)) == (
        "100 examples find a loss of 11 points in four runs of five, if both disagree on 15 %; "
        "to pass as often without a difference takes about 371."
    )
    assert line(Gate(metric=EDGE_REGRESSION, partition="edge", versus="control", margin=0.05), 20).startswith(
        "20 examples cannot find even a large loss"
    )


@pytest.mark.parametrize(
    ("n", "said"), [(299, "of 299 examples 0 may fail."), (500, "of 500 examples 1 may fail."), (50, "")]
)
def test_a_certificate_names_the_failures_that_it_bears(n, said):
    """The plan table."""
    assert line(Gate(metric="schema_failure_rate", certify_below=0.01), n) == said


def test_a_percentile_names_the_sample_that_decides():
    """By its rank; surer at the last look of a run that may stop early."""
    gate = Gate(metric="latency_p95_ms", at_most=900)
    assert (
        line(gate)
        == "of 100 samples, shortest first, with the 99th within it passes, with the 91st beyond it fails."
    )
    assert "with the 59th within" in line(gate, 59)
    assert "within" not in line(gate, 59, stop_early=True)
    assert line(gate, 40) == "of 40 samples, shortest first, with the 36th beyond it fails."


def test_what_nobody_knows_before_a_run_is_not_said():
    """A quantity's spread, a plain threshold, a partition that is not run."""
    assert line(Gate(metric="tokens", at_most=5)) == ""
    assert line(Gate(metric="latency_p50_ms", versus="control", margin=5)) == ""
    assert line(replace(AT_LEAST, judge="point")) == ""
    assert line(Gate(metric="coverage", at_least=1)) == ""
    assert line(AT_LEAST, 0) == line(AT_LEAST, repeats=3) == ""
