"""On CLINC150, intents that people wrote, the same lesson: tuned leads within its train, and not beside it."""

import json
import os
import random
from collections import defaultdict
from pathlib import Path

import pytest

from harness.reference.ask import Ask, Turn
from harness.reference.prompt import read
from harness.reference.reading import answer_untuned
from harness.reference.tuned import Weights, answer_tuned

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(os.environ.get("HARNESS_DATA", ROOT.parent / "shared" / "data")) / "clinc150" / "data_full.json"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the CLINC150 data is not there (HARNESS_DATA)")


@pytest.fixture(scope="module")
def clinc():
    """20 intents: 60 train rows of each, 150 test rows, 150 rows of the out-of-scope test."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    chosen = sorted(random.Random(3).sample(sorted({label for _, label in data["train"]}), 20))
    by_label = defaultdict(list)
    for text, label in data["train"]:
        by_label[label].append(text)
    train = [
        {"inputs": {"text": text}, "expected": label} for label in chosen for text in by_label[label][:60]
    ]
    golden = [(text, label) for text, label in data["test"] if label in chosen]
    random.Random(4).shuffle(golden)
    edge = [(text, "oos") for text, _ in data["oos_test"][:150]]
    return chosen, train, golden[:150], edge


def test_the_lesson_on_clinc(clinc):
    """Tuned: best on golden, no slip, and never right out of scope. Base: worse, but it says oos."""
    chosen, train, golden, edge = clinc
    listed = "\n".join(f"- {name}" for name in chosen)
    system = f"Classify the message. Answer with the name of one intent only.\n\nIntents:\n{listed}\n- oos: anything else"
    weights = Weights(train, None)
    worked = [(row["inputs"]["text"], row["expected"]) for row in train[::60]][:10]

    def ask(text, model, shots):
        turns = [Turn(role="system", text=system)]
        for asked, label in shots:
            turns += [Turn(role="user", text=asked), Turn(role="assistant", text=label)]
        return Ask(model=model, turns=(*turns, Turn(role="user", text=text)))

    def run(rows, *, tuned=False, shots=()):
        answers = []
        for text, _ in rows:
            request = ask(text, "reference-tuned" if tuned else "reference-base", shots)
            brief = read(request)
            answers.append(
                (answer_tuned(request, brief, weights) if tuned else answer_untuned(request, brief)).text
            )
        right = sum(answer == label for answer, (_, label) in zip(answers, rows, strict=True)) / len(rows)
        slipped = sum(answer not in {*chosen, "oos"} for answer in answers) / len(rows)
        return right, slipped

    base, shown, tuned = run(golden), run(golden, shots=worked), run(golden, tuned=True)
    assert tuned[0] > 0.9
    assert base[0] + 0.2 < tuned[0]
    assert tuned[1] == 0
    assert shown[1] < base[1]
    assert run(edge)[0] > 0.4
    assert run(edge, tuned=True)[0] == 0
