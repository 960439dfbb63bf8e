"""The scorer `schema`: the taxonomy of what can be wrong with a structured answer."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.scorers.schema import KINDS, Schema
from harness.types.score import Scored, Unscored

SCHEMA = {
    "type": "object",
    "properties": {"category": {"enum": ["a", "b"]}, "n": {"type": "integer"}},
    "required": ["category"],
    "additionalProperties": False,
}
SCORER = Schema(schema=SCHEMA)


@pytest.mark.parametrize(
    ("text", "kind", "lenient", "says"),
    [
        ('{"category": "a"}', None, 1.0, ""),
        (' {"category": "b", "n": 1}\n', None, 1.0, ""),
        ("", "empty", 0.0, "empty"),
        (None, "empty", 0.0, "empty"),
        ("category: a", "not_json", 0.0, "column 1"),
        ('{"category": "a"', "not_json", 0.0, "column"),
        ('{"category": "a", "category": "b"}', "not_json", 0.0, "duplicate"),
        ('```json\n{"category": "a"}\n```', "fenced", 1.0, "wrapped"),
        ('Here: {"category": "a"}', "fenced", 1.0, "wrapped"),
        ('Here: {"category": "c"}', "fenced", 0.0, "$.category"),
        ('{"category": "c"}', "invalid", 0.0, '$.category: "c" is not one of'),
        ("{}", "invalid", 0.0, '$: "category" is a required property'),
        ('{"category": "a", "n": "1"}', "invalid", 0.0, "$.n"),
        ("null", "invalid", 0.0, "$"),
        ("[" * 100 + "]" * 100, "invalid", 0.0, "too deep"),
        ("I'm sorry, I can't help with that.", "refused", 0.0, "sorry"),
        ("I don't know [1].", "refused", 0.0, "know"),
    ],
)
def test_the_taxonomy(judge, text, kind, lenient, says):
    """Every way to fail has its kind, its reason, and whether the JSON inside the wrapping was right."""
    scored = judge(SCORER, text)
    assert scored.value == float(kind is None)
    assert (scored.label, scored.parts) == (kind, {"lenient": lenient})
    assert says in scored.why
    assert kind is None or kind in KINDS


def test_a_cut_answer_is_truncated_whatever_is_left_of_it(judge):
    """The limit on tokens is named, rather than the broken JSON that it leaves."""
    for text in ('{"category": "a', '{"category": "a"}', ""):
        assert judge(SCORER, text, kind="truncated").label == "truncated"


def test_a_refusal_that_is_accepted_is_not_judged(judge):
    """A row that accepts a refusal has no schema to keep where there is one."""
    assert judge(SCORER, "", kind="refused").label == "refused"
    for text, kind in (("", "refused"), ("I don't know.", "answered")):
        assert judge(SCORER, text, kind=kind, accept_refusal=True) == Unscored(reason="refusal accepted")
    assert judge(SCORER, "nonsense", accept_refusal=True).label == "not_json"


def test_the_arguments_of_a_tool_call_are_the_answer(judge):
    """As the vendors write them, as text or as an object; the text beside them is talk in tool mode."""
    tool = {"request": {"output_mode": "tool"}}
    for call in (
        {"name": "answer", "arguments": '{"category": "a"}'},
        {"name": "answer", "arguments": {"category": "a"}},
        {"type": "function", "function": {"name": "answer", "arguments": '{"category": "a"}'}},
    ):
        assert judge(SCORER, "Let me see.", tool_calls=(call,), **tool).value == 1.0
        assert judge(SCORER, None, tool_calls=(call,)).value == 1.0
        assert judge(SCORER, '{"category": "c"}', tool_calls=(call,)).value == 0.0
    assert judge(SCORER, "", tool_calls=({"name": "answer"},), **tool).label == "empty"


def test_no_answer_is_no_score(judge):
    """A failed call says nothing about the variant's format."""
    assert isinstance(judge(SCORER, None, kind="failed"), Unscored)


def test_a_schema_that_cannot_be_used_is_refused():
    """It is the user's mistake, when the scorer is built."""
    with pytest.raises(ValueError, match="not a JSON Schema"):
        Schema(schema={"type": "nope"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.sampled_from(list('{}[]"category: ab,n1`\\\n')) | st.characters())
    | st.dictionaries(st.sampled_from(["category", "n", "x"]), st.sampled_from(["a", 1, None])).map(
        json.dumps
    )
)
def test_strict_is_never_kinder_than_lenient(judge, text):
    """Any text has a verdict; what is valid strictly is valid leniently, and every failure has a kind."""
    scored = judge(SCORER, text)
    assert isinstance(scored, Scored)
    assert scored.parts["lenient"] >= scored.value
    assert (scored.label is None) == (scored.value == 1.0)
