"""Which stage takes the time: stages add up to the whole, and a sleep in the reranker is named, wherever it comes from."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.verified import assert_verified

CONFIG = """\
name: stages
evalset: {evalset}
concurrency: 4
models:
  base: {{provider: reference, model: reference-base}}
  rerank: {{provider: reference, model: reference-rerank}}
  always: {{provider: reference, model: reference-rerank, extra: {{reference: {{time_scale: 12}}}}}}
  at-times: {{provider: reference, model: reference-rerank, extra: {{reference: {{faults: {{slow: 0.2}}, time_scale: 0.02}}}}}}
control: calm
variants:
  calm:
    prompt: "Answer with one JSON object with the keys category, priority and answer."
    model: base
    retrieve: {{search: hybrid, top_k: 8, embed: {{provider: reference, model: reference-embed}}}}
    rerank: {{model: rerank, top_n: 4}}
  always: {{extends: calm, rerank: {{model: always}}}}
  at-times: {{extends: calm, rerank: {{model: at-times}}}}
  my-own:
    pipeline:
      - retrieve: {{top_k: 8}}
      - {{stage: "naps:Nap", options: {{every: 6}}}}
      - prompt: "Answer with one JSON object with the keys category, priority and answer."
      - model: base
metrics:
  - {{name: category, scorer: json_fields, fields: {{category: exact}}}}
"""

NAPS = """\
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Nap:
    every: int

    async def open(self, kit):
        return _Nap(self.every)


class _Nap:
    name = "reorder"

    def __init__(self, every):
        self._every = every

    def __call__(self, draft):
        time.sleep(0.01 if sum(draft.trial.example_id.encode()) % self._every else 0.4)
        return draft
"""


@pytest.fixture(scope="module")
def ended(desk: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all of them, one after the other's example; the folder of runs."""
    folder = tmp_path_factory.mktemp("stages")
    (folder / "naps.py").write_text(NAPS, encoding="utf-8")
    evalset = desk.ROOT / "evalsets" / "support-desk"
    (folder / "stages.yaml").write_text(CONFIG.format(evalset=evalset), encoding="utf-8")
    chosen = ("--limit", 40, "--partitions", "golden", "--out", folder / "out")
    run = desk.harness("run", folder / "stages.yaml", *chosen, cwd=folder)
    assert run.code == 0, run.err
    assert_verified(desk.run_folder(folder / "out"))
    return folder / "out"


def part_of(summary: dict[str, Any], variant: str) -> dict[str, Any]:
    """The figures of one variant."""
    return summary["variants"][variant]["partitions"]["golden"]


@pytest.mark.slow
def test_a_sleep_in_the_reranker_is_named(desk: ModuleType, ended: Path) -> None:
    """Always or at times, at an endpoint or in a stage of the user's own; a calm reranker is left in peace."""
    surprises = {
        one["variant"]: one["message"]
        for one in desk.summary_in(ended)["warnings"]
        if one["code"] == "latency_surprise"
    }
    assert surprises.keys() == {"always", "at-times", "my-own"}
    assert surprises["always"].startswith("rerank takes ")
    assert surprises["at-times"].startswith("rerank: P95 is ")
    assert surprises["my-own"].startswith("reorder: P95 is ")


@pytest.mark.slow
def test_stages_and_the_unaccounted_add_up_to_end_to_end(desk: ModuleType, ended: Path) -> None:
    """In every trial; and in the summary, where shares of all stages make up the whole."""
    records = [line for line in desk.lines_of(desk.run_folder(ended) / "records.jsonl") if not line["warmup"]]
    assert len(records) == 160
    for record in records:
        assert record["outcome"]["kind"] == "answered"
        own = [stage["ms"] for stage in record["stages"] if stage["within"] is None]
        assert record["latency_ms"] == pytest.approx(sum(own), abs=0.002)
        # Work beside the wire may overlap with it by a grain of the clocks.
        assert record["elapsed_ms"] - record["latency_ms"] > -0.5
    summary = desk.summary_in(ended)
    order = ["embed", "retrieve", "rerank", "prompt", "generate"]
    for variant, stages in {"calm": order, "my-own": ["retrieve", "reorder", "prompt", "generate"]}.items():
        latency = part_of(summary, variant)["latency"]
        assert list(latency["stages"]) == stages
        mine = [record for record in records if record["variant"] == variant]
        whole = sum(record["latency_ms"] for record in mine)
        for name, stage in latency["stages"].items():
            told = sum(one["ms"] for record in mine for one in record["stages"] if one["name"] == name)
            assert stage["share"] == pytest.approx(told / whole)
            assert (stage["n"], stage["failures"]) == (40, 0)
            assert stage["p50_ci"][0] <= stage["p50_ms"] <= stage["p50_ci"][1]
            assert stage["first_ms"] > 0
        assert sum(stage["share"] for stage in latency["stages"].values()) == pytest.approx(1)


@pytest.mark.slow
def test_the_report_tells_stages_indexes_and_inputs_apart(desk: ModuleType, ended: Path) -> None:
    """Each in a table of its own, none of them wider than a terminal; money by stage adds up to the whole."""
    lines = (desk.run_folder(ended) / "report.md").read_text(encoding="utf-8").splitlines()
    titles = {title: lines.index(title) for title in ("**golden, by stage**", "## Index")}
    assert all(len(line) <= 100 for line in table_below(lines, titles["**golden, by stage**"]))
    assert len(table_below(lines, titles["## Index"])) == 2 + 2, (
        "one for the three that embed, one for the other"
    )
    part = part_of(desk.summary_in(ended), "calm")
    assert part["cost"]["by_stage"].keys() == {"embed", "rerank", "generate"}
    assert sum(part["cost"]["by_stage"].values()) == pytest.approx(part["cost"]["total_usd"])
    parts = part["context"]["parts"]
    assert parts["fewshot"] == 0
    assert 0 < parts["context"] < part["context"]["input_tokens_max"]


def table_below(lines: list[str], at: int) -> list[str]:
    """The rows of the first table under a line, its head and rule among them."""
    first = next(place for place in range(at, len(lines)) if lines[place].startswith("|"))
    last = next(place for place in range(first, len(lines)) if not lines[place].startswith("|"))
    return lines[first:last]
