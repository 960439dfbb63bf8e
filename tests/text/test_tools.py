"""A tool is one thing, however it is written; a call of one is recorded in one shape."""

import json

import pytest

from harness.text.tools import called_tool, is_strict, tool_parts

PARAMETERS = {"type": "object", "properties": {"q": {"type": "string"}}}
PARTS = ("look_up", "Looks it up.", PARAMETERS)


@pytest.mark.parametrize(
    "tool",
    [
        {
            "type": "function",
            "function": {"name": "look_up", "description": "Looks it up.", "parameters": PARAMETERS},
        },
        {"name": "look_up", "description": "Looks it up.", "parameters": PARAMETERS},
        {"type": "function", "name": "look_up", "description": "Looks it up.", "parameters": PARAMETERS},
        {"name": "look_up", "description": "Looks it up.", "input_schema": PARAMETERS},
        {"type": "custom", "name": "look_up", "description": "Looks it up.", "input_schema": PARAMETERS},
        {"name": "look_up", "description": "Looks it up.", "inputSchema": PARAMETERS, "outputSchema": {}},
    ],
)
def test_one_tool_in_every_shape(tool):
    """OpenAI chat, OpenAI responses, bare, Anthropic and MCP definitions hold the same three parts."""
    assert tool_parts(tool) == PARTS


def test_what_is_not_said_is_empty():
    """A tool without description and parameters takes no arguments."""
    assert tool_parts({"name": "now"}) == ("now", "", {"type": "object", "properties": {}})
    assert tool_parts({"name": "now", "parameters": None, "description": None})[1] == ""


@pytest.mark.parametrize(
    ("tool", "says"),
    [
        ({}, "needs a name"),
        ({"name": ""}, "needs a name"),
        ({"name": 3}, "needs a name"),
        ("look_up", "a mapping with a name"),
        ({"type": "web_search"}, "the vendor's own"),
        ({"type": "custom", "custom": {"name": "x"}}, "the vendor's own"),
        ({"type": "function", "function": "x"}, "the function of a tool is a mapping"),
        ({"name": "x", "description": 3}, "is not text"),
        ({"name": "x", "parameters": []}, "are not a JSON Schema"),
        ({"name": "x", "parameters": {}, "input_schema": {}}, "twice"),
    ],
)
def test_what_is_no_tool_is_told_in_one_line(tool, says):
    """A shape that is none of those is an error that names what is wrong."""
    with pytest.raises(ValueError, match=says) as caught:
        tool_parts(tool)
    assert "\n" not in str(caught.value)


def test_strictness_is_what_the_definition_says():
    """On the function or beside it; silence is None, since vendors differ in what it means."""
    assert is_strict({"type": "function", "function": {"name": "x", "strict": True}}) is True
    assert is_strict({"name": "x", "strict": False}) is False
    assert is_strict({"name": "x"}) is None


def test_a_call_is_recorded_in_one_shape():
    """Text stays the model's own, character by character; a mapping becomes JSON."""
    held = {"id": "t1", "type": "function", "function": {"name": "x", "arguments": '{"a":  1}'}}
    assert called_tool("x", '{"a":  1}', "t1") == held
    assert json.loads(called_tool("x", {"a": "ü"})["function"]["arguments"]) == {"a": "ü"}
    assert called_tool("x", None) == {
        "id": None,
        "type": "function",
        "function": {"name": "x", "arguments": ""},
    }


@pytest.mark.parametrize(("name", "arguments"), [(None, "{}"), ("", "{}"), (3, "{}"), ("x", 3), ("x", [1])])
def test_a_call_of_nothing_is_no_call(name, arguments):
    """A call without a function, or with arguments that are no object, is a broken reply."""
    with pytest.raises(ValueError, match="call"):
        called_tool(name, arguments)
