"""CLAPnq, as a user would do it: converted, retrieved, answered, and rightly not answered."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HARNESS_DATA", ROOT.parent / "shared" / "data")) / "clapnq/annotated_data/dev"
CONVERT = ROOT / "evalsets" / "clapnq" / "convert.py"
QUESTIONS = 40

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="CLAPnq is not here: set HARNESS_DATA")


@pytest.fixture(scope="module")
def evalset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evalset as the script makes it."""
    out = tmp_path_factory.mktemp("clapnq")
    subprocess.run([sys.executable, CONVERT, DATA, out], check=True, capture_output=True)
    return out


def test_the_files_become_an_evalset(evalset: Path, desk: ModuleType, tmp_path: Path) -> None:
    """300 answerable and 300 unanswerable questions over the passages of both; the same bytes each time."""
    rows = {name: desk.lines_of(evalset / f"{name}.jsonl") for name in ("golden", "edge", "corpus")}
    assert {name: len(found) for name, found in rows.items()} == {"golden": 300, "edge": 300, "corpus": 597}
    known = {row["id"] for row in rows["corpus"]}
    assert all(set(row["relevant"]) <= known and row["expected"] for row in rows["golden"])
    assert all(row["accept_refusal"] and not row["expected"] for row in rows["edge"])
    subprocess.run([sys.executable, CONVERT, DATA, tmp_path], check=True, capture_output=True)
    names = sorted(file.name for file in evalset.iterdir())
    assert names == ["CARD.md", "corpus.jsonl", "edge.jsonl", "golden.jsonl"]
    assert all((tmp_path / name).read_bytes() == (evalset / name).read_bytes() for name in names)


@pytest.mark.slow
def test_retrieval_abstention_and_grounding(
    evalset: Path, desk: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retrieval finds the passage and answers from it; without a context nothing is known, and nothing is judged as if."""
    monkeypatch.setenv("CLAPNQ", str(evalset))
    ended = desk.harness(
        "run",
        "configs/clapnq.yaml",
        *("--set", "models.base.extra.reference.time_scale=0.02"),
        *("--limit", QUESTIONS, "--quiet", "--out", tmp_path),
        cwd=ROOT,
    )
    assert ended.code == 0, ended.err
    variants = desk.summary_in(tmp_path)["variants"]

    def figures(variant: str, partition: str) -> dict[str, Any]:
        return variants[variant]["partitions"][partition]

    for variant in ("bm25", "dense"):
        golden, edge = figures(variant, "golden"), figures(variant, "edge")
        assert golden["retrieval"]["retrieved"]["recall@5"]["value"] > 0.65
        assert golden["metrics"]["answer"]["value"] > 0.25
        assert golden["metrics"]["grounding"]["value"] > 0.95
        assert golden["metrics"]["abstention"]["value"] > 0.6
        assert 0.1 < edge["metrics"]["abstention"]["value"] < 0.9
    closed = figures("prompt-only", "golden")
    assert closed["metrics"]["answer"]["value"] < 0.05
    assert closed["metrics"]["grounding"]["value"] is None
    assert figures("prompt-only", "edge")["metrics"]["abstention"]["value"] == 1.0
    assert json.dumps(variants).count("NaN") == 0
