"""The published figures of real systems on Natural Questions come out to two decimals."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from harness.scorers.squad_em import SquadEm
from harness.scorers.squad_f1 import SquadF1
from harness.types.score import Scored, Unscored

DATA = Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / "../shared/data")) / "nq-recorded"
FILES = {
    "zero-shot": "NQ301_text-davinci-003_zeroshot.jsonl",
    "few-shot": "NQ301_text-davinci-003_fewshot-n64.jsonl",
    "DPR": "NQ_DPR.jsonl",
    "FiD": "NQ_FiD.jsonl",
}

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded Natural Questions answers are not here"
)


def rows(system: str) -> dict[str, dict[str, Any]]:
    """The rows of one system by question."""
    lines = (DATA / FILES[system]).read_text(encoding="utf-8").splitlines()
    return {row["question"]: row for row in map(json.loads, lines)}


def figures(judge: Callable[..., Scored | Unscored], judged: list[dict[str, Any]]) -> tuple[float, float]:
    """Exact match and F1 in per cent; the first text where a prediction is a list."""
    texts = [
        row["prediction"] if isinstance(row["prediction"], str) else row["prediction"][0] for row in judged
    ]
    em, f1 = (
        [judge(scorer, text, row["answer"]).value for text, row in zip(texts, judged, strict=True)]
        for scorer in (SquadEm(), SquadF1())
    )
    return round(100 * fmean(em), 2), round(100 * fmean(f1), 2)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("zero-shot", (12.62, 27.54)),
        ("few-shot", (33.89, 50.47)),
        ("DPR", (45.85, 52.29)),
        ("FiD", (47.84, 55.35)),
    ],
)
def test_the_301_questions_that_all_four_have(judge, system, expected):
    """On the common questions each system has its published exact match and F1."""
    common = rows("zero-shot").keys() & rows("few-shot").keys() & rows("DPR").keys() & rows("FiD").keys()
    assert len(common) == 301
    assert figures(judge, [row for question, row in rows(system).items() if question in common]) == expected


@pytest.mark.parametrize(("system", "expected"), [("DPR", (40.91, 47.78)), ("FiD", (46.48, 53.72))])
def test_all_3610_questions(judge, system, expected):
    """On all questions the two retrieval systems have their published exact match and F1."""
    every = list(rows(system).values())
    assert len(every) == 3610
    assert figures(judge, every) == expected
