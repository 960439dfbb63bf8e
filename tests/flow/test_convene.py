"""The panel of a run: every scorer built, every fault told."""

from typing import Any

import pytest

from harness.errors import ConfigError
from harness.flow.convene import convene
from harness.scorers.choice import Choice
from harness.scorers.exact import Exact
from harness.scorers.python import PythonScorer
from harness.types.evalset import EvalsetSpec
from harness.types.experiment import Experiment, Metric, OutputSpec, Variant


def experiment(*metrics: Metric, **schemas: Any) -> Experiment:
    """An experiment with these metrics, and one variant for each schema."""
    variants = tuple(
        Variant(name=name, stages=(), model=None, output=OutputSpec(schema=schema), where="x.yaml:3")
        for name, schema in schemas.items()
    )
    return Experiment(name="x", file="x.yaml", evalset=EvalsetSpec(), variants=variants, metrics=metrics)


def test_scorers_are_built_with_their_options():
    """A name of the table, a class of the user's own, and a function of the user's own."""
    panel = convene(
        experiment(
            Metric(name="label", scorer="choice", options={"labels": ("a", "b"), "within": True}),
            Metric(name="own", scorer="harness.scorers.exact:Exact", options={"normalise": "squad"}),
            Metric(name="mine", scorer="python:operator:eq", options={"k": 1}),
        ),
        None,
    )
    assert [scorer for _, scorer in panel.metrics] == [
        Choice(labels=("a", "b"), within=True),
        Exact(normalise="squad"),
        PythonScorer(function="operator:eq", options={"k": 1}),
    ]


def test_documents_are_asked_for_once_and_only_where_they_are_wanted():
    """The corpus may be large: no scorer that wants it, no look at it; and a metric may bring its own."""
    asked = []

    def documents() -> frozenset[str]:
        asked.append(1)
        return frozenset({"a"})

    convene(experiment(Metric(name="e", scorer="exact")), None, documents)
    assert asked == []
    panel = convene(
        experiment(
            Metric(name="f1", scorer="citations"),
            Metric(name="there", scorer="citations", options={"measure": "exists"}),
            Metric(name="own", scorer="citations", options={"documents": frozenset({"b"})}),
        ),
        None,
        documents,
    )
    assert [scorer.documents for _, scorer in panel.metrics] == [{"a"}, {"a"}, {"b"}]
    assert asked == [1]


def test_a_variants_own_schema_stands_before_the_evalsets():
    """Variants without their own share the evalset's, compiled once; without either there is none."""
    own, common = {"type": "array"}, {"type": "object"}
    panel = convene(experiment(a=None, b=None, c=own), common)
    assert panel.schemas["a"] is panel.schemas["b"]
    assert dict(panel.schemas["a"].schema) == common
    assert dict(panel.schemas["c"].schema) == own
    assert convene(experiment(a=None), None).schemas == {"a": None}


def test_all_faults_are_told_together():
    """Every metric and every schema that cannot judge is named at its line, in one error."""
    with pytest.raises(ConfigError) as caught:
        convene(
            experiment(
                Metric(name="a", scorer="exakt", where="x.yaml:7"),
                Metric(name="b", scorer="choice", options={"within": True}, where="x.yaml:8"),
                Metric(name="c", scorer="exact", options={"nope": 1}, where="x.yaml:9"),
                Metric(name="d", scorer="python:no_such_module:f", where="x.yaml:10"),
                Metric(name="schema", scorer="exact", where="x.yaml:11"),
                v={"type": "nope"},
            ),
            None,
        )
    lines = [str(fault) for fault in caught.value.faults]
    assert [line.partition(": ")[0] for line in lines] == [f"x.yaml:{n}" for n in (7, 8, 9, 10, 11, 3)]
    assert "did you mean 'exact'?" in lines[0]
    assert "not a JSON Schema" in lines[-1]
