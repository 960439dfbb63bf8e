"""A run that is killed at any moment loses nothing that was finished, and pays twice for little."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from harness.files.ledger import Ledger
from tests.verified import assert_verified

GOLDEN = 54
TRIALS = 2 * (GOLDEN + 6)
CONCURRENCY = 4
PAUSE_S = 0.04
MOMENTS = (
    "first", "first", "trials", "trials", "start", "trials", "trials", "trials", "results", "results",
)  # fmt: skip
"""Ten for each of two runs: before there is a manifest, anywhere in a start, among trials, among derived files."""
LATE_S = {"first": 0.15, "start": 0.9, "trials": 0.05, "results": 0.25}
"""The longest that is waited beyond the moment."""
SCORER = "import time\n\ndef score(output, example):\n    time.sleep(0.003)\n    return 1.0\n"


@dataclass
class Bench:
    """One experiment under test."""

    desk: ModuleType
    config: Path
    out: Path
    random: Random

    @property
    def folder(self) -> Path | None:
        """The run that has a manifest; None before there is one."""
        found = [file.parent for file in self.out.glob("*/manifest.json")]
        return found[0] if found else None

    def lines(self) -> int:
        """Whole or torn lines of records.jsonl."""
        file = self.folder / "records.jsonl" if self.folder else None
        return file.read_bytes().count(b"\n") if file and file.exists() else 0

    def recorded(self) -> list[Any]:
        """The counted records."""
        if self.folder is None:
            return []
        return [record for record in Ledger(self.folder).records() if not record.warmup]

    def reached(self, moment: str) -> Callable[[], bool]:
        """What to wait for in the run that is about to be started."""
        if moment == "trials":
            # Two warm-ups come first.
            wanted = self.lines() + 2 + self.random.randint(1, 12)
            return lambda: self.lines() >= wanted
        if moment == "results":
            return lambda: self.folder is not None and (self.folder / "scores.jsonl.part").exists()
        return lambda: True

    def kill_at(self, moment: str) -> None:
        """Start or resume, and kill the whole process group at the moment plus a random while."""
        reached = self.reached(moment)
        with self.desk.started(
            "run", self.config, "--resume", "--out", self.out, cwd=self.config.parent
        ) as process:
            while not reached():
                assert process.poll() is None, f"ended before {moment}: {process.stderr.read()}"
                time.sleep(0.002)
            try:
                process.wait(timeout=self.random.uniform(0, LATE_S[moment]))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"not killed at {moment}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_goes_on_where_it_was(desk: ModuleType, tmp_path: Path, seed: int) -> None:
    """Ten kills of the whole process group, each followed by `--resume`: every planned trial is counted once.

    The endpoint counts by text. What it was asked beyond the trials that were on disk after a kill was in flight,
    and is paid twice: never more than `concurrency` a kill. A warm-up asks a train row, which no trial does,
    and is made at most once a variant and start.
    """
    with desk.echoing(PAUSE_S) as echo:
        config = desk.experiment(tmp_path / "x", echo.url)
        text = config.read_text(encoding="utf-8").replace("scorer: exact", 'scorer: "python:unhurried:score"')
        config.write_text(text.replace("concurrency: 4", f"concurrency: {CONCURRENCY}"), encoding="utf-8")
        (config.parent / "unhurried.py").write_text(SCORER, encoding="utf-8")
        desk.write_rows(config.parent / "rows" / "golden.jsonl", [desk.row("g", n) for n in range(GOLDEN)])
        bench = Bench(desk, config, tmp_path / "runs", Random(seed))
        lost = 0
        for moment in MOMENTS:
            bench.kill_at(moment)
            assert (bench.folder is None) == (moment == "first")
            asked = [times for text, times in echo.asked().items() if "t-01" not in text]
            in_flight = sum(asked) - len(bench.recorded()) - lost
            assert 0 <= in_flight <= CONCURRENCY, moment
            lost += in_flight
        ended = desk.harness("run", config, "--resume", "--out", bench.out, cwd=config.parent)
        assert ended.code == 0, ended.err
        asked = echo.asked()
    warmups = sum(times for text, times in asked.items() if "t-01" in text)
    assert warmups <= 2 * (1 + len(MOMENTS))
    assert sum(asked.values()) - warmups == TRIALS + lost

    records = bench.recorded()
    assert len({record.key for record in records}) == len(records) == TRIALS
    assert {record.outcome.kind for record in records} == {"answered"}
    assert bench.folder is not None
    ledger = Ledger(bench.folder)
    summary = ledger.summary()
    assert summary is not None
    assert summary["run"]["complete"] is True
    assert [part["scored"] for v in summary["variants"].values() for part in v["partitions"].values()] == [
        54,
        6,
    ] * 2
    wanted = {record.request["messages"] for record in records}
    assert ledger.texts(wanted).keys() == wanted
    assert not list(bench.folder.glob("*.part"))
    assert_verified(bench.folder)
