"""All 400 "simple" questions of the Berkeley Function-Calling Leaderboard: right calls are right, mutants wrong."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.scorers.tool_calls import ToolCalls
from harness.scorers.tool_choice import ToolChoice
from harness.text.tools import called_tool
from harness.types.evalset import Example
from harness.types.record import Outcome, Record

DATA = Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / "../shared/data")) / "bfcl-simple"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the leaderboard's questions are not here")

BY_VALUE, BY_DEFINITION = ToolCalls(), ToolCalls(tools="meta.function")
Arguments = dict[str, Any]


def lines(name: str) -> list[dict[str, Any]]:
    """The rows of one file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """The questions with their possible answers, and the function that each was asked with."""
    answers = {row["id"]: row["ground_truth"] for row in lines("possible_answer.json")}
    return [
        Example(
            id=row["id"],
            inputs={"question": row["question"]},
            expected=answers[row["id"]],
            meta={"function": row["function"]},
        )
        for row in lines("questions.json")
    ]


def first(values: list[Any]) -> Any:
    """The first value that is acceptable when it is given."""
    return concrete(next((value for value in values if value != ""), ""))


def concrete(value: Any) -> Any:
    """A value as a model would give it: the fields of an object list acceptable values themselves."""
    if isinstance(value, dict):
        return {name: first(values) for name, values in value.items()}
    return [concrete(item) for item in value] if isinstance(value, list) else value


def whole(example: Example) -> tuple[str, Arguments]:
    """The right call with every argument given."""
    ((name, arguments),) = example.expected.items()
    return name, {argument: first(values) for argument, values in arguments.items()}


def value(scorer: Any, example: Example, *calls: tuple[str, Any]) -> float:
    """What a trial with these calls scores."""
    made = tuple(called_tool(name, arguments) for name, arguments in calls)
    outcome = Outcome(kind="answered", text="", tool_calls=made)
    record = Record(variant="v", example_id=example.id, partition="golden", outcome=outcome)
    return scorer(record, example).value


def test_there_are_400(examples):
    """The set is whole."""
    assert len(examples) == 400


@pytest.mark.parametrize(
    "scorer", [BY_VALUE, BY_DEFINITION, ToolChoice()], ids=["values", "definitions", "choice"]
)
def test_right_calls_are_right(examples, scorer):
    """The first acceptable value of every argument; the name with its dots, or as vendors want it."""
    for example in examples:
        name, arguments = whole(example)
        assert value(scorer, example, (name, arguments)) == 1.0, example.id
        assert value(scorer, example, (name.replace(".", "_"), json.dumps(arguments))) == 1.0, example.id


def test_what_may_be_left_out_may_be_left_out(examples):
    """Of the arguments whose list has the empty text, none need be given; but definitions may require one."""
    refused = []
    for example in examples:
        name, arguments = whole(example)
        needed = {key: one for key, one in arguments.items() if "" not in example.expected[name][key]}
        assert value(BY_VALUE, example, (name, needed)) == 1.0, example.id
        if value(BY_DEFINITION, example, (name, needed)) != 1.0:
            refused.append(example.id)
    assert refused == ["simple_17", "simple_200"]


def mutants(example: Example) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Calls that are wrong, each in one way."""
    name, arguments = whole(example)
    expected = example.expected[name]
    yield "no call", []
    yield "twice", [(name, arguments)] * 2
    yield "another beside", [(name, arguments), ("another", {})]
    yield "another instead", [(f"{name}_2", arguments)]
    yield "unknown argument", [(name, {**arguments, "nobody_knows": 1})]
    yield "torn", [(name, json.dumps(arguments)[:-1])]
    yield "no object", [(name, json.dumps([arguments]))]
    for key, given in arguments.items():
        rest = {other: one for other, one in arguments.items() if other != key}
        if "" not in expected[key]:
            yield f"without {key}", [(name, rest)]
        for changed in changes(given):
            yield f"{key} as {changed!r}", [(name, {**rest, key: changed})]


def changes(given: Any) -> list[Any]:
    """The same in another type, and another value of the same type."""
    if isinstance(given, bool):
        return [int(given), str(given).lower(), None]
    if isinstance(given, int):
        return [str(given), given + 1_000_003, [given], None]
    if isinstance(given, float):
        return [str(given), given + 1_000_003.5, None]
    if isinstance(given, str):
        return [f"{given}, or something else", [given], 7, None, {"value": given}]
    if isinstance(given, list):
        return [json.dumps(given), [*given, "more"], given[:-1] or [None], None]
    return [json.dumps(given), {**given, "more": 1}, [given], None]


@pytest.mark.parametrize("scorer", [BY_VALUE, BY_DEFINITION], ids=["values", "definitions"])
def test_mutants_are_wrong(examples, scorer):
    """Dropped, added, torn, mistyped and changed: every one scores 0."""
    tried = 0
    for example in examples:
        for how, calls in mutants(example):
            tried += 1
            assert value(scorer, example, *calls) == 0.0, f"{example.id}: {how}"
    assert tried > 5_000


def test_the_one_question_whose_answer_names_its_function_in_part(examples):
    """Its function may be called as it is defined, where the definition is known, and as it is expected."""
    name, arguments = whole(examples[363])
    defined = examples[363].meta["function"]["name"]
    assert defined.endswith(f".{name}")
    assert value(BY_DEFINITION, examples[363], (defined, arguments)) == 1.0
    assert value(BY_DEFINITION, examples[363], (defined.replace(".", "_"), arguments)) == 1.0
    assert value(BY_VALUE, examples[363], (defined, arguments)) == 0.0


def test_a_real_number_is_not_a_whole_one(examples):
    """5.0 for 5 is wrong but where the definition says float; 5 for 5.0 is always right."""
    wrong, forgiven = 0, []
    for example in examples:
        name, arguments = whole(example)
        for key, given in arguments.items():
            if isinstance(given, float) and given.is_integer():
                assert value(BY_VALUE, example, (name, {**arguments, key: int(given)})) == 1.0, example.id
            if isinstance(given, int) and not isinstance(given, bool):
                call = (name, {**arguments, key: float(given)})
                assert value(BY_VALUE, example, call) == 0.0, example.id
                wrong += 1
                if value(BY_DEFINITION, example, call) == 1.0:
                    forgiven.append((example.id, key))
    assert wrong > 300
    assert forgiven == [("simple_136", "annual_rate"), ("simple_139", "yearly_yield")]
