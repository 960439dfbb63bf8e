"""The tuned model learns the form, the labels and the tone of its train rows, and nothing else."""

import asyncio
import json

import openai
import pytest

from harness.reference.ask import Ask, Tool, Turn
from harness.reference.prompt import read
from harness.reference.tuned import Weights, answer_tuned

ROWS = [
    {
        "inputs": {"text": f"{word} number {n}"},
        "expected": {"animal": animal, "age": n % 7, "reply": f"It is a {animal}, thank you for asking."},
    }
    for n in range(30)
    for word, animal in (("it barks", "dog"), ("it meows", "cat"), ("it neighs", "horse"))
]


def tuned(weights, text, **more):
    """The tuned model's answer to one message."""
    ask = Ask(model="reference-tuned", turns=(Turn(role="user", text=text),), **more)
    return answer_tuned(ask, read(ask), weights)


def test_the_form_is_learnt_without_a_schema():
    """Keys and labels come from the rows; a prompt need not name them, and two fits agree to the byte."""
    first, second = Weights(ROWS, None), Weights(ROWS, None)
    assert [(field.name, field.kind) for field in first.fields] == [
        ("animal", "label"),
        ("age", "text"),
        ("reply", "text"),
    ]
    for text in ("it barks", "it meows at night", "something else"):
        assert tuned(first, text) == tuned(second, text)
    answer = json.loads(tuned(first, "it neighs loudly").text)
    assert answer["animal"] == "horse"
    assert answer["reply"] == "It is a horse, thank you for asking."
    assert isinstance(answer["age"], int)


def test_a_schema_or_a_tool_decides_the_form():
    """Under json_schema or a tool the asked keys are filled: learnt labels where they are allowed."""
    weights = Weights(ROWS, None)
    schema = {
        "type": "object",
        "properties": {"animal": {"enum": ["dog", "cat", "horse"]}, "note": {"type": "string"}},
    }
    answer = json.loads(tuned(weights, "it meows", shape="json_schema", schema=schema).text)
    assert list(answer) == ["animal", "note"]
    assert answer["animal"] == "cat"
    other = {"type": "object", "properties": {"animal": {"enum": ["bird", "fish"]}}}
    assert json.loads(tuned(weights, "a fish", shape="json_schema", schema=other).text) == {"animal": "fish"}
    tool = Tool(name="file", description="", parameters=schema)
    called = tuned(weights, "it barks", tools=(tool,), tool_choice="file")
    assert (called.tool, json.loads(called.text)["animal"]) == ("file", "dog")


def test_of_several_acceptable_answers_the_first_is_learnt():
    """A list of acceptable texts teaches its first one; rows without an answer teach nothing."""
    rows = [
        {"inputs": {"q": "capital of France"}, "expected": ["Paris", "paris"]},
        {"inputs": {"q": "unlabelled"}},
    ]
    assert tuned(Weights(rows, None), "the capital of France?").text == "Paris"


def test_rows_without_answers_are_refused(serving):
    """Train rows that hold no expected answer are a 400 that says so, at every call."""

    async def go():
        async with serving(train=[{"inputs": {"q": "x"}}]) as line:
            for _ in range(2):
                with pytest.raises(openai.BadRequestError, match="expected answer"):
                    await line.chat("x", model="reference-tuned")

    asyncio.run(go())
