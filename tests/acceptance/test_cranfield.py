"""Cranfield, as a user would do it: the files converted, four searches from one config, and trec_eval's word on them."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HARNESS_DATA", ROOT.parent / "shared" / "data")) / "cranfield"
CONVERT = ROOT / "evalsets" / "cranfield" / "convert.py"
QUERIES = 40
EMBEDDED_HERE = (
    "--set",
    "models.embedder.provider=reference",
    "--set",
    "models.embedder.model=reference-embed",
)
"""The built-in embedding instead of one that weighs a gigabyte: what is measured is the same."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="Cranfield is not here: set HARNESS_DATA")


@pytest.fixture(scope="module")
def evalset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evalset as the script makes it."""
    out = tmp_path_factory.mktemp("cranfield")
    subprocess.run([sys.executable, CONVERT, DATA, out], check=True, capture_output=True)
    return out


def means(run: Path, qrels: Path) -> dict[str, float]:
    """What trec_eval's own code, through its usual binding, makes of two files."""
    import pytrec_eval

    with run.open(encoding="utf-8") as ranked, qrels.open(encoding="utf-8") as judged:
        found, grades = pytrec_eval.parse_run(ranked), pytrec_eval.parse_qrel(judged)
    measures = {"ndcg_cut_10", "recall_10", "recip_rank", "map", "P_10", "success_1"}
    values = pytrec_eval.RelevanceEvaluator(grades, measures).evaluate(found)
    assert values.keys() == grades.keys()
    return {name: sum(one[name] for one in values.values()) / len(values) for name in sorted(measures)}


def ours(estimates: dict[str, Any]) -> dict[str, float]:
    """The same of summary.json."""
    names = {"MAP": "map", "precision@10": "P_10", "nDCG@10": "ndcg_cut_10", "recall@10": "recall_10"}
    names |= {"MRR": "recip_rank", "hit@1": "success_1"}
    return {theirs: estimates[name]["value"] for name, theirs in names.items()}


def test_the_files_become_an_evalset(desk: ModuleType, evalset: Path) -> None:
    """Every abstract, every query and every judgement is there; queries are numbered by their place in the file."""
    documents, queries = desk.lines_of(evalset / "corpus.jsonl"), desk.lines_of(evalset / "golden.jsonl")
    assert (len(documents), len(queries)) == (1400, 225)
    assert sum(len(query["relevant"]) for query in queries) == 1837
    third = queries[2]
    assert (third["id"], third["meta"]["num"]) == ("q-003", "4")
    assert "heat conduction in composite slabs" in third["inputs"]["question"]
    titles = {document["id"]: document["title"] for document in documents}
    found = [titles[name] for name, grade in third["relevant"].items() if grade > 0]
    assert any("composite slab" in title for title in found)


@pytest.mark.slow
def test_four_searches_are_measured_as_trec_eval_measures_them(
    desk: ModuleType, evalset: Path, tmp_path: Path
) -> None:
    """One config, four variants: for each ranking trec_eval's own numbers agree with summary.json to four decimals."""
    flags = ("--limit", QUERIES, "--out", tmp_path, "--quiet", *EMBEDDED_HERE)
    ended = desk.harness(
        "run", "configs/cranfield.yaml", *flags, cwd=ROOT, env=desk.environment(CRANFIELD=str(evalset))
    )
    assert ended.code == 0, ended.err
    trec = desk.run_folder(tmp_path) / "trec"
    variants = desk.summary_in(tmp_path)["variants"]
    assert list(variants) == ["bm25", "dense", "hybrid", "hybrid+rerank"]
    for name, one in variants.items():
        found = one["partitions"]["golden"]["retrieval"]
        assert found["retrieved"]["nDCG@10"]["n"] == QUERIES
        for ranking, suffix in {"retrieved": "run", "used": "used.run"}.items():
            file = trec / f"{name}.golden.{suffix}"
            assert file.exists() == (ranking == "retrieved" or name == "hybrid+rerank")
            if file.exists():
                assert ours(found[ranking]) == pytest.approx(means(file, trec / "qrels.golden"), abs=5e-5)
        assert bool(found["added"]) == (name == "hybrid+rerank")
    assert variants["bm25"]["partitions"]["golden"]["retrieval"]["retrieved"]["nDCG@10"]["value"] > 0.25
    report = (desk.run_folder(tmp_path) / "report.md").read_text(encoding="utf-8")
    assert "## Retrieval" in report
