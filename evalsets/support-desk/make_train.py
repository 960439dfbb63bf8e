"""Writes train.jsonl from train_parts.toml: the same bytes on every machine, and no text of golden or edge.

python make_train.py            write train.jsonl
python make_train.py --check    write nothing; exit 1 if train.jsonl differs from what would be written
"""

import argparse
import json
import random
import re
import string
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TRAIN = HERE / "train.jsonl"
JUDGED = ("golden", "edge")

SEED = 2025
ROWS_PER_TOPIC = 10
SCENE_SHARE = 0.35
PRESS_SHARE = 0.06
GRAM = 8
COVERAGE_LIMIT = 0.5
ATTEMPTS = 200

LEAD_INS = {
    "low": ("", "", "Thank you for asking. "),
    "normal": ("", "Thank you for writing. "),
    "high": ("We are sorry about this. ", "Sorry for the trouble. "),
    "urgent": ("",),
}
UNKNOWN = "I don't know"


def fill(text: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Put one value into each {slot}."""
    return re.sub(r"\{(\w+)\}", lambda found: rng.choice(slots[found[1]]), text)


def capitalise(text: str) -> str:
    """Write the first letter of the text, and the one after an opening that is a sentence, as a capital."""
    return re.sub(r"(^|[.!] )([a-z])", lambda found: found[1] + found[2].upper(), text, count=1)


def ticket(topic: Mapping[str, Any], parts: Mapping[str, Any], rng: random.Random) -> tuple[str, str]:
    """Compose one ticket; return it with its priority, which a deadline raises to high."""
    opening, closing = rng.choice(parts["openings"]), rng.choice(parts["closings"])
    text, priority = capitalise(opening + rng.choice(topic["asks"])), topic["priority"]
    if rng.random() < SCENE_SHARE:
        text += rng.choice(parts["scenes"])
    if topic.get("press", True) and priority in ("low", "normal") and rng.random() < PRESS_SHARE:
        text, priority = text + rng.choice(parts["presses"]), "high"
    return fill(text + closing, parts["slots"], rng).strip(), priority


def answer(topic: Mapping[str, Any], rng: random.Random) -> str:
    """Write the desk's answer in its style; the agreed phrase stays bare."""
    known = topic["answer"]
    return known if known == UNKNOWN else rng.choice(LEAD_INS[topic["priority"]]) + known


def rows_of(
    topic: Mapping[str, Any], parts: Mapping[str, Any], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield rows without end; the same ticket may come again."""
    while True:
        text, priority = ticket(topic, parts, rng)
        expected = {
            "category": topic["category"],
            "priority": priority,
            "answer": answer(topic, rng),
            "sources": topic["docs"],
        }
        yield {"inputs": {"ticket": text}, "expected": expected, "tags": [topic["category"]]}


def words(text: str) -> list[str]:
    """Casefold, drop punctuation, split."""
    return text.casefold().translate(str.maketrans("", "", string.punctuation)).split()


def grams(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    """Every run of GRAM tokens."""
    return {tuple(tokens[at : at + GRAM]) for at in range(len(tokens) - GRAM + 1)}


def coverage(tokens: Sequence[str], known: set[tuple[str, ...]]) -> float:
    """Share of the tokens that lie inside a run of GRAM tokens that is known."""
    covered = {
        at + step
        for at in range(len(tokens) - GRAM + 1)
        if tuple(tokens[at : at + GRAM]) in known
        for step in range(GRAM)
    }
    return len(covered) / len(tokens) if tokens else 0.0


def leaks(train: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name every judged row whose ticket stands in train, word for word or by at least half."""
    tokens = [words(row["inputs"]["ticket"]) for row in train]
    exact = {tuple(known) for known in tokens}
    known = set().union(*(grams(row) for row in tokens))
    found = []
    for partition in JUDGED:
        for line in (HERE / f"{partition}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            judged = words(row["inputs"]["ticket"])
            if judged and (tuple(judged) in exact or coverage(judged, known) >= COVERAGE_LIMIT):
                found.append(f"{partition}.jsonl: {row['id']} stands in train: {row['inputs']['ticket']}")
    return found


def build() -> list[dict[str, Any]]:
    """Make ROWS_PER_TOPIC different tickets for each topic, in a shuffled order."""
    parts = tomllib.loads((HERE / "train_parts.toml").read_text(encoding="utf-8"))
    seen: set[tuple[str, ...]] = set()
    made: list[dict[str, Any]] = []
    for number, topic in enumerate(parts["topic"]):
        # Each topic draws from a source of its own, so that a new one leaves the others as they are.
        candidates = rows_of(topic, parts, random.Random(f"{SEED}/{number}"))
        wanted = len(made) + ROWS_PER_TOPIC
        for _, row in zip(range(ATTEMPTS), candidates, strict=False):
            key = tuple(words(row["inputs"]["ticket"]))
            if key not in seen:
                seen.add(key)
                made.append(row)
            if len(made) == wanted:
                break
    random.Random(SEED).shuffle(made)
    return [{"id": f"t-{number:03d}", **row} for number, row in enumerate(made, 1)]


def main() -> int:
    """Write or check; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description="Write train.jsonl from train_parts.toml.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if train.jsonl would change"
    )
    checking = parser.parse_args().check
    train = build()
    if found := leaks(train):
        print("\n".join(found), file=sys.stderr)
        return 1
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in train).encode()
    if checking and (not TRAIN.exists() or TRAIN.read_bytes() != content):
        print(f"{TRAIN.name} is not what make_train.py writes; run it without --check", file=sys.stderr)
        return 1
    if not checking:
        TRAIN.write_bytes(content)
    print(f"{TRAIN.name}: {len(train)} rows, none of them in {' or '.join(JUDGED)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
