"""The harness end to end against a server whose truth is known, by the benchmarks of truth, bounded; docs/proof.md has them whole.

A bar is missed here only by so much that a harness which just keeps it would miss it once in ten thousand times. Beside each
bar stands what must miss it, judged by the same code.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RARELY = 1e-4
SHORT = ("--variants", "3", "--golden", "56", "--edge", "28", "--load-sd", "0.5")

pytestmark = pytest.mark.slow


def told(tmp_path: Path, name: str, *words: str) -> tuple[int, Any, str]:
    """Run a benchmark: its exit code, its table, and what it printed."""
    file = tmp_path / "table.json"
    command = [
        sys.executable,
        str(BENCHMARKS / name),
        *words,
        "--false-alarm",
        str(RARELY),
        "--json",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert file.exists(), done.stderr
    return done.returncode, json.loads(file.read_text()), done.stdout


def test_reported_intervals_cover_the_truth(tmp_path: Path) -> None:
    """Of 100 runs: quality, schema failures and cost; P50 and P95 where the harness does not call them invalid itself."""
    words = ("--seeds", "1-100", "--examples", "72", "--median-ms", "12", "--sigma", "1")
    code, table, printed = told(tmp_path, "interval_truth.py", *words)
    assert code == 0, printed
    runs = {(line["variant"], line["figure"]): line["runs"] for line in table}
    assert all(
        runs[variant, figure] == 100
        for variant in ("whole", "graded")
        for figure in ("quality", "schema", "usd_1k")
    )


def test_a_truth_that_is_not_believed_is_found_out(tmp_path: Path) -> None:
    """A server that is worse, slower and dearer than is believed: none of its figures is covered often enough."""
    words = ("--seeds", "1-10", "--examples", "72", "--median-ms", "6", "--lie")
    code, table, printed = told(tmp_path, "interval_truth.py", *words)
    assert code == 1, printed
    assert not any(line["holds"] for line in table if line["runs"] == 10), printed


def test_equal_variants_ring_no_alarm_and_one_after_another_they_do(tmp_path: Path) -> None:
    """Behind a drifting server few runs of equal variants claim anything; the same, not interleaved, claim speed wrongly."""
    words = ("--seeds", "1-12", "--modes", "drift,sequential", *SHORT)
    code, table, printed = told(tmp_path, "false_alarms.py", *words)
    assert code == 0, printed
    rung = {(line["order"], line["alarm"]): line["rung"] for line in table}
    most = binom.isf(RARELY, 12, 0.08)
    assert rung["drift", "faster or slower"] <= most < rung["sequential", "faster or slower"], printed


def test_a_gate_fails_as_often_as_it_can(tmp_path: Path) -> None:
    """Of 30 runs with ten points lost, about the share of the exact power fails."""
    code, table, printed = told(tmp_path, "gate_power.py", "--seeds", "1-30")
    assert code == 0, printed
    assert table["power"] == pytest.approx(0.743, abs=0.001)


def test_a_loss_that_is_not_there_is_not_found_so_often(tmp_path: Path) -> None:
    """With nothing planted the share of failed runs is not the power of finding ten points."""
    code, table, printed = told(tmp_path, "gate_power.py", "--seeds", "1-20", "--lie")
    assert code == 1, printed
    assert table["failed"] <= binom.isf(RARELY, 20, 0.05)
