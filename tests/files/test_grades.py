"""How relevant a document is: a row may grade what it names, and a run keeps the grades."""

import json
from pathlib import Path

import pytest

from harness.errors import EvalsetError
from harness.files.evalsets import read_evalset
from harness.files.ledger import EXAMPLES, Ledger
from harness.types.evalset import EvalsetSpec, Example, Source
from harness.types.run import Manifest


def examples(folder: Path, *relevant: object, corpus: tuple[str, ...] = ()) -> tuple[Example, ...]:
    """Read rows that differ in what they say is relevant."""
    rows = [{"id": f"g-{n}", "inputs": {"q": "a"}, "relevant": one} for n, one in enumerate(relevant)]
    (folder / "golden.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    if corpus:
        lines = "".join(json.dumps({"id": name, "text": "x"}) + "\n" for name in corpus)
        (folder / "corpus.jsonl").write_text(lines, encoding="utf-8")
    return read_evalset(EvalsetSpec(folder=str(folder))).partitions["golden"]


def faults(folder: Path, *relevant: object, **more: tuple[str, ...]) -> list[str]:
    """What is wrong with the rows, without the file's name."""
    with pytest.raises(EvalsetError) as caught:
        examples(folder, *relevant, **more)
    return [str(fault).partition("golden.jsonl:")[2] for fault in caught.value.faults]


def test_a_mapping_grades_and_a_list_names(tmp_path: Path) -> None:
    """What is graded above 0 is relevant; up to 0 it is judged, and not relevant; a list is grade 1 throughout."""
    graded, listed = examples(tmp_path, {"a": 3, "b": 0, "c": 1.0, "d": -1}, ["a", "c"])
    assert (graded.relevant, dict(graded.grades)) == (("a", "c"), {"a": 3, "b": 0, "c": 1, "d": -1})
    assert (listed.relevant, listed.grades) == (("a", "c"), {})
    assert (graded.relevance, listed.relevance) == (graded.grades, {"a": 1, "c": 1})


def test_a_row_that_judges_nothing_relevant_names_nothing(tmp_path: Path) -> None:
    """Judged, and none of it relevant: there is nothing to find."""
    (one,) = examples(tmp_path, {"a": 0})
    assert (one.relevant, one.relevance) == ((), {"a": 0})


def test_the_digest_changes_with_the_grades(tmp_path: Path) -> None:
    """Two runs compare only where every grade is the same; a list keeps the digest that it had without grades."""
    rows = examples(
        tmp_path, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 1}, ["a", "b"], ["a"], {"b": 2, "a": 1}
    )
    digests = [row.digest for row in rows]
    assert len(set(digests[:5])) == 5
    assert examples(tmp_path, ["a"])[0].digest == digests[4]


@pytest.mark.parametrize(
    ("relevant", "fault"),
    [
        ({"a": "2"}, 'the grade of "a" must be a whole number up to 1000, not "2"'),
        ({"a": True}, 'the grade of "a" must be a whole number up to 1000, not true'),
        ({"a": 0.5}, 'the grade of "a" must be a whole number up to 1000, not 0.5'),
        ({"a": None}, 'the grade of "a" must be a whole number up to 1000, not null'),
        ({"a": 1001}, 'the grade of "a" must be a whole number up to 1000, not 1001'),
        ({"a": 10**18}, 'the grade of "a" must be a whole number up to 1000, not 1000'),
        ({" ": 1}, 'a document needs an id, not " "'),
    ],
)
def test_a_grade_is_a_whole_number(tmp_path: Path, relevant: object, fault: str) -> None:
    """As TREC judges; anything else is a fault at its line, that says what a grade is."""
    (said,) = faults(tmp_path, relevant)
    assert said.startswith(f"1: relevant: {fault}")


def test_every_judged_document_is_in_the_corpus(tmp_path: Path) -> None:
    """A slip in an id is found, whatever its grade."""
    told = faults(tmp_path, {"kettle": 1, "mugg": 0}, corpus=("kettle", "mug"))
    assert told == ["1: relevant: the corpus has no document \"mugg\"; did you mean 'mug'?"]


def test_a_mapped_column_may_hold_grades(tmp_path: Path) -> None:
    """A table that gives every row the same documents says null where a row judges one not."""
    row = {"qid": 1, "q": "a", "qrels": {"a": 2, "b": None}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    columns = {"id": "qid", "inputs.q": "q", "relevant": "qrels"}
    source = Source(file=str(tmp_path / "rows.jsonl"), map=columns)
    (one,) = read_evalset(EvalsetSpec(sources={"golden": source})).partitions["golden"]
    assert (one.relevant, one.grades) == (("a",), {"a": 2})


def test_a_run_keeps_the_grades(tmp_path: Path) -> None:
    """examples.jsonl gives back the example; a line of before there were grades has none."""
    manifest = Manifest(
        id="run", experiment="x", config_file="", config={}, config_digest="", evalset_digest="", digests={},
        started_at="", seed=1, concurrency=1, timeout_s=1, control="", layers={}, plan={}, metrics=(), live={},
        schema=None,
    )  # fmt: skip
    example = Example(id="g-1", inputs={"q": "a"}, relevant=("a",), grades={"a": 2, "b": 0}, digest="d")
    ledger = Ledger.create(tmp_path, manifest, [("golden", example)])
    assert ledger.examples() == {"g-1": example}
    file = ledger.folder / EXAMPLES
    line = json.loads(file.read_text(encoding="utf-8"))
    del line["grades"]
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert ledger.examples()["g-1"].relevance == {"a": 1}
