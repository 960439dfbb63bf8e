"""Few-shot against zero-shot on 301 recorded questions: the command's figures are those of another implementation.

That one stands here, whole: plain Python, read from the raw files, exact where it can be, and by trying every
difference where the package solves for it.
"""

import json
import os
import re
import string
from fractions import Fraction
from math import comb, sqrt
from pathlib import Path
from statistics import NormalDist
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HARNESS_DATA", ROOT.parent / "shared" / "data")) / "nq-recorded"
FILES = {
    "few-shot": "NQ301_text-davinci-003_fewshot-n64.jsonl",
    "zero-shot": "NQ301_text-davinci-003_zeroshot.jsonl",
}
Z = NormalDist().inv_cdf(0.975)
GRID = 10_000
"""Differences that are tried, on each side of 0."""

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded answers are not here: set HARNESS_DATA"
)


def rights(name: str) -> dict[str, bool]:
    """Question → whether its (first) answer is an acceptable one, by the rules of SQuAD's exact match."""
    rows = [json.loads(line) for line in (DATA / FILES[name]).read_text(encoding="utf-8").splitlines()]
    return {row["question"]: bare(first(row["prediction"])) in map(bare, row["answer"]) for row in rows}


def first(prediction: str | list[str]) -> str:
    """What is scored of several answers."""
    return prediction if isinstance(prediction, str) else prediction[0]


def bare(text: str) -> str:
    """Small letters, no punctuation, no articles, single spaces."""
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(word for word in re.split(r"\s+", kept) if word not in ("a", "an", "the", ""))


def mid_p(wins: int, losses: int) -> Fraction:
    """Twice the chance of so few of the rarer kind among the discordant pairs, their own number's counted by half."""
    k, m = min(wins, losses), wins + losses
    below = sum(Fraction(comb(m, i), 2**m) for i in range(k))
    return min(Fraction(1), 2 * (below + Fraction(comb(m, k), 2 ** (m + 1))))


def tango_interval(wins: int, losses: int, n: int) -> tuple[float, float]:
    """The first and last difference on a grid that the score test does not reject."""
    kept = [at / GRID for at in range(-GRID + 1, GRID) if abs(score(wins, losses, n, at / GRID)) <= Z]
    return kept[0], kept[-1]


def score(wins: int, losses: int, n: int, difference: float) -> float:
    """Observed less assumed difference over its standard error, the chance of a loss at its likeliest under what is assumed.

    That chance is found by halving on the likelihood's slope, where the package has a formula.
    """
    low, high = max(0.0, -difference), (1 - difference) / 2
    for _ in range(80):
        middle = (low + high) / 2
        rest = max(1 - difference - 2 * middle, 1e-300)
        slope = (
            wins / (middle + difference or 1e-300)
            + losses / (middle or 1e-300)
            - 2 * (n - wins - losses) / rest
        )
        low, high = (middle, high) if slope > 0 else (low, middle)
    variance = (2 * low + difference - difference * difference) / n
    return ((wins - losses) / n - difference) / sqrt(variance)


@pytest.fixture(scope="module")
def table() -> tuple[int, int, int]:
    """Wins, losses and questions of few-shot against zero-shot, counted from the files."""
    few, zero = rights("few-shot"), rights("zero-shot")
    assert few.keys() == zero.keys()
    wins = sum(few[question] and not zero[question] for question in few)
    losses = sum(zero[question] and not few[question] for question in few)
    return wins, losses, len(few)


@pytest.fixture(scope="module")
def out(desk: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run of the committed config."""
    folder = tmp_path_factory.mktemp("nq")
    ended = desk.harness("run", "configs/nq-recorded.yaml", "--out", folder, "--quiet", cwd=ROOT)
    assert ended.code == 0, ended.err
    return folder


@pytest.fixture(scope="module")
def compared(out: Path, desk: ModuleType) -> dict[str, Any]:
    """What `harness compare` says of the two."""
    words = (desk.run_folder(out), "--variants", "few-shot,zero-shot", "--out", out, "--json")
    ended = desk.harness("compare", *words, cwd=ROOT)
    assert ended.code == 0, ended.err
    (found,) = [one for one in json.loads(ended.out)["comparisons"] if one["metric"] == "exact_match"]
    return found


def test_the_table_is_that_of_the_files(compared: dict[str, Any], table: tuple[int, int, int]) -> None:
    """Wins, losses, ties and the difference; the ids are those of the questions."""
    wins, losses, n = table
    assert (wins, losses, n) == (68, 4, 301)
    assert (compared["a"], compared["b"], compared["partition"]) == ("few-shot", "zero-shot", "golden")
    assert (compared["wins"], compared["losses"], compared["n"]) == table
    assert compared["ties"] == n - wins - losses
    assert compared["difference"] == pytest.approx((wins - losses) / n, abs=1e-12)
    assert (len(compared["won"]), len(compared["lost"])) == (wins, losses)


def test_the_interval_is_tangos(compared: dict[str, Any], table: tuple[int, int, int]) -> None:
    """Within one step of the grid, and on its inner side never."""
    low, high = tango_interval(*table)
    assert compared["method"].startswith("Tango")
    assert low - 1 / GRID <= compared["ci"][0] <= low
    assert high <= compared["ci"][1] <= high + 1 / GRID


def test_the_p_is_the_mid_p(compared: dict[str, Any], table: tuple[int, int, int]) -> None:
    """To ten digits of the exact fraction; the verdict follows."""
    exact = mid_p(*table[:2])
    assert compared["p"] == pytest.approx(float(exact), rel=1e-10)
    assert compared["verdict"] == "better"


def test_the_summary_of_the_run_says_the_same(compared: dict[str, Any], out: Path, desk: ModuleType) -> None:
    """Against the config's control the same difference stands in summary.json, adjusted for three variants."""
    (told,) = [
        one
        for one in desk.summary_in(out)["comparisons"]
        if (one["a"], one["metric"]) == ("few-shot", "exact_match")
    ]
    same = ("b", "difference", "ci", "p", "n", "wins", "losses", "ties", "won", "lost", "verdict")
    assert {name: told[name] for name in same} == {name: compared[name] for name in same}
    assert told["p"] <= told["p_adjusted"] <= 3 * told["p"]
