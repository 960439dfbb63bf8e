"""The scorer `tool_choice`."""

import pytest

from harness.scorers.tool_choice import ToolChoice
from harness.text.tools import called_tool
from harness.types.score import UNLABELLED, Scored, Unscored


def calls(*names: str):
    """Calls of these functions, whose arguments do not matter."""
    return tuple(called_tool(name, '{"torn": ') for name in names)


@pytest.mark.parametrize(
    ("called", "expected", "label"),
    [
        (("f",), {"f": {}}, None),
        (("f",), [{"name": "f"}], None),
        (("g", "f", "g"), [{"g": {}}, {"g": {}}, {"f": {}}], None),
        (("math_gcd",), {"math.gcd": {}}, None),
        (("math.gcd",), {"math_gcd": {}}, "wrong_function"),
        (("F",), {"f": {}}, "wrong_function"),
        (("f", "g"), [{"f": {}}, {"f": {}}], "wrong_function"),
        (("f",), [{"f": {}}, {"f": {}}], "missing_call"),
        (("f", "f"), {"f": {}}, "extra_call"),
        ((), {"f": {}}, "no_call"),
        ((), [], None),
        (("f",), [], "unexpected_call"),
    ],
)
def test_functions_are_compared_as_a_multiset(judge, called, expected, label):
    """Each as often as expected, in any order, whatever the arguments; dots may be written as underscores."""
    scored = judge(ToolChoice(), "", expected, tool_calls=calls(*called))
    assert (scored.value, scored.label) == (float(label is None), label)
    assert (scored.why == "") == (label is None)


def test_the_first_difference_is_told(judge):
    """One line says what was called and what was expected."""
    assert (
        judge(ToolChoice(), "", [{"f": {}}, {"f": {}}], tool_calls=calls("f")).why
        == "called f, expected f (2 times)"
    )
    assert judge(ToolChoice(), "so", {"f": {}}).why == "no call, expected f"
    assert judge(ToolChoice(), "", [], tool_calls=calls("f")).why == "called f, expected no call"


def test_text_is_no_call(judge):
    """Where no call is right, any text is; where one is, text that looks like it is not."""
    assert judge(ToolChoice(), "It is four.", []).value == 1.0
    assert judge(ToolChoice(), '{"name": "f"}', [{"name": "f"}]).value == 0.0


@pytest.mark.parametrize(
    ("expected", "accept", "kind", "text", "called", "value"),
    [
        ([], False, "refused", "", (), 0.0),
        ([], True, "refused", "", (), 1.0),
        ({"f": {}}, True, "answered", "I'm sorry, but I can't help with that.", (), 1.0),
        ({"f": {}}, True, "answered", "It is four.", (), 0.0),
        ({"f": {}}, True, "answered", "I'm sorry, but I can't help with that.", ("g",), 0.0),
        ({"f": {}}, False, "answered", "I'm sorry, but I can't help with that.", (), 0.0),
        (None, True, "answered", "It is four.", (), 1.0),
        (None, True, "answered", "", ("f",), 0.0),
        ({"f": {}}, False, "truncated", "", ("f",), 0.0),
        ([], False, "truncated", "It is", (), 0.0),
    ],
)
def test_refusals_and_truncations(judge, expected, accept, kind, text, called, value):
    """Truncated is wrong; a refusal is right where the example accepts one, and an accepted one expects no call."""
    scored = judge(ToolChoice(), text, expected, accept_refusal=accept, kind=kind, tool_calls=calls(*called))
    assert isinstance(scored, Scored)
    assert scored.value == value


def test_the_answer_of_output_mode_tool_is_no_call(judge):
    """A schema that is answered by a call of `answer` is an answer; elsewhere a tool of that name is a tool."""
    fields = {"tool_calls": calls("answer"), "request": {"output_mode": "tool"}}
    assert judge(ToolChoice(), "{}", [], **fields).value == 1.0
    assert judge(ToolChoice(), "{}", [], tool_calls=calls("answer")).value == 0.0


def test_what_cannot_be_judged_is_unscored(judge):
    """No expectation, and one that names no calls."""
    assert judge(ToolChoice(), "") == UNLABELLED
    result = judge(ToolChoice(), "", "Paris")
    assert isinstance(result, Unscored)
    assert result.reason.startswith("the expected answer names no tool calls: ")
