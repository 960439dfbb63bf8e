"""Recorded outputs are found again by example and repeat; what cannot be used is named, and nothing is guessed."""

import json
import os
import random
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from harness.errors import EvalsetError
from harness.files.outputs import OutputRows, read_outputs

DATA = (
    Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")) / "nq-recorded"
)


def read(path: Path, *, row: str = "id", **mapped: str) -> OutputRows:
    """Read an outputs file as a `recorded` variant names it."""
    extra = {"file": str(path), "match": {"example": "id", "row": row}, "map": mapped, "list": "first"}
    return read_outputs(extra, "x.yaml:9")


def refused(path: Path, **more: str) -> list[str]:
    """Read a file that is refused: its faults, a line each."""
    with pytest.raises(EvalsetError) as caught:
        read(path, **more)
    return [str(fault).removeprefix(str(path)) for fault in caught.value.faults]


def lines(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_calls_of_tools_are_brought_into_one_shape(tmp_path: Path) -> None:
    """OpenAI's list, the leaderboard's, and JSON text of either; beside them an output is not needed."""
    call = {"id": None, "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    rows = [
        {"id": "a", "calls": [call]},
        {"id": "b", "calls": [{"f": {"x": 1}}]},
        {"id": "c", "calls": '[{"f": {"x": 1}}]'},
        {"id": "d", "calls": []},
        {"id": "e", "calls": None},
    ]
    outputs = read(lines(tmp_path / "x.jsonl", rows), tool_calls="calls")
    found = [outputs.find(row["id"], 0) for row in rows]
    assert [row["tool_calls"] for row in found] == [[call], [call], [call], [], None]
    assert {row["output"] for row in found} == {None}
    assert {len(row["row"]) for row in found} == {0}
    path = lines(tmp_path / "x.jsonl", [{"id": "a", "tool_calls": ["f"]}, {"id": "b", "tool_calls": "f("}])
    told = refused(path)
    assert told[0].startswith(":1: tool_calls: a tool call is ")
    assert told[1].startswith(':2: tool_calls: tool calls are JSON, not "f("')


def test_columns_are_mapped_to_our_names(tmp_path: Path) -> None:
    """Numbers are numbers, unknown is None, and columns of the user's own are kept (labels)."""
    path = lines(
        tmp_path / "x.jsonl",
        [
            {
                "id": "a",
                "prediction": "yes",
                "latency": "12.5",
                "in": 10,
                "out": 3.0,
                "cost": 0.01,
                "label": "Correct",
            },
            {"id": "b", "prediction": None, "latency": None, "label": "Refusal"},
        ],
    )
    outputs = read(
        path,
        output="prediction",
        latency_ms="latency",
        input_tokens="in",
        output_tokens="out",
        cost_usd="cost",
    )
    assert outputs.find("a", 0) == {
        "output": "yes",
        "latency_ms": 12.5,
        "first_token_ms": None,
        "cost_usd": 0.01,
        "input_tokens": 10,
        "cached_input_tokens": None,
        "cache_write_tokens": None,
        "output_tokens": 3,
        "reasoning_tokens": None,
        "finish_reason": None,
        "tool_calls": None,
        "row": {"label": "Correct"},
    }
    second = outputs.find("b", 0)
    assert second is not None
    assert (second["output"], second["latency_ms"], second["row"]) == (None, None, {"label": "Refusal"})
    assert outputs.find("c", 0) is None
    assert outputs.find("a", 1) is None
    assert len(outputs) == 2


def test_a_column_that_is_not_mapped_keeps_its_name(tmp_path: Path) -> None:
    """A file in our own words needs no map at all."""
    path = lines(
        tmp_path / "x.jsonl", [{"id": 1, "output": "x", "output_tokens": 4, "finish_reason": "stop"}]
    )
    found = read(path).find("1", 0)
    assert found is not None
    assert (found["output"], found["output_tokens"], found["finish_reason"], found["row"]) == (
        "x",
        4,
        "stop",
        {},
    )


@pytest.mark.parametrize("output", ["", " ", 0, 1.5, True, [], ["a", "b"], {"category": "x", "b": None}])
def test_an_output_is_kept_as_it_is(tmp_path: Path, output: object) -> None:
    """An empty text is an answer; a list or an object waits for the rule of its reader."""
    found = read(lines(tmp_path / "x.jsonl", [{"id": "a", "output": output}])).find("a", 0)
    assert found is not None
    assert found["output"] == output
    assert type(found["output"]) is type(output)


def test_keys_are_compared_as_text(tmp_path: Path) -> None:
    """A number and its text, space around a question, and two spellings of one accent are the same key."""
    path = lines(tmp_path / "x.jsonl", [{"q": 7, "output": "n"}, {"q": " cafe\u0301? ", "output": "c"}])
    outputs = read(path, row="q")
    assert [
        (outputs.find(key, 0) or {}).get("output") for key in ("7", "café?", "cafe\u0301?\n", "cafe?")
    ] == [
        "n",
        "c",
        "c",
        None,
    ]


def test_a_key_and_an_output_may_lie_deeper(tmp_path: Path) -> None:
    """Columns may be paths."""
    path = lines(tmp_path / "x.jsonl", [{"meta": {"id": "a"}, "choices": [{"text": "x"}]}])
    assert (read(path, row="meta.id", output="choices[0].text").find("a", 0) or {})["output"] == "x"


@pytest.mark.parametrize("first", [0, 1])
def test_repeats_are_numbered_from_zero_or_one(tmp_path: Path, first: int) -> None:
    """Runs 0, 1, 2 and runs 1, 2, 3 are repeats 0, 1, 2."""
    path = lines(tmp_path / "x.jsonl", [{"id": "a", "run": first + n, "output": str(n)} for n in range(3)])
    outputs = read(path, repeat="run")
    assert [(outputs.find("a", n) or {}).get("output") for n in range(4)] == ["0", "1", "2", None]


def test_two_outputs_for_one_trial_are_a_fault(tmp_path: Path) -> None:
    """Both lines are named, and how to say that they are repeats."""
    path = lines(
        tmp_path / "x.jsonl",
        [{"id": "a", "output": "1"}, {"id": "b", "output": ""}, {"id": "a", "output": "2"}],
    )
    assert refused(path) == [
        f':3: "a" has an output at {path}:1 already; keep one of them, or say which repeat each is: map: {{repeat: COLUMN}}'
    ]
    path = lines(tmp_path / "x.jsonl", [{"id": "a", "output": "1", "run": 4}])
    assert refused(path, repeat="run") == [
        "x.yaml:9: map.repeat: the first repeat is 4; number them from 0 or from 1"
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"latency_ms": "fast"}, 'latency_ms must be a number of 0 or more, not "fast"'),
        ({"latency_ms": -1}, "latency_ms must be a number of 0 or more, not -1"),
        ({"latency_ms": "nan"}, "latency_ms must be a number of 0 or more"),
        ({"latency_ms": True}, "latency_ms must be a number of 0 or more, not true"),
        ({"latency_ms": "1_000"}, "latency_ms must be a number of 0 or more"),
        ({"cost_usd": "0,01"}, 'cost_usd must be a number of 0 or more, not "0,01"'),
        ({"input_tokens": 1.5}, "input_tokens must be a whole number, not 1.5"),
        ({"output_tokens": [1]}, "output_tokens must be a number of 0 or more, not [1]"),
        ({"repeat": "first"}, 'repeat must be a number of 0 or more, not "first"'),
        ({"id": None}, "match: 'id' must be text or a number, not null"),
        ({"id": ["a"]}, "match: 'id' must be text or a number, not [\"a\"]"),
        ({"id": " "}, "match: 'id' must be text or a number, not \" \""),
    ],
)
def test_a_bad_cell_is_named_by_line(tmp_path: Path, row: dict[str, object], said: str) -> None:
    """A number that is none is never read as zero or as unknown."""
    path = lines(tmp_path / "x.jsonl", [{"id": "z", "output": ""}, {"id": "a", "output": "x", **row}])
    assert [fault.startswith(f":2: {said}") for fault in refused(path)] == [True]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A misspelt column would make every answer missing."""
    path = lines(tmp_path / "x.jsonl", [{"id": "a", "prediction": "x", "latency": 1}])
    assert refused(path, output="predicton", latency_ms="latency") == [
        "x.yaml:9: map.output: no row has 'predicton'; did you mean 'prediction'?"
    ]
    assert refused(path) == [
        "x.yaml:9: map.output: no row has 'output'; its columns: id, prediction, latency"
    ]
    assert refused(path, output="prediction", cost_usd="cost")[0].startswith(
        "x.yaml:9: map.cost_usd: no row has 'cost'"
    )
    assert refused(path, output="prediction", row="idd") == [
        ":1: match: the row has no 'idd'; did you mean 'id'?"
    ]
    assert refused(path, output="prediction", latency="latency")[0] == (
        "x.yaml:9: map.latency: unknown key; did you mean 'latency_ms'?"
    )
    (tmp_path / "x.jsonl").write_text("", encoding="utf-8")
    assert refused(path) == ["x.yaml:9: the outputs file has no rows"]


def test_tables_hold_outputs_too(tmp_path: Path) -> None:
    """CSV cells are text and an empty number is unknown; Parquet brings its own types."""
    (tmp_path / "x.csv").write_text("id;output;latency_ms\n1;;\n2;b;7\n", encoding="utf-8")
    outputs = read(tmp_path / "x.csv")
    assert [(one["output"], one["latency_ms"]) for n in "12" if (one := outputs.find(n, 0))] == [
        ("", None),
        ("b", 7.0),
    ]
    duckdb.sql(
        "SELECT * FROM (VALUES (1, 'a', 0.5::FLOAT, 3::BIGINT), (2, NULL, NULL, NULL)) t(id, output, "
        "latency_ms, input_tokens)"
    ).write_parquet(str(tmp_path / "x.parquet"))
    outputs = read(tmp_path / "x.parquet")
    found = [outputs.find(n, 0) or {} for n in "12"]
    assert [(one["output"], one["latency_ms"], one["input_tokens"]) for one in found] == [
        ("a", 0.5, 3),
        (None, None, None),
    ]


def test_twenty_thousand_rows_stay_small(tmp_path: Path) -> None:
    """Five such files fit beside a run: under 15 MB for a file of 300-byte rows."""
    chance = random.Random(3)
    words = [f"word{n}" for n in range(500)]
    rows = [
        {"id": f"e-{n}", "output": " ".join(chance.choices(words, k=33)), "label": "Correct"}
        for n in range(20_000)
    ]
    path = lines(tmp_path / "x.jsonl", rows)
    read(lines(tmp_path / "y.jsonl", rows[:1]))  # what is imported is not the file's
    tracemalloc.start()
    outputs = read(path)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(outputs) == 20_000
    assert path.stat().st_size > 20_000 * 250
    assert held < 15e6


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data is not here")
def test_real_predictions_are_found_by_question() -> None:
    """301 questions of one system are all found in the file of another; some predictions are lists."""
    few = read(DATA / "NQ301_text-davinci-003_fewshot-n64.jsonl", row="question", output="prediction")
    full = read(DATA / "NQ_FiD.jsonl", row="question", output="prediction")
    assert (len(few), len(full)) == (301, 3610)
    text = (DATA / "NQ301_text-davinci-003_zeroshot.jsonl").read_text(encoding="utf-8")
    questions = [json.loads(line)["question"] for line in text.splitlines()]
    found = [few.find(question, 0) for question in questions]
    assert sum(isinstance(one["output"], list) for one in found if one) == 16
    assert all(full.find(question, 0) for question in questions)
