"""What each outcome means for each kind of scorer: the one place where errors are kept apart from wrong answers."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.flow.score import score
from harness.registry import SCORERS, load
from harness.scorers.abstention import Abstention
from harness.scorers.exact import Exact
from harness.scorers.json_fields import JsonFields
from harness.scorers.latency import LatencyMs
from harness.scorers.recorded_label import RecordedLabel
from harness.scorers.schema import Schema
from harness.types.evalset import Example
from harness.types.experiment import Metric
from harness.types.panel import Panel
from harness.types.plugins import Scorer
from harness.types.record import ALTERNATIVES, OUTCOMES, Outcome, Record
from harness.types.score import Judgement, Scored, Unscored

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "recorded_label": {"field": "label", "values": {"good": 1}},
    "schema": {"schema": SCHEMA},
}
"""What those scorers need that cannot do without."""


def a_record(text: str | None = "x", kind: str = "answered", **fields: Any) -> Record:
    """One trial of variant `v` on example `e`."""
    error = {"type": "server_error", "message": "it broke", "status": 500} if kind == "failed" else None
    outcome = Outcome(kind=kind, text=text, error=error)
    return Record(**{"variant": "v", "example_id": "e", "partition": "golden", "outcome": outcome, **fields})


def judge(
    record: Record,
    scorer: Scorer,
    expected: Any = "x",
    *,
    accept: bool = False,
    schema: bool = False,
    lenient: bool = False,
) -> Judgement:
    """The judgement of one metric."""
    panel = Panel(
        metrics=((Metric(name="m", scorer="s", lenient=lenient), scorer),),
        schemas={"v": Schema(schema=SCHEMA) if schema else None},
    )
    example = Example(id="e", inputs={}, expected=expected, accept_refusal=accept)
    by_name = {judgement.metric: judgement for judgement in score([record], {"e": example}, panel)}
    assert by_name.keys() == ({"m", "schema"} if schema else {"m"})
    return by_name["m"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """A scorer that says what it is told to."""

    judges = "answer"
    result: Any

    def __call__(self, record: Record, example: Example) -> Any:
        """Say it, or raise it."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize("kind", OUTCOMES)
@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_meets_every_outcome(name, kind):
    """Each registered scorer answers each outcome with a number or a reason; errors give quality no number."""
    scorer = load(SCORERS, name, what="scorer")(**OPTIONS.get(name, {}))
    assert isinstance(scorer, Scorer)
    for text in (None, "", "x", '{"a": 1}', "\ud800", "[" * 3000):
        for expected in (None, "x", [], ["x", "y"], {"a": 1}, 7):
            for accept in (False, True):
                record = a_record(text, kind, recorded={"label": "good"})
                example = Example(id="e", inputs={}, expected=expected, accept_refusal=accept)
                assert isinstance(scorer(record, example), Scored | Unscored)
                judged = judge(record, scorer, expected, accept=accept, schema=True)
                assert judged.value is None or math.isfinite(judged.value)
                assert judged.value is not None or judged.why
                if scorer.judges != "facts" and kind in ("failed", "timed_out"):
                    assert judged.value is None


def test_errors_are_never_scores():
    """A failed or timed-out trial is unscored, with the kind and the error's type; its schema too."""
    assert judge(a_record(None, "failed"), Exact()).why == "failed: server_error"
    assert judge(a_record(None, "timed_out"), Exact()).why == "timed_out: no answer came"
    panel = Panel(metrics=(), schemas={"v": Schema(schema=SCHEMA)})
    [verdict] = score([a_record(None, "failed")], {"e": Example(id="e", inputs={})}, panel)
    assert (verdict.metric, verdict.value, verdict.why) == ("schema", None, "failed: server_error")


def test_truncated_and_refused_are_the_variants_own():
    """A cut answer is wrong even where what is left of it is right; a refusal is, unless the row accepts one."""
    assert judge(a_record("x", "truncated"), Exact()).value == 0.0
    assert judge(a_record("x", "truncated"), Exact(), accept=True).value == 0.0
    assert judge(a_record("x", "refused"), Exact()).value == 0.0
    assert judge(a_record("", "refused"), Exact(), accept=True).value == 1.0
    assert judge(a_record("", "refused"), JsonFields(), {"a": 1}, accept=True, schema=True).value == 1.0


def test_a_refusal_in_words():
    """Where a refusal is accepted, "I don't know" is right; where not, it is an answer like any other."""
    unknown = a_record("I don't know.")
    assert judge(unknown, Exact(), accept=True).value == 1.0
    assert judge(unknown, JsonFields(), {"a": 1}, accept=True, schema=True).value == 1.0
    assert judge(unknown, Exact()).value == 0.0
    assert judge(a_record("x"), Exact(), accept=True).value == 1.0
    assert judge(a_record("y"), Exact(), accept=True).value == 0.0


def test_where_only_a_refusal_is_right():
    """A row that expects nothing but a refusal is wrong where it is answered, and not just never counted."""
    assert judge(a_record("Rome"), Exact(), None, accept=True).value == 0.0
    assert judge(a_record("I don't know"), Exact(), None, accept=True).value == 1.0
    hinted = a_record('{"category": "none", "answer": "I do not know that."}')
    assert judge(hinted, JsonFields(), None, accept=True).value == 1.0
    plain = a_record('{"category": "none", "answer": "Rome", "note": ""}')
    assert judge(plain, JsonFields(), None, accept=True).value == 0.0
    assert judge(a_record("x"), Exact(), None).value is None


@pytest.mark.parametrize(
    ("text", "strict", "lenient"),
    [
        ('{"a": 1}', 1.0, 1.0),
        ('```json\n{"a": 1}\n```', 0.0, 1.0),
        ('Here: {"a": 1}', 0.0, 1.0),
        ('Here: {"a": "1"}', 0.0, 0.0),
        ('{"a": "1"}', 0.0, 0.0),
        ("a is 1", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_a_broken_schema_is_wrong(text, strict, lenient):
    """What breaks the schema is wrong; a lenient metric forgives the wrapping, and nothing else."""
    for metric_is_lenient, value in ((False, strict), (True, lenient)):
        judged = judge(a_record(text), JsonFields(), {"a": 1}, schema=True, lenient=metric_is_lenient)
        assert judged.value == value
        assert value == 1.0 or judged.why.startswith("breaks the schema: ")


def test_lenient_needs_no_schema():
    """Where the variant has no schema, a lenient metric still reads the JSON inside the wrapping."""
    wrapped = a_record('Sure: {"a": 1}')
    assert judge(wrapped, JsonFields(), {"a": 1}, lenient=True).value == 1.0
    assert judge(wrapped, JsonFields(), {"a": 1}).value == 0.0


def test_scorers_of_the_outcome_and_of_facts_are_asked_all_the_same():
    """Neither a broken schema nor a refusal hides a label, an abstention or a latency."""
    refused = a_record("", "refused", recorded={"label": "good"}, latency_ms=5.0)
    assert judge(refused, RecordedLabel(field="label", values={"good": 1}), schema=True).value == 1.0
    assert judge(refused, Abstention(), schema=True).label == "abstained_wrongly"
    assert judge(refused, LatencyMs(), schema=True).value == 5.0
    assert judge(a_record("I don't know"), Abstention(), schema=True).label == "abstained_wrongly"
    assert judge(a_record(None, "timed_out", latency_ms=9.0), LatencyMs()).value == 9.0


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (KeyError("oh"), "scorer error: KeyError: 'oh'"),
        (RecursionError("deep"), "scorer error: RecursionError"),
        (Scored(value=float("nan")), "scorer error: value nan out of range"),
        (Scored(value=1.5), "scorer error: value 1.5 out of range"),
        (Scored(value=-0.1), "out of range"),
        (None, "scorer error: AttributeError"),
        (Unscored(reason="no expected answer"), "no expected answer"),
    ],
)
def test_a_scorers_fault_is_no_score(result, says):
    """A scorer that raises, or leaves its range, leaves the trial unscored with the reason."""
    judged = judge(a_record(), Says(result=result))
    assert judged.value is None
    assert says in judged.why


def test_truth_is_a_number():
    """A bool becomes 1.0 or 0.0, with its parts, label and reason kept."""
    judged = judge(a_record(), Says(result=Scored(value=True, why="w", parts={"p": 0.5}, label="l")))
    assert (judged.value, judged.why, judged.parts, judged.label) == (1.0, "w", {"p": 0.5}, "l")
    assert isinstance(judged.value, float)


def test_an_unknown_example_is_named():
    """A record whose example is gone is unscored everywhere, the schema included."""
    panel = Panel(
        metrics=(
            (Metric(name="m", scorer="exact"), Exact()),
            (Metric(name="ms", scorer="latency"), LatencyMs()),
        ),
        schemas={"v": Schema(schema=SCHEMA)},
    )
    judged = list(score([a_record(latency_ms=1.0)], {}, panel))
    assert [judgement.metric for judgement in judged] == ["schema", "m", "ms"]
    assert {judgement.value for judgement in judged} == {None}
    assert all("'e'" in judgement.why for judgement in judged)


def test_warm_ups_are_not_judged():
    """A warm-up is recorded, never counted."""
    panel = Panel(metrics=((Metric(name="m", scorer="exact"), Exact()),))
    assert list(score([a_record(warmup=True)], {}, panel)) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(OUTCOMES),
            st.none() | st.sampled_from(["x", "y", '{"a": 1}', "I don't know"]) | st.text(max_size=8),
            st.integers(0, 2),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_every_counted_record_has_every_judgement_once(trials):
    """No record is dropped and none judged twice, whatever became of it."""
    records = [a_record(text, kind, repeat=repeat, warmup=warm) for kind, text, repeat, warm in trials]
    panel = Panel(
        metrics=(
            (Metric(name="m", scorer="exact"), Exact()),
            (Metric(name="ms", scorer="latency"), LatencyMs()),
        ),
        schemas={"v": Schema(schema=SCHEMA)},
    )
    example = Example(id="e", inputs={}, expected="x")
    judged = [(j.repeat, j.metric) for j in score(records, {"e": example}, panel)]
    counted = [record for record in records if not record.warmup]
    assert judged == [(record.repeat, name) for record in counted for name in ("schema", "m", "ms")]


def test_of_a_recorded_list_the_best_counts() -> None:
    """`list: best` scores each alternative, its schema too; the other metrics judge what stands in the record."""
    both = a_record("y", recorded={ALTERNATIVES: ["y", "x"]})
    assert judge(both, Exact()).value == 1.0
    assert judge(a_record("y", recorded={ALTERNATIVES: ["y", "z"]}), Exact()).value == 0.0
    assert judge(a_record("y", recorded={"alternatives": ["y", "x"]}), Exact()).value == 0.0
    whole = a_record("no", recorded={ALTERNATIVES: ["no", '{"a": 1}']})
    assert judge(whole, JsonFields(), {"a": 1}, schema=True).value == 1.0
    assert judge(both, Exact(), None).value is None
    failed = a_record(None, "failed", recorded={ALTERNATIVES: ["y", "x"]})
    assert judge(failed, Exact()).value is None
