"""An account that allows six hundred requests a minute: found out where it is not declared, kept to where it is."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.acceptance.bookkeeper import Deed, Plan, keeping_books

PER_S, BURST = 10.0, 10
CONFIG = """\
name: limits
evalset: rows
concurrency: 32
timeout_s: 30
retries: 10
models:
  account: {provider: openai, model: m, base_url: "%s/v1"%s}
variants:
  only: {prompt: {user: "{{ question }}"}, model: account}
metrics: [exact]
"""


def run(
    desk: ModuleType, folder: Path, trials: int, declared: str = ""
) -> tuple[list[dict[str, Any]], list[Deed]]:
    """The counted records of a run that must end well, and the endpoint's books."""
    (folder / "rows").mkdir()
    desk.write_rows(folder / "rows" / "golden.jsonl", [desk.row("g", number) for number in range(trials)])
    plan = Plan(median_s=0.3, per_s=PER_S, burst=BURST, retry_after_s=1)
    with keeping_books(plan) as server:
        config = folder / "limits.yaml"
        config.write_text(CONFIG % (server.url, declared))
        ended = desk.harness("run", config, "--quiet", cwd=folder)
        deeds = server.deeds()
    assert ended.code == 0, ended.err
    lines = desk.lines_of(desk.run_folder(folder / "results") / "records.jsonl")
    return [line for line in lines if not line["warmup"]], deeds


@pytest.mark.slow
def test_a_limit_that_nobody_declared_is_found_out(desk: ModuleType, tmp_path: Path) -> None:
    """All answered, at 90 % or more of what the account allows, and under 2 % refused after the first ten seconds."""
    trials = 330
    counted, deeds = run(desk, tmp_path, trials)
    assert [line["outcome"]["kind"] for line in counted] == ["answered"] * trials

    asked_s = [deed.at_s for deed in deeds if deed.did == "answered"][1:]  # the first is the warm-up
    allowed = BURST + PER_S * (asked_s[-1] - asked_s[0])  # a full bucket, and what has flowed in since
    assert len(asked_s) >= 0.9 * allowed
    late = [deed.did for deed in deeds if deed.at_s - asked_s[0] > 10]
    assert late.count("limited") < 0.02 * len(late)
    assert sum(len(line["attempts"]) for line in counted) == len(deeds) - 1


@pytest.mark.slow
def test_a_limit_that_is_declared_is_never_exceeded(desk: ModuleType, tmp_path: Path) -> None:
    """All answered, and not one request refused."""
    counted, deeds = run(desk, tmp_path, 60, ", limits: {rpm: 600}")
    assert [line["outcome"]["kind"] for line in counted] == ["answered"] * 60
    assert [deed.did for deed in deeds] == ["answered"] * 61
