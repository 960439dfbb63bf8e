"""The exposure log: how often what is held out was scored, and whether it changed since train was made."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.files.evalsets import read_evalset
from harness.files.exposures import (
    LOG,
    digest_of,
    expose,
    exposed,
    exposure_file,
    held_out_changed,
    rows_digest,
)
from harness.types.comparison import Exposure
from harness.types.evalset import Evalset, EvalsetSpec, Example, Source

ONE = Exposure(
    at="2026-11-01T10:00:00+00:00", run="r1", experiment="x", config_digest="c1", partition="edge",
    rows_digest="rows", evalset_digest="e", train_digest="t", variants=("a", "b"),
)  # fmt: skip


def rows(*ids, text="q"):
    """Some examples."""
    return tuple(Example(id=id_, inputs={"q": text}, digest=f"{id_}{text}" * 8) for id_ in ids)


def test_looks_are_counted_since_the_rows_last_changed(tmp_path: Path) -> None:
    """Times, runs, and variants by name and config; other partitions and other rows count for themselves."""
    file = tmp_path / LOG
    assert exposed(file, "edge", "rows") is None
    expose(file, replace(ONE, rows_digest="older", at="2026-10-01T10:00:00+00:00"))
    expose(file, ONE)
    expose(file, replace(ONE, at="2026-11-02T10:00:00+00:00"))
    expose(file, replace(ONE, run="r2", config_digest="c2", variants=("a",)))
    expose(file, replace(ONE, partition="holdout"))
    found = exposed(file, "edge", "rows")
    assert found is not None
    assert (found.times, found.runs, found.variants, found.since) == (3, 2, 3, ONE.at)
    assert len(file.read_text(encoding="utf-8").splitlines()) == 5
    assert exposed(file, "edge", "newer") is None


def test_what_cannot_be_read_in_the_log_is_passed_over(tmp_path: Path) -> None:
    """Torn and foreign lines, and keys of a newer harness, do not stop a count."""
    file = tmp_path / LOG
    newer = {**json.loads(json.dumps({"at": ONE.at})), "more": 1}
    file.write_bytes(b'[1]\n"x"\nnull\n{"at": 3}\n' + json.dumps(newer).encode() + b"\n\xff\xfe\n")
    expose(file, ONE)
    line = json.loads(file.read_text(encoding="latin-1").splitlines()[-1]) | {"more": 1}
    with file.open("ab") as log:
        log.write(json.dumps(line).encode() + b'\n{"at": "20')
    found = exposed(file, "edge", "rows")
    assert found is not None
    assert found.times == 2


def test_where_the_log_lies() -> None:
    """In the evalset's folder, or beside the file of the partition; a data set by name has no such place."""
    assert exposure_file(EvalsetSpec(folder="/e/desk"), "edge") == Path("/e/desk/exposure.jsonl")
    spec = EvalsetSpec(sources={"edge": Source(file="/d/edge.csv"), "holdout": Source(hf="org/set")})
    assert exposure_file(spec, "edge") == Path("/d/exposure.jsonl")
    assert exposure_file(spec, "holdout") is None
    assert exposure_file(spec, "golden") is None


def test_rows_have_one_digest_whatever_their_order() -> None:
    """An id, a row or one more of them moves it; the order does not, nor how much of a row's digest is kept."""
    three = rows("a", "b", "c")
    assert (
        digest_of(three) == digest_of(three[::-1]) == rows_digest({row.id: row.digest[:16] for row in three})
    )
    assert len({digest_of(three), digest_of(three[:2]), digest_of(rows("a", "b", "d")), digest_of(())}) == 4
    assert digest_of(three) != digest_of(rows("a", "b", "c", text="other"))


def test_the_log_is_no_part_of_the_evalset(tmp_path: Path) -> None:
    """With the log beside them, an evalset's rows, digests and faults are those of before."""
    for name in ("golden", "train"):
        row = {"id": name, "inputs": {"q": f"what is {name}?"}, "expected": "x"}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    spec = EvalsetSpec(folder=str(tmp_path))
    before = read_evalset(spec)
    expose(tmp_path / LOG, ONE)
    assert read_evalset(spec) == before


@pytest.mark.parametrize(
    ("edge", "train", "told"),
    [
        (("a", "b"), ("t",), 0),
        (("a", "c"), ("t",), 1),
        (("a", "c"), ("t", "u"), 0),
        (("a", "c"), (), 0),
        (None, ("t",), 0),
    ],
    ids=["as it was", "changed after train", "train made again", "no train", "no edge"],
)
def test_held_out_rows_that_change_after_train_was_made_are_told(tmp_path: Path, edge, train, told) -> None:
    """The rows that were scored first beside this train are what was held out from it; others came later."""
    first = replace(ONE, rows_digest=digest_of(rows("a", "b")), train_digest=digest_of(rows("t")))
    expose(tmp_path / LOG, first)
    expose(tmp_path / LOG, replace(first, rows_digest=digest_of(rows("a", "c"))))
    partitions = {"golden": rows("g"), "train": rows(*train)}
    partitions |= {} if edge is None else {"edge": rows(*edge)}
    found = list(
        held_out_changed(EvalsetSpec(folder=str(tmp_path)), Evalset(name="e", partitions=partitions))
    )
    assert [one.code for one in found] == ["held_out_changed"] * told
    assert all("not those of 2026-11-01" in one.message for one in found)
