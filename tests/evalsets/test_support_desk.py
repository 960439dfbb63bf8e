"""The quickstart's evalset keeps the promises of its CARD."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

FOLDER = Path(__file__).parents[2] / "evalsets" / "support-desk"
STARTER = Path(__file__).parents[2] / "harness" / "files" / "starter" / "evalset"
EDGE_TAGS = {"adversarial", "out_of_domain", "malformed"}
UNKNOWN = "I don't know"
OTHER = "other"
AGED = 8

Row = dict[str, Any]


def read(folder: Path) -> dict[str, list[Row]]:
    """Every partition of a folder."""
    return {
        name: [
            json.loads(line)
            for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
            if line
        ]
        for name in ("golden", "edge", "train")
    }


def plain(text: str) -> str:
    """Casefolded, with single spaces."""
    return " ".join(text.casefold().split())


def documents(folder: Path) -> dict[str, str]:
    """Id → text."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "corpus").glob("*.md"))}


def forms(row: Row) -> list[str]:
    """The acceptable answers of a row."""
    answer = row["expected"]["answer"]
    return answer if isinstance(answer, list) else [answer]


PARTS = {"support-desk": read(FOLDER), "starter": read(STARTER)}
CORPUS = {"support-desk": documents(FOLDER), "starter": documents(STARTER)}
FOLDERS = {"support-desk": FOLDER, "starter": STARTER}


@pytest.fixture(params=PARTS)
def desk(request: pytest.FixtureRequest) -> str:
    """The name of an evalset that comes with the project."""
    return request.param


def judged(desk: str) -> list[Row]:
    """Golden and edge."""
    return [*PARTS[desk]["golden"], *PARTS[desk]["edge"]]


def test_partitions_are_large_enough() -> None:
    """The quickstart has at least 80 golden, 60 edge and 600 train rows, and 40 documents."""
    sizes = {name: len(rows) for name, rows in PARTS["support-desk"].items()}
    assert sizes["golden"] >= 90
    assert sizes["edge"] >= 66
    assert sizes["train"] >= 640
    assert len(CORPUS["support-desk"]) >= 44


def test_ids_are_unique_over_the_partitions(desk: str) -> None:
    """No two rows share an id, whatever file they stand in."""
    ids = Counter(row["id"] for rows in PARTS[desk].values() for row in rows)
    assert max(ids.values()) == 1


def test_no_two_tickets_are_the_same(desk: str) -> None:
    """A ticket is asked once in the whole evalset."""
    asked = Counter(
        plain(next(iter(row["inputs"].values()))) for rows in PARTS[desk].values() for row in rows
    )
    assert [text for text, times in asked.items() if times > 1] == []


def test_expected_answers_are_valid_answers(desk: str) -> None:
    """Every expected answer, in each of its forms, is valid against the evalset's own schema."""
    schema = json.loads((FOLDERS[desk] / "output.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    for rows in PARTS[desk].values():
        for row in rows:
            for form in forms(row):
                validator.validate({**row["expected"], "answer": form})


def test_named_documents_exist(desk: str) -> None:
    """`relevant` and the expected sources name documents of the corpus, and judged rows name the same ones."""
    for rows in PARTS[desk].values():
        for row in rows:
            assert set(row["expected"]["sources"]) <= set(CORPUS[desk]), row["id"]
    for row in judged(desk):
        assert row.get("relevant", []) == row["expected"]["sources"], row["id"]


def test_facts_stand_in_their_documents(desk: str) -> None:
    """The first form of an answer stands word for word in each document that is said to hold it."""
    for row in judged(desk):
        for doc in row.get("relevant", []):
            assert plain(forms(row)[0]) in plain(CORPUS[desk][doc]), (row["id"], doc)


def test_rows_without_an_answer_say_so(desk: str) -> None:
    """No document, other, low, the agreed phrase and accept_refusal go together, in every judged row."""
    for row in judged(desk):
        expected = row["expected"]
        signs = {
            expected["answer"] == UNKNOWN,
            expected["sources"] == [],
            OTHER in (expected.get("category"), expected.get("topic")),
            row.get("accept_refusal", False),
        }
        assert len(signs) == 1, row["id"]
        assert OTHER not in expected.values() or expected.get("priority", "low") == "low", row["id"]


def test_edge_rows_carry_their_tags(desk: str) -> None:
    """Each edge row has one of the three tags, and golden none; the quickstart has 22 of each."""
    assert all(EDGE_TAGS & set(row["tags"]) for row in PARTS[desk]["edge"])
    assert not any(EDGE_TAGS & set(row["tags"]) for row in PARTS[desk]["golden"])
    counted = Counter(tag for row in PARTS[desk]["edge"] for tag in EDGE_TAGS & set(row["tags"]))
    least = 22 if desk == "support-desk" else 3
    assert all(counted[tag] >= least for tag in EDGE_TAGS), counted


def test_documents_are_short_and_titled(desk: str) -> None:
    """A document begins with its title and holds 80 to 250 words; a starter's may be shorter."""
    least = 80 if desk == "support-desk" else 40
    for doc, text in CORPUS[desk].items():
        assert text.startswith("# "), doc
        assert least <= len(text.split()) <= 250, doc


def test_every_document_is_asked_about() -> None:
    """No document of the quickstart's corpus is mere ballast: golden asks for each."""
    asked = {doc for row in PARTS["support-desk"]["golden"] for doc in row.get("relevant", [])}
    assert asked == set(CORPUS["support-desk"])


def test_train_is_what_its_script_writes() -> None:
    """The script makes the committed bytes again, and finds no leak of golden or edge."""
    ran = subprocess.run(
        [sys.executable, FOLDER / "make_train.py", "--check"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_a_leak_stops_the_script(tmp_path: Path) -> None:
    """A golden ticket that quotes half of a train ticket is named, and nothing is written."""
    for name in ("make_train.py", "train_parts.toml", "edge.jsonl"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    longest = max(PARTS["support-desk"]["train"], key=lambda row: len(row["inputs"]["ticket"]))
    quoted = {
        "id": "g-leak",
        "inputs": {"ticket": longest["inputs"]["ticket"].upper() + " And so on, dear desk!"},
    }
    (tmp_path / "golden.jsonl").write_text(json.dumps(quoted) + "\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, tmp_path / "make_train.py"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 1
    assert "golden.jsonl: g-leak stands in train" in ran.stderr
    assert not (tmp_path / "train.jsonl").exists()


def test_aged_facts_are_the_ones_the_card_names() -> None:
    """For each fact in the CARD's table, train says the old value, and the corpus says only the new one."""
    card = (FOLDER / "CARD.md").read_text(encoding="utf-8")
    aged = re.findall(r"^\| .+? \| (.+?) \| (.+?) \(([\w-]+)\) \|$", card, re.MULTILINE)
    assert len(aged) == AGED
    for old, new, doc in aged:
        answers = {
            row["expected"]["answer"]
            for row in PARTS["support-desk"]["train"]
            if doc in row["expected"]["sources"]
        }
        text = CORPUS["support-desk"][doc]
        assert any(old in answer for answer in answers), doc
        assert not any(new in answer for answer in answers), doc
        assert new in text, doc
        assert old not in text, doc


def test_the_card_counts_what_is_there() -> None:
    """The CARD's figures are those of the files."""
    card = (FOLDER / "CARD.md").read_text(encoding="utf-8")
    parts = PARTS["support-desk"]
    for name, rows in parts.items():
        assert f"| {name}.jsonl | {len(rows)} |" in card
    assert f"| corpus/ | {len(CORPUS['support-desk'])} |" in card
    for field in ("category", "priority"):
        counted = {name: Counter(row["expected"][field] for row in rows) for name, rows in parts.items()}
        for value in set().union(*counted.values()):
            figures = " | ".join(str(counted[name][value]) for name in parts)
            assert f"| {value} | {figures} |" in card
    tags = Counter(tag for row in parts["edge"] for tag in row["tags"])
    for tag in EDGE_TAGS:
        assert f"{tag} {tags[tag]}" in card
