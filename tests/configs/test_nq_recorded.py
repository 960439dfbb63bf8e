"""The recorded Natural Questions runs, through the real command, against published answers of real systems."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HARNESS_DATA", ROOT.parent / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not (DATA / "nq-recorded").is_dir(), reason="the recorded answers are not here: set HARNESS_DATA"
)


def figures(config: str, out: Path) -> dict[str, tuple[float, float]]:
    """Run a config and read exact match and token F1 of each variant, in per cent."""
    command = [sys.executable, "-m", "harness", "run", config, "--out", str(out), "--quiet", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    variants = json.loads(done.stdout)["variants"]
    return {
        name: tuple(
            round(100 * found["partitions"]["golden"]["metrics"][metric]["value"], 2)
            for metric in ("exact_match", "token_f1")
        )
        for name, found in variants.items()
    }


def test_the_301_questions_that_all_four_systems_answered(tmp_path: Path) -> None:
    """Exact match and token F1 with SQuAD normalisation come out to two decimals."""
    assert figures("configs/nq-recorded.yaml", tmp_path) == {
        "zero-shot": (12.62, 27.54),
        "few-shot": (33.89, 50.47),
        "retrieval-dpr": (45.85, 52.29),
        "retrieval-fid": (47.84, 55.35),
    }


def test_all_3610_questions(tmp_path: Path) -> None:
    """The two retrieval systems on the whole test set."""
    assert figures("configs/nq-recorded-full.yaml", tmp_path) == {
        "retrieval-fid": (46.48, 53.72),
        "retrieval-dpr": (40.91, 47.78),
    }
