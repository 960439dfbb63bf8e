"""Two thousand trials of three clients while one request in five goes wrong: nothing is lost, nothing is told amiss."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import pytest

from tests.acceptance.bookkeeper import Deed, Plan, keeping_books
from tests.verified import assert_verified

FAULTS = {"429": 0.04, "500": 0.05, "drop": 0.035, "cut": 0.035, "garbage": 0.035, "hang": 0.005}
GOLDEN = EDGE = 400
PLANNED = {"openai": GOLDEN + EDGE, "anthropic": GOLDEN + EDGE, "litellm": GOLDEN}
TIMEOUT_S, RETRIES = 3, 3
CONFIG = """\
name: campaign
evalset: rows
seed: 11
concurrency: 32
timeout_s: {timeout_s}
retries: {retries}
models:
  openai: {{provider: openai, model: m-openai, base_url: "{url}/v1"}}
  anthropic: {{provider: anthropic, model: m-anthropic, base_url: "{url}", max_tokens: 50}}
  litellm: {{provider: litellm, model: openai/m-litellm, base_url: "{url}/v1"}}
variants:
  openai: {{prompt: {{user: "{{{{ question }}}}"}}, model: openai}}
  anthropic: {{extends: openai, model: anthropic}}
  litellm: {{extends: openai, model: litellm, partitions: [golden]}}
metrics: [exact]
"""
TOLD = {
    "429": "rate_limited (429)",
    "500": "server_error (500)",
    "drop": "connection",
    "cut": "connection",
    "garbage": "bad_reply (200)",
    "hang": "timeout",
}
"""What the record of an attempt calls each fault."""


@pytest.fixture(scope="module")
def campaign(desk: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, list[Deed]]:
    """How the run ended, its folder, and the endpoint's books."""
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "rows").mkdir()
    for name, count in (("golden", GOLDEN), ("edge", EDGE)):
        rows = [desk.row(name[0], number) | {"tags": [desk.EDGE_TAGS[0]]} for number in range(count)]
        desk.write_rows(folder / "rows" / f"{name}.jsonl", rows)
    desk.write_rows(folder / "rows" / "train.jsonl", [desk.row("t", 1)])
    with keeping_books(Plan(faults=FAULTS, median_s=0.2)) as server:
        config = folder / "campaign.yaml"
        config.write_text(CONFIG.format(url=server.url, timeout_s=TIMEOUT_S, retries=RETRIES))
        ended = desk.harness("run", config, "--quiet", cwd=folder, within_s=400)  # a minute, as a rule
        deeds = server.deeds()
    return ended, desk.run_folder(folder / "results"), deeds


def of_variant(deeds: Sequence[Deed], variant: str) -> list[Deed]:
    """What the endpoint did for one variant."""
    return [deed for deed in deeds if deed.model == f"m-{variant}"]


@pytest.mark.slow
def test_the_run_ends_with_one_counted_record_for_each_planned_trial(
    campaign: tuple[Any, Path, list[Deed]], desk: ModuleType
) -> None:
    """Exit 0, complete; each trial is answered, timed out, or failed with a reason, and stands once."""
    ended, folder, _ = campaign
    assert ended.code == 0, ended.err
    counted = [line for line in desk.lines_of(folder / "records.jsonl") if not line["warmup"]]
    keys = Counter((line["variant"], line["partition"], line["example_id"]) for line in counted)
    assert set(keys.values()) == {1}
    assert Counter(line["variant"] for line in counted) == PLANNED
    for line in counted:
        kind, error = line["outcome"]["kind"], line["outcome"]["error"]
        assert kind in ("answered", "failed", "timed_out")
        assert (error is None) == (kind == "answered")
        assert error is None or (error["type"] and error["message"])
    assert_verified(folder)
    for name, told in desk.summary_in(folder.parent)["variants"].items():
        parts = told["partitions"].values()
        assert sum(part["planned"] for part in parts) == PLANNED[name]
        assert all(part["scored"] + part["unscored"] == part["planned"] for part in parts)


@pytest.mark.slow
@pytest.mark.parametrize("variant", PLANNED)
def test_every_attempt_is_what_the_endpoint_did(
    campaign: tuple[Any, Path, list[Deed]], desk: ModuleType, variant: str
) -> None:
    """Warm-ups included, the records' attempts are the endpoint's requests, fault by fault; a time-out is asked once."""
    _, folder, deeds = campaign
    lines = [line for line in desk.lines_of(folder / "records.jsonl") if line["variant"] == variant]
    did = of_variant(deeds, variant)
    assert sum(len(line["attempts"]) for line in lines) == len(did)
    assert all(1 <= len(line["attempts"]) <= 1 + RETRIES for line in lines)
    told = Counter(
        (attempt["error"] or "answered").split(":")[0] for line in lines for attempt in line["attempts"]
    )
    assert told == Counter(TOLD.get(deed.did, deed.did) for deed in did)

    hung = {deed.question for deed in did if deed.did == "hang"}
    assert hung
    asked = Counter(deed.question for deed in did if deed.question in hung)
    for line in lines:
        assert (line["outcome"]["kind"] == "timed_out") == (line["attempts"][-1]["error"] or "").startswith(
            "timeout"
        )
        assert all(not (attempt["error"] or "").startswith("timeout") for attempt in line["attempts"][:-1])
        if line["outcome"]["kind"] == "timed_out":
            assert line["latency_ms"] == TIMEOUT_S * 1000
    assert all(
        [deed.did for deed in did if deed.question == question].index("hang") == asked[question] - 1
        for question in hung
    )


@pytest.mark.slow
@pytest.mark.parametrize("variant", PLANNED)
def test_latency_is_what_the_endpoint_took(
    campaign: tuple[Any, Path, list[Deed]], desk: ModuleType, variant: str
) -> None:
    """The P50 of the answered trials, on the wire's clock, is within 5 % or 2 ms of the endpoint's own."""
    _, folder, deeds = campaign
    lines = [line for line in desk.lines_of(folder / "records.jsonl") if line["variant"] == variant]
    answered = [line for line in lines if line["outcome"]["kind"] == "answered"]
    clocks = {stage["clock"] for line in answered for stage in line["stages"] if stage["model"]}
    assert clocks == {"wire"}
    ours_ms = median(line["latency_ms"] for line in answered)
    served = [deed for deed in of_variant(deeds, variant) if deed.did == "answered"]
    theirs_ms = median(deed.ms for deed in served if deed.ms is not None)
    assert len(served) == len(answered)
    assert ours_ms == pytest.approx(theirs_ms, rel=0.05, abs=2)
