"""Calls of tools are read from every form that people write them in."""

import pytest

from harness.text.tool_calls import MadeCall, Slot, WantedCall, made_calls, told_calls, wanted_calls
from harness.text.tools import called_tool

OPENAI = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": "x"}'}}


@pytest.mark.parametrize(
    ("told", "recorded"),
    [
        (None, ()),
        ("", ()),
        ("[]", ()),
        ([OPENAI], (OPENAI,)),
        (OPENAI, (OPENAI,)),
        ({"name": "look_up", "arguments": {"q": "x"}}, (OPENAI | {"id": None},)),
        ({"type": "tool_use", "id": "c1", "name": "look_up", "input": {"q": "x"}}, (OPENAI,)),
        ({"look_up": {"q": "x"}}, (OPENAI | {"id": None},)),
        ('[{"look_up": {"q": "x"}}]', (OPENAI | {"id": None},)),
        ({"name": "look_up", "arguments": '{"q": '}, (called_tool("look_up", '{"q": '),)),
        ({"name": "now"}, (called_tool("now", None),)),
        ({"function": {"of": 1}}, (called_tool("function", {"of": 1}),)),
        ({"a": {}, "b": {}}, (called_tool("a", {}), called_tool("b", {}))),
    ],
)
def test_calls_that_a_file_tells(told, recorded):
    """OpenAI's, Anthropic's, bare and the leaderboard's, as JSON or its text; the model's own text is kept."""
    assert told_calls(told) == recorded


@pytest.mark.parametrize("told", [3, "look_up(q=1)", ["look_up"], {}, {"q": 1}, [{"name": 3}], [None]])
def test_what_is_no_call(told):
    """Anything else is an error that shows it, in one line."""
    with pytest.raises(ValueError, match="tool call") as caught:
        told_calls(told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ('{"q": 1}', {"q": 1}),
        ("", {}),
        (" \n", {}),
        ({"q": 1}, {"q": 1}),
        (None, {}),
        ('{"q": ', None),
        ('{"q": 1} {"q": 2}', None),
        ('```\n{"q": 1}\n```', None),
        ("[1]", None),
        ("null", None),
        ('{"q": NaN}', None),
        ('{"q": 1, "q": 2}', None),
        ("{" * 100, None),
    ],
)
def test_arguments_that_are_no_object_are_none(arguments, read):
    """What a model wrote is read strictly; where it has nothing to give, it may write nothing."""
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    assert made_calls([call]) == (MadeCall(name="f", arguments=read),)


def test_the_leaderboard_lists_acceptable_values():
    """A list holds them, and the empty text says that the argument may be left out; in objects too."""
    (call,) = wanted_calls(
        {"f": {"a": [1, 2], "b": ["", "x"], "c": [[1, 2]], "d": [{"e": ["x", ""]}], "g": 5}}
    )
    assert call == WantedCall(
        name="f",
        arguments={
            "a": Slot(values=(1, 2)),
            "b": Slot(values=("x",), optional=True),
            "c": Slot(values=([1, 2],)),
            "d": Slot(values=({"e": Slot(values=("x",), optional=True)},)),
            "g": Slot(values=(5,)),
        },
    )


def test_plain_calls_have_one_acceptable_value_each():
    """A list is a list there, and an empty text an empty text; without arguments any will do."""
    wanted = wanted_calls([{"name": "f", "arguments": {"a": [1], "b": "", "c": {"d": []}}}, {"name": "g"}])
    assert wanted == (
        WantedCall(
            name="f",
            arguments={
                "a": Slot(values=([1],)),
                "b": Slot(values=("",)),
                "c": Slot(values=({"d": Slot(values=([],))},)),
            },
        ),
        WantedCall(name="g", arguments=None),
    )
    assert wanted_calls(OPENAI) == wanted_calls({"name": "look_up", "arguments": {"q": "x"}})
    assert wanted_calls([]) == ()


@pytest.mark.parametrize(
    "expected",
    ["f", ["f"], {"f": 1}, {"f": {"a": []}}, {"name": "f", "arguments": "{"}, {"name": "f", "arguments": 3}],
)
def test_what_can_be_no_expectation(expected):
    """A text, an argument for which no value is right, and arguments that cannot be read."""
    with pytest.raises(ValueError, match=r"a tool call is|empty list|are no object"):
        wanted_calls(expected)
