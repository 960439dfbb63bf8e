"""Suspect labels: where a majority of variants speaks against the expected answer, and where it does not."""

from dataclasses import replace

import pytest

from harness.flow.summarise.suspects import suspects
from harness.stats.columns import columns
from harness.types.evalset import Example
from harness.types.record import Outcome, Record
from harness.types.run import Manifest, MetricInfo
from harness.types.score import Judgement

MANIFEST = Manifest(
    id="r", experiment="x", config_file="c.yaml", config={}, config_digest="", evalset_digest="", digests={},
    started_at="2026-01-02T03:04:05Z", seed=7, concurrency=1, timeout_s=30.0, control="a", layers={},
    plan={name: {"golden": 1} for name in "abcde"},
    metrics=(MetricInfo(name="m", scorer="exact", primary=True),), live={}, schema=None,
)  # fmt: skip


def found(said, *, manifest=MANIFEST, **row):
    """Suspects of one example: variant → what it said on each repeat; a text that begins with "ok" is right."""
    records, judgements = [], []
    for variant, texts in said.items():
        for repeat, text in enumerate([texts] if isinstance(texts, str) else texts):
            kind = "refused" if text == "no" else "answered"
            key = {"variant": variant, "partition": "golden", "example_id": "g-1", "repeat": repeat}
            records.append(Record(**key, tags=(), outcome=Outcome(kind=kind, text=text)))
            judgements.append(Judgement(**key, metric="m", value=float(text.startswith("ok"))))
    examples = {"g-1": Example(id="g-1", inputs={}, expected="ok", **row)}
    return suspects(manifest, columns(records, judgements), examples)


@pytest.mark.parametrize(
    ("said", "agree"),
    [
        ({"a": "Blue", "b": "blue ", "c": "red"}, "ab"),
        ({"a": '{"x": 1, "y": 2}', "b": '{"y": 2, "x": 1}', "c": "no"}, None),
        ({"a": '{"x": 1, "y": 2}', "b": '{"y": 2, "x": 1}', "c": "red"}, "ab"),
        ({"a": "blue", "b": "blue", "c": "red", "d": "ok"}, None),
        ({"a": "blue", "b": "blue"}, None),
        ({"a": "ok", "b": "ok", "c": "ok"}, None),
        ({"a": ["blue", "blue", "ok"], "b": ["blue"] * 3, "c": ["red"] * 3}, "ab"),
        ({"a": ["blue", "ok"], "b": ["blue"] * 2, "c": ["red"] * 2}, None),
        ({"a": "no", "b": "no", "c": "no"}, None),
    ],
    ids=["two of three", "two that answered", "order of keys", "half", "two variants", "right", "mostly", "torn", "refusals"],
)  # fmt: skip
def test_a_majority_against_the_expected_answer_is_listed(said, agree):
    """More than half of three or more variants that answered, one and the same answer, scored as wrong."""
    told = found(said)
    assert [("".join(one.variants), one.of, one.example_id) for one in told] == (
        [(agree, 3, "g-1")] if agree else []
    )


def test_aids_and_rows_that_accept_a_refusal_are_left_out():
    """An aid is asked something else; what all fall for where a refusal is right is what the row was written for."""
    said = {"a": "blue", "b": "blue", "c": "blue"}
    assert found(said)
    assert not found(said, accept_refusal=True)
    assert not found(said, manifest=replace(MANIFEST, aid={"c": "oracle"}))
    assert found(said | {"d": "red"}, manifest=replace(MANIFEST, aid={"d": "oracle"}))[0].of == 3


def test_without_a_metric_that_judges_answers_nothing_is_suspected():
    """A quantity has no right and wrong, and without a metric nobody has said what is wrong."""
    facts = replace(MANIFEST, metrics=(replace(MANIFEST.metrics[0], judges="facts"),))
    said = {"a": "blue", "b": "blue", "c": "blue"}
    assert not found(said, manifest=facts)
    assert not found(said, manifest=replace(MANIFEST, metrics=()))
    assert not found({})
