"""`--max-cost` is a promise: never exceeded, kept over a resume, and true to the endpoint's own account."""

import os
import signal
import time
from math import fsum
from pathlib import Path
from types import ModuleType

import pytest

from tests.acceptance.bookkeeper import ANSWER_TOKENS, Bookkeeper, Plan, keeping_books

INPUT, OUTPUT = 1000.0, 2000.0
"""US dollars a million tokens."""
TRIALS = 60
FAULTS = {"429": 0.03, "500": 0.05}
"""Failures that no vendor charges."""
CONFIG = """\
name: budget
evalset: rows
concurrency: 8
timeout_s: 20
retries: 5
models:
  priced: {provider: openai, model: m, base_url: "%s/v1"%s}
variants:
  plain: {prompt: {user: "{{ question }}"}, model: priced}
  terse: {prompt: {system: terse.md, user: "{{ question }}"}, model: priced}
metrics: [exact]
"""
PRICE = f", price: {{input_usd_per_mtok: {INPUT}, output_usd_per_mtok: {OUTPUT}}}"
BOUNDED = f", max_tokens: {ANSWER_TOKENS}"
DEAREST_USD = 0.15
"""A call's bound is less."""


def experiment(desk: ModuleType, folder: Path, url: str, more: str) -> Path:
    """Write one of 120 trials; together they cost about six dollars."""
    (folder / "rows").mkdir()
    desk.write_rows(folder / "rows" / "golden.jsonl", [desk.row("g", number) for number in range(TRIALS)])
    desk.write_rows(folder / "rows" / "train.jsonl", [desk.row("t", 1)])
    (folder / "terse.md").write_text("Terse.\n")
    config = folder / "budget.yaml"
    config.write_text(CONFIG % (url, more))
    return config


def told_usd(desk: ModuleType, folder: Path) -> float:
    """What all lines of the run say that was spent, warm-ups and the parts before a resume among them."""
    lines = desk.lines_of(desk.run_folder(folder / "results") / "records.jsonl")
    return fsum(line["spent_usd"] for line in lines)


def charged_usd(server: Bookkeeper) -> float:
    """What the endpoint charges for all that it answered."""
    return fsum(deed.input_tokens * INPUT + deed.output_tokens * OUTPUT for deed in server.deeds()) / 1e6


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.33, 0.7])
def test_a_run_never_costs_more_than_it_may(desk: ModuleType, tmp_path: Path, share: float) -> None:
    """It stops below any limit (exit 3), a resume with a higher one finishes it, and both add up to what was charged."""
    with keeping_books(Plan(median_s=0.02, faults=FAULTS)) as server:
        config = experiment(desk, tmp_path, server.url, PRICE + BOUNDED)
        whole_usd = 2 * TRIALS * 0.05
        limit_usd = round(share * whole_usd, 2)
        stopped = desk.harness("run", config, "--quiet", "--max-cost", limit_usd, cwd=tmp_path)
        assert stopped.code == 3, stopped.err
        assert "--max-cost" in stopped.err
        assert "--resume" in stopped.err
        spent_usd = told_usd(desk, tmp_path)
        assert 0 < spent_usd <= limit_usd
        assert spent_usd == pytest.approx(charged_usd(server), abs=1e-9)
        assert limit_usd - spent_usd < DEAREST_USD  # it gives up nothing that it could afford

        again = ("run", config, "--quiet", "--resume", "--max-cost")
        short = desk.harness(*again, limit_usd, cwd=tmp_path)
        assert short.code == 3, short.err
        assert told_usd(desk, tmp_path) == pytest.approx(charged_usd(server), abs=1e-9)
        assert told_usd(desk, tmp_path) <= limit_usd

        finished = desk.harness(*again, 10 * whole_usd, cwd=tmp_path)
        assert finished.code == 0, finished.err
        assert desk.summary_in(tmp_path / "results")["spend"]["lost_usd"] == 0
        assert desk.summary_in(tmp_path / "results")["run"]["complete"] is True
        assert told_usd(desk, tmp_path) == pytest.approx(charged_usd(server), abs=1e-9)


@pytest.mark.slow
def test_what_was_in_flight_when_a_run_was_killed_counts(desk: ModuleType, tmp_path: Path) -> None:
    """Three kills leave calls without a record: they count at their bound, so that all starts together keep the limit."""
    limit_usd = 4.5  # three kills may each lose eight calls at their bound of 12 cents
    with keeping_books(Plan(median_s=0.2, charges_the_gone=True)) as server:
        config = experiment(desk, tmp_path, server.url, PRICE + BOUNDED)
        for kill in range(1, 4):
            with desk.started(
                "run", config, "--quiet", "--resume", "--max-cost", limit_usd, cwd=tmp_path
            ) as process:
                while len(server.deeds()) < 14 * kill:
                    assert process.poll() is None, process.stderr.read()
                    time.sleep(0.005)
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate(timeout=60)
        assert charged_usd(server) > told_usd(desk, tmp_path)
        ended = desk.harness("run", config, "--quiet", "--resume", "--max-cost", limit_usd, cwd=tmp_path)
        assert ended.code == 3, ended.err
        assert charged_usd(server) <= limit_usd
        spend = desk.summary_in(tmp_path / "results")["spend"]
        assert spend["lost_usd"] > 0
        assert spend["spent_usd"] <= charged_usd(server) <= spend["spent_at_most_usd"] <= limit_usd
        assert "calls in flight when the run was killed" in ended.out

        # A part without a limit is no loss, nor is it taken for what was lost before.
        free = desk.harness("run", config, "--quiet", "--resume", cwd=tmp_path)
        assert free.code == 0, free.err
        after = desk.summary_in(tmp_path / "results")["spend"]
        assert after["lost_usd"] == pytest.approx(spend["lost_usd"])
        assert after["spent_usd"] <= charged_usd(server) <= after["spent_at_most_usd"]


@pytest.mark.parametrize("given", [BOUNDED, PRICE], ids=["unpriced", "no max_tokens"])
def test_a_promise_that_cannot_be_kept_is_not_given(desk: ModuleType, tmp_path: Path, given: str) -> None:
    """A model of which no call has an upper bound: exit 2, the model and the flag by name, and nothing is asked."""
    with keeping_books(Plan()) as server:
        config = experiment(desk, tmp_path, server.url, given)
        ended = desk.harness("run", config, "--quiet", "--max-cost", 5, cwd=tmp_path)
        assert ended.code == 2, ended.err
        assert "--max-cost" in ended.err
        assert "priced" in ended.err
        assert server.deeds() == []
