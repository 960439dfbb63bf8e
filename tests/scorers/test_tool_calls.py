"""The scorer `tool_calls`."""

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.flow.score import score
from harness.scorers.schema import Schema
from harness.scorers.tool_calls import ToolCalls
from harness.text.tools import called_tool
from harness.types.evalset import Example
from harness.types.experiment import Metric
from harness.types.panel import Panel
from harness.types.record import Outcome, Record
from harness.types.score import Unscored


def said(*arguments):
    """Calls of `f` with these arguments."""
    return tuple(called_tool("f", each) for each in arguments)


@pytest.mark.parametrize(
    ("got", "acceptable", "label"),
    [
        (5, [5], None),
        (5, [4, 5], None),
        (5, [4], "wrong_value"),
        (5.0, [5], "wrong_type"),
        ("5", [5], "wrong_type"),
        (True, [1], "wrong_type"),
        (1, [True], "wrong_type"),
        (5, [5.0], None),
        (5.0, [5.0], None),
        (True, [1.0], "wrong_type"),
        (False, [False], None),
        (None, [None], None),
        (None, ["x"], "wrong_type"),
        ("new york", ["New York, NY", "New-York"], None),
        ("it's", ['it"s'], None),
        ("York", ["New York"], "wrong_value"),
        ("café", ["cafe"], "wrong_value"),
        ([1, 2], [[1, 2]], None),
        ([2, 1], [[1, 2]], "wrong_value"),
        ([1], [[1, 2]], "wrong_value"),
        ([1, 2], [[1.0, 2.5]], "wrong_value"),
        ([1, 2.5], [[1.0, 2.5]], None),
        ([1.0], [[1]], "wrong_value"),
        (["A b"], [["a-B"]], None),
        ([[1], ["X"]], [[[1], ["x"]]], None),
        ("x", [["x"]], "wrong_type"),
        ({"a": "X", "b": 1}, [{"a": ["x", "y"], "b": [1]}], None),
        ({"a": "x"}, [{"a": ["x"], "b": [1, ""]}], None),
        ({"a": "x"}, [{"a": ["x"], "b": [1]}], "wrong_value"),
        ({"a": "x", "c": 1}, [{"a": ["x"]}], "wrong_value"),
        ({"a": "x"}, [{"a": ["y"]}, {"a": ["x"]}], None),
        ([{"a": 1}, {"a": 2}], [[{"a": [1]}, {"a": [2, 3]}]], None),
        ([{"a": 2}, {"a": 1}], [[{"a": [1]}, {"a": [2]}]], "wrong_value"),
        ({"a": {"b": [1, 2]}}, [{"a": [{"b": [1, 2]}]}], None),
        ({"a": {"b": 2}}, [{"a": [{"b": [1, 2]}]}], None),
        ({"a": {"b": 3}}, [{"a": [{"b": [1, 2]}]}], "wrong_value"),
        ("", ["", "x"], None),
        ([], ["", [1]], None),
        ("", ["", 1], "wrong_type"),
        ([], ["", "x"], "wrong_type"),
        ("x", [""], "wrong_type"),
    ],
)
def test_an_argument_is_compared_by_type_and_value(judge, got, acceptable, label):
    """Whole numbers are real ones and not the other way round; true is no number; texts by their letters."""
    scored = judge(ToolCalls(), "", {"f": {"x": acceptable}}, tool_calls=said({"x": got}))
    assert (scored.value, scored.label) == (float(label is None), label), scored.why


@pytest.mark.parametrize(
    ("arguments", "label", "why"),
    [
        ({"a": 1, "b": "x"}, None, ""),
        ({"a": 1}, None, ""),
        ({"b": "x"}, "missing_argument", "f: no a, expected 1 or 2"),
        ({"a": 1, "c": 1}, "unknown_argument", 'f: unknown "c"'),
        ({"a": 3}, "wrong_value", "f: a is 3, expected 1 or 2"),
        ({"a": "1"}, "wrong_type", 'f: a is "1", expected 1 or 2'),
        ({"a": 1, "b": "z"}, "wrong_value", 'f: b is "z", expected "x" or nothing'),
        ('{"a": 1', "malformed_arguments", "f: the arguments are no JSON object"),
        ("", "missing_argument", "f: no a, expected 1 or 2"),
    ],
)
def test_the_first_mismatch_is_named(judge, arguments, label, why):
    """Arguments that may be left out, those that may not, and those that nobody knows."""
    scored = judge(ToolCalls(), "", {"f": {"a": [1, 2], "b": ["x", ""]}}, tool_calls=said(arguments))
    assert (scored.label, scored.why) == (label, why)


def test_functions_come_before_arguments(judge):
    """A wrong function is told as that, whatever its arguments."""
    scored = judge(ToolCalls(), "", {"g": {"a": [1]}}, tool_calls=said({"a": 1}))
    assert (scored.value, scored.label, scored.why) == (0.0, "wrong_function", "called f, expected g")


def test_plain_expectations_are_exact_and_may_lack_arguments(judge):
    """In the plain form a list is one value; a call without arguments is expected by its function alone."""
    plain = [{"name": "f", "arguments": {"xs": [1, 2]}}]
    assert judge(ToolCalls(), "", plain, tool_calls=said({"xs": [1, 2]})).value == 1.0
    assert judge(ToolCalls(), "", plain, tool_calls=said({"xs": 1})).label == "wrong_type"
    assert judge(ToolCalls(), "", [{"name": "f"}], tool_calls=said({"any": 1})).value == 1.0
    assert judge(ToolCalls(), "", [{"name": "f", "arguments": {}}], tool_calls=said({"any": 1})).value == 0.0


def test_parallel_calls_are_paired_as_well_as_can_be(judge):
    """In any order, one for one; the first expected call must not take what only the second can use."""
    expected = [{"f": {"x": [1, 2]}}, {"f": {"x": [1]}}, {"f": {"x": [2, 3]}}]
    for order in permutations(({"x": 1}, {"x": 2}, {"x": 3})):
        assert judge(ToolCalls(), "", expected, tool_calls=said(*order)).value == 1.0
    for order in permutations(({"x": 3}, {"x": 2}, {"x": 3})):
        scored = judge(ToolCalls(), "", expected, tool_calls=said(*order))
        assert (scored.value, scored.label) == (0.0, "wrong_value")
    assert judge(ToolCalls(), "", expected, tool_calls=said({"x": 1}, {"x": 1}, {"x": 1})).value == 0.0


@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_parallel_calls_are_right_where_any_order_is(acceptable, data):
    """The pairing finds a way wherever there is one: the same as trying all orders."""
    got = data.draw(st.lists(st.integers(0, 4), min_size=len(acceptable), max_size=len(acceptable)))
    record = Record(
        variant="v",
        example_id="e",
        partition="golden",
        outcome=Outcome(kind="answered", text="", tool_calls=said(*({"x": x} for x in got))),
    )
    example = Example(id="e", inputs={}, expected=[{"f": {"x": values}} for values in acceptable])
    any_order = any(
        all(x in values for x, values in zip(order, acceptable, strict=True)) for order in permutations(got)
    )
    assert ToolCalls()(record, example).value == float(any_order)


def test_definitions_tell_types_and_what_is_required(judge):
    """A parameter that is real takes 5.0 for 5, in lists too; a required one is never left out, whatever the list says."""
    tool = {
        "name": "f",
        "parameters": {
            "type": "dict",
            "properties": {
                "rate": {"type": "float"},
                "rates": {"type": "array", "items": {"type": ["number", "null"]}},
                "n": {"type": "integer"},
            },
            "required": ["n"],
        },
    }
    expected = {"f": {"rate": [5, ""], "rates": [[1, 2.5], ""], "n": [3, ""]}}

    def label(arguments, **meta):
        record = Record(
            variant="v",
            example_id="e",
            partition="golden",
            outcome=Outcome(kind="answered", text="", tool_calls=said(arguments)),
        )
        example = Example(id="e", inputs={}, expected=expected, meta={"tools": [tool]} | meta)
        return ToolCalls(tools="meta.tools")(record, example).label

    assert label({"rate": 5.0, "rates": [1.0, 2.5], "n": 3}) is None
    assert label({"rate": 5, "n": 3}) is None
    assert label({"n": 3.0}) == "wrong_type"
    assert label({"rate": 5.0}) == "missing_argument"
    assert label({"rate": "5", "n": 3}) == "wrong_type"
    assert judge(ToolCalls(), "", expected, tool_calls=said({"rate": 5.0, "n": 3})).label == "wrong_type"


@pytest.mark.parametrize(
    ("meta", "reason"),
    [({}, "meta.tools: the example has no such field"), ({"tools": [{}]}, "meta.tools: a tool needs a name")],
)
def test_definitions_that_are_not_there_leave_a_trial_unscored(meta, reason):
    """What cannot be judged as asked is no zero."""
    example = Example(id="e", inputs={}, expected=[], meta=meta)
    record = Record(
        variant="v", example_id="e", partition="golden", outcome=Outcome(kind="answered", text="")
    )
    result = ToolCalls(tools="meta.tools")(record, example)
    assert isinstance(result, Unscored)
    assert result.reason.startswith(reason)


@pytest.mark.parametrize("expected", [{"f": {"x": [1]}}, []])
def test_the_schema_of_the_answer_has_no_word_on_calls(expected):
    """A variant with an answer schema that calls a tool instead, or says in prose that it has none, is judged by that."""
    made = said({"x": 1}) if expected else ()
    record = Record(
        variant="v",
        example_id="e",
        partition="golden",
        outcome=Outcome(kind="answered", text="" if made else "No tool fits.", tool_calls=made),
    )
    panel = Panel(
        metrics=((Metric(name="calls", scorer="tool_calls"), ToolCalls()),),
        schemas={"v": Schema(schema={"type": "object", "required": ["answer"]})},
    )
    example = Example(id="e", inputs={}, expected=expected)
    values = {one.metric: one.value for one in score([record], {"e": example}, panel)}
    assert values == {"schema": 0.0, "calls": 1.0}


def test_a_call_in_any_recorded_shape(judge):
    """Arguments may be the model's text or an object."""
    bare = {"name": "f", "arguments": {"x": 1}}
    for call in (called_tool("f", json.dumps({"x": 1})), bare, {"function": bare}):
        assert judge(ToolCalls(), "", {"f": {"x": [1]}}, tool_calls=(call,)).value == 1.0
