"""The quickstart: what a newcomer sees first is the same twice, teaches its lesson, and keeps the contract."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.verified import assert_verified

QUICK = (
    "--set", "models.base.extra.reference.time_scale=0.05", "--set", "models.tuned.extra.reference.time_scale=0.05",
)  # fmt: skip
VARIANTS = ["prompt-only", "few-shot", "rag", "fine-tuned", "rag+few-shot", "rag+fine-tuned"]
NOTE = "built-in reading model"
ESTIMATE = {"value", "ci", "method", "n", "unscored"}
PARTITION = {
    "examples", "trials", "planned", "outcomes", "scored", "unscored", "coverage", "quality", "metrics", "schema",
    "cost", "latency", "by_tag", "abstentions", "errors", "retrieval", "blame", "context", "citations",
}  # fmt: skip
LATENCY = {
    "p50_ms", "p50_ci", "p95_ms", "p95_ci", "n_live", "n_cached", "timed_out", "method", "first_token", "stages",
    "unaccounted", "valid", "why",
}  # fmt: skip
STAGE = {"p50_ms", "p50_ci", "p95_ms", "p95_ci", "n", "first_ms", "share", "failures"}
RUN = {
    "id", "experiment", "evalset_digest", "config_digest", "started_at", "finished_at", "complete", "seed", "planned",
    "notes",
}  # fmt: skip


def outcomes_of(desk: ModuleType, out: Path) -> dict[tuple[Any, ...], Any]:
    """What each trial came to, times and money for time left out."""
    lines = desk.lines_of(desk.run_folder(out) / "records.jsonl")
    names = ("variant", "partition", "example_id", "repeat", "warmup")
    return {
        tuple(line[name] for name in names): (line["outcome"], line["retrieved"], line["request"]["messages"])
        for line in lines
    }


def timeless(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary's figures without those of time, and without cached tokens, which depend on the order of arrival."""
    return {
        (name, partition, key): found[key]
        for name, variant in summary["variants"].items()
        for partition, found in variant["partitions"].items()
        for key in sorted(PARTITION - {"latency", "cost"})
    }


def keeps_the_contract(summary: dict[str, Any]) -> None:
    """summary.json, key by key."""
    assert summary.keys() == {
        "run", "variants", "comparisons", "warnings", "gates", "overhead", "control", "metrics", "spend", "indexes",
        "suspects", "exposed", "looks",
    }  # fmt: skip
    assert summary["run"].keys() == RUN
    assert summary["overhead"].keys() == {
        "loop_lag_p99_ms",
        "start_to_send_p95_ms",
        "concurrency",
        "valid",
        "why",
        "loop_lag_p50_ms",
        "loop_lag_mean_ms",
        "in_flight_p95",
        "in_flight_peak",
        "lowered",
    }
    assert list(summary["variants"]) == VARIANTS
    for variant in summary["variants"].values():
        assert variant.keys() == {"layers", "partitions", "aid"}
        assert list(variant["partitions"]) == ["golden", "edge"]
        for part in variant["partitions"].values():
            partition_keeps_the_contract(part)


def partition_keeps_the_contract(part: dict[str, Any]) -> None:
    """One variant on one partition."""
    assert part.keys() == PARTITION
    assert part["outcomes"].keys() <= {"answered", "refused", "truncated", "timed_out", "failed"}
    assert part["quality"].keys() == ESTIMATE | {"metric", "worst_case"}
    assert part["metrics"].keys() == {"triage", "labels", "facts", "abstention", "citations", "grounding"}
    assert all(one.keys() == ESTIMATE for one in part["metrics"].values())
    schema = part["schema"]
    assert schema.keys() == {"failures", "n", "rate", "ci", "upper95", "kinds", "lenient_rate"}
    assert schema["kinds"].keys() == {"empty", "not_json", "fenced", "invalid", "truncated", "refused"}
    assert part["cost"].keys() == {"usd_per_1k", "ci", "total_usd", "unpriced", "by_stage", "tokens"}
    latency = part["latency"]
    assert latency.keys() == LATENCY
    assert all(stage.keys() == STAGE for stage in (*latency["stages"].values(), latency["unaccounted"]))
    assert latency["p50_ci"][0] <= latency["p50_ms"] <= latency["p50_ci"][1]
    for tag in part["by_tag"].values():
        assert tag.keys() == {"n", "quality", "schema"}
    for estimate in (part["quality"], *part["metrics"].values(), schema):
        assert len(estimate["ci"]) == 2


def teaches_its_lesson(summary: dict[str, Any]) -> None:
    """Tuning wins format and labels and loses the edge; retrieval wins facts; examples lower schema failures."""

    def metric(variant: str, partition: str, name: str) -> float:
        return summary["variants"][variant]["partitions"][partition]["metrics"][name]["value"]

    def schema_failures(variant: str, partition: str) -> float:
        return summary["variants"][variant]["partitions"][partition]["schema"]["rate"]

    assert schema_failures("few-shot", "golden") < schema_failures("prompt-only", "golden")
    assert schema_failures("fine-tuned", "golden") == schema_failures("fine-tuned", "edge") == 0
    assert metric("fine-tuned", "golden", "labels") > metric("prompt-only", "golden", "labels") + 0.1
    assert metric("rag", "golden", "facts") > metric("prompt-only", "golden", "facts") + 0.3
    assert metric("rag", "golden", "facts") > metric("fine-tuned", "golden", "facts") + 0.2
    assert metric("rag", "edge", "triage") > metric("fine-tuned", "edge", "triage") + 0.05
    assert metric("fine-tuned", "golden", "triage") > metric("fine-tuned", "edge", "triage") + 0.1
    best = max(VARIANTS, key=lambda name: metric(name, "golden", "triage"))
    assert best == "rag+fine-tuned"
    assert max(VARIANTS, key=lambda name: metric(name, "edge", "triage")) != best


@pytest.mark.slow
def test_the_quickstart_is_the_same_twice_and_teaches_its_lesson(desk: ModuleType, tmp_path: Path) -> None:
    """Two runs with one seed: the same outcomes and figures of quality, the lesson, the contract, and the note."""
    ends = [
        desk.harness("run", "configs/quickstart.yaml", *QUICK, "--out", tmp_path / name, cwd=desk.ROOT)
        for name in "ab"
    ]
    assert [ended.code for ended in ends] == [0, 0], ends[0].err
    first, second = (desk.summary_in(tmp_path / name) for name in "ab")
    assert outcomes_of(desk, tmp_path / "a") == outcomes_of(desk, tmp_path / "b")
    assert timeless(first) == timeless(second)
    assert_verified(desk.run_folder(tmp_path / "a"), cwd=desk.ROOT)
    keeps_the_contract(first)
    teaches_its_lesson(first)
    assert first["run"]["complete"] is True
    assert NOTE in ends[0].out
    report = (desk.run_folder(tmp_path / "a") / "report.md").read_text(encoding="utf-8")
    assert NOTE in report
    assert all(name in report.replace("\\", "") for name in VARIANTS)
    assert max(map(len, ends[0].out.splitlines()[:-1])) <= 100
    assert json.dumps(first).count("NaN") == 0
