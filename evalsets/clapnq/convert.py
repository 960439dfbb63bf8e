"""Turns the public CLAPnq files into an evalset folder, which is not part of this project.

python evalsets/clapnq/convert.py FOLDER OUT

FOLDER is annotated_data/dev of github.com/primeqa/clapnq; OUT gets golden.jsonl (the answerable questions), edge.jsonl
(the unanswerable ones), corpus.jsonl (the passages of both) and CARD.md. The same files in, the same bytes out.
"""

import argparse
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

CARD = Path(__file__).with_name("CARD.md")
ANSWERABLE, UNANSWERABLE = "clapnq_dev_answerable.jsonl", "clapnq_dev_unanswerable.jsonl"

Row = dict[str, Any]


def rows_of(file: Path) -> list[Row]:
    """Every line of a JSONL file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def document_id(passage: Mapping[str, str]) -> str:
    """What a passage is called: its article, and a few digits of its text, since an article has several."""
    article = re.sub(r"\W+", "-", passage["title"].casefold()).strip("-")
    return f"{article}-{hashlib.sha256(passage['text'].encode()).hexdigest()[:6]}"


def documents(rows: Iterable[Row]) -> Iterator[Row]:
    """Each passage once, as a row of corpus.jsonl."""
    passages = {document_id(passage): passage for row in rows for passage in row["passages"]}
    for name, passage in passages.items():
        yield {"id": name, "text": passage["text"].strip(), "title": passage["title"]}


def answered(row: Row) -> Row:
    """A question with its passage and what the annotators made of it."""
    answers = dict.fromkeys(found["answer"].strip() for found in row["output"])
    return {
        "id": row["id"],
        "inputs": {"question": row["input"]},
        "expected": [answer for answer in answers if answer],
        "relevant": [document_id(passage) for passage in row["passages"]],
    }


def unanswered(row: Row) -> Row:
    """A question that its article does not answer."""
    return {
        "id": row["id"],
        "inputs": {"question": row["input"]},
        "expected": [],
        "accept_refusal": True,
        "tags": ["out_of_domain"],
        "meta": {"passage": document_id(row["passages"][0])},
    }


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSON lines, and say how many."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return len(lines)


def convert(folder: Path, out: Path) -> None:
    """Read the two files and write the folder."""
    known, unknown = rows_of(folder / ANSWERABLE), rows_of(folder / UNANSWERABLE)
    out.mkdir(parents=True, exist_ok=True)
    found = write(out / "corpus.jsonl", documents([*known, *unknown]))
    golden = write(out / "golden.jsonl", map(answered, known))
    edge = write(out / "edge.jsonl", map(unanswered, unknown))
    shutil.copy(CARD, out / "CARD.md")
    print(f"{out}: {golden} answerable and {edge} unanswerable questions, {found} passages")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    asked_for = parser.parse_args()
    convert(asked_for.folder, asked_for.out)
