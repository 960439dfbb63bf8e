"""Metrics that read what was retrieved: the same after a run and from its stored records."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Command = Callable[..., Any]
CONFIG = """\
name: grounded
evalset: desk
concurrency: 4
models: {base: {provider: reference, model: reference-base, extra: {reference: {time_scale: 0.01}}}}
control: closed
variants:
  closed: {prompt: {system: triage.md, user: "{{ ticket }}"}, model: base}
  rag: {extends: closed, retrieve: {search: bm25, top_k: 3}}
  elsewhere: {extends: closed, retrieve: {search: bm25, top_k: 1, corpus: other}}
metrics:
  - {name: labels, scorer: json_fields, fields: {category: exact}}
  - {name: grounding, scorer: grounding, field: answer}
  - {name: citations, scorer: citations, field: sources}
  - {name: exist, scorer: citations, field: sources, measure: exists}
  - {name: in_context, scorer: citations, field: sources, measure: in_context}
"""


@pytest.fixture
def grounded(tmp_path: Path, desk: ModuleType) -> Path:
    """The support desk, with a variant that looks elsewhere."""
    shutil.copytree(desk.ROOT / "evalsets/support-desk", tmp_path / "desk")
    shutil.copy(desk.ROOT / "configs/prompts/triage-rag.md", tmp_path / "triage.md")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "weather.md").write_text("# Weather\n\nIt rains.\n", encoding="utf-8")
    config = tmp_path / "grounded.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return config


def test_a_run_and_its_records_are_judged_alike(here: Command, desk: ModuleType, grounded: Path) -> None:
    """`run` and `score` give the same judgements; the texts that they read stand in no record."""
    ended = here("run", grounded, "--limit", 8, "--quiet", "--out", "runs")
    assert ended.code == 0, ended.err
    folder = desk.run_folder(Path("runs"))
    judged = (folder / "scores.jsonl").read_bytes()
    figures = figures_of(desk.summary_in(Path("runs")))
    assert here("score", "latest", "--out", "runs").code == 0
    assert (folder / "scores.jsonl").read_bytes() == judged
    assert figures_of(desk.summary_in(Path("runs"))) == figures
    assert figures["rag", "golden", "grounding"] > 0.8
    assert figures["rag", "golden", "in_context"] == 1.0
    assert figures["rag", "golden", "citations"] > 0.4
    assert figures["closed", "golden", "grounding"] is None
    passages = [one for line in desk.lines_of(folder / "records.jsonl") for one in line["retrieved"]]
    assert passages
    assert all("content" not in one for one in passages)


def test_texts_that_are_lost_leave_no_zero(here: Command, desk: ModuleType, grounded: Path) -> None:
    """Without texts.jsonl nobody can say what was supported: unscored, with the reason."""
    ended = here("run", grounded, "--limit", 4, "--variants", "rag", "--quiet", "--out", "runs")
    assert ended.code == 0, ended.err
    folder = desk.run_folder(Path("runs"))
    (folder / "texts.jsonl").unlink()
    assert here("score", "latest", "--out", "runs").code == 0
    lines = [line for line in desk.lines_of(folder / "scores.jsonl") if line["metric"] == "grounding"]
    assert all(line["value"] is None for line in lines)
    assert "the text of a passage is not known" in {line["why"] for line in lines}


def test_sources_are_looked_up_in_every_corpus(here: Command, desk: ModuleType, grounded: Path) -> None:
    """A document exists where it lies in the evalset's corpus or in a variant's own; nowhere else."""
    ended = here("run", grounded, "--limit", 1, "--variants", "closed,elsewhere", "--quiet", "--out", "runs")
    assert ended.code == 0, ended.err
    records = desk.run_folder(Path("runs")) / "records.jsonl"
    lines = desk.lines_of(records)
    answer = json.dumps({"answer": "So.", "sources": ["keep-6", "weather.md", "nowhere"]})
    for line in lines:
        line["outcome"] = {"kind": "answered", "text": answer}
    desk.write_rows(records, lines)
    assert here("score", "latest", "--out", "runs").code == 0
    scores = desk.lines_of(desk.run_folder(Path("runs")) / "scores.jsonl")
    found = [line for line in scores if line["metric"] == "exist"]
    assert [line["value"] for line in found] == [pytest.approx(2 / 3)] * 4
    assert {line["why"].partition(";")[0] for line in found} == {"fabricated: nowhere"}


def test_a_metric_that_cannot_read_is_told_at_its_line(here: Command, grounded: Path) -> None:
    """A pattern without a group, a measure that is none, and a threshold of nothing are the config's mistakes."""
    more = """\
  - {name: a, scorer: citations, pattern: "see"}
  - {name: b, scorer: citations, measure: fabricated}
  - {name: c, scorer: grounding, lexical: 0}
"""
    grounded.write_text(CONFIG + more, encoding="utf-8")
    ended = here("check", grounded)
    assert ended.code == 2
    lines = [line for line in ended.err.splitlines() if "grounded.yaml" in line]
    assert [f":{number}:" in line for number, line in zip((16, 17, 18), lines, strict=True)] == [True] * 3


def figures_of(summary: dict[str, Any]) -> dict[tuple[str, str, str], float | None]:
    """Every metric of every variant on every partition."""
    return {
        (name, part, metric): found["value"]
        for name, variant in summary["variants"].items()
        for part, figures in variant["partitions"].items()
        for metric, found in figures["metrics"].items()
    }
