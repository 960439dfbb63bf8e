"""The terms of comparisons: what the manifest said before anything was looked at."""

from dataclasses import replace

from harness.flow.terms import terms
from harness.types.experiment import Gate
from harness.types.run import MetricInfo


def test_a_manifest_says_what_decides_and_which_way_is_better(made_run):
    """The primary metric; facts go one way only where somebody said so, and are no shares."""
    facts = MetricInfo(name="turns", scorer="python:x:y", primary=False, judges="facts", better=None)
    cost = MetricInfo(name="tokens", scorer="tokens", primary=False, judges="facts", better="lower")
    told = terms(
        replace(made_run.manifest, metrics=(*made_run.manifest.metrics[:1], facts, cost), alpha=0.01)
    )
    assert (told.primary, told.against, told.alpha, told.seed) == ("answer", "prompt-only", 0.01, 7)
    assert "turns" not in told.better
    assert (
        told.better["tokens"]
        == told.better["cost_usd_per_1k"]
        == told.better["schema_failure_rate"]
        == "lower"
    )
    assert told.better["answer"] == told.better["coverage"] == "higher"
    assert told.shares == {"answer", "schema_failure_rate", "coverage"}


def test_the_smallest_margin_of_a_metric_holds(made_run):
    """By partition; a gate without one says nothing."""
    gates = (
        Gate(metric="answer", partition="edge", versus="control", margin=0.1),
        Gate(metric="answer", partition="edge", versus="baseline", margin=0.05),
        Gate(metric="answer", at_least=0.8),
    )
    told = terms(replace(made_run.manifest, gates=gates))
    assert told.margins == {("answer", "edge"): 0.05}
    assert terms(replace(made_run.manifest, metrics=(), gates=())).primary is None
