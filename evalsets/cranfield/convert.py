"""Turns the public Cranfield files into an evalset folder, which is not part of this project.

python evalsets/cranfield/convert.py DATA OUT

DATA holds cran.all.1400.xml, cran.qry.xml and cranqrel.trec.txt (TREC's form of the collection: see CARD.md beside this
file); OUT gets corpus.jsonl, golden.jsonl and CARD.md. The same files in, the same bytes out.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

CARD = Path(__file__).with_name("CARD.md")
NO_TEXT = "."
"""Of the two documents without a word: a judgement names one of them, and it is never found."""

Row = dict[str, Any]


def elements(text: str, name: str) -> Iterator[str]:
    """What stands between each pair of such tags; the files are XML in looks only, and none of these nest."""
    return (match[1] for match in re.finditer(rf"<{name}>(.*?)</{name}>", text, re.DOTALL))


def field(text: str, name: str) -> str:
    """One field on one line; empty where there is none."""
    return " ".join(next(elements(text, name), "").split())


def documents(text: str) -> Iterator[Row]:
    """Each abstract as a row of corpus.jsonl."""
    for one in elements(text, "doc"):
        meta = {name: field(one, name) for name in ("author", "bib") if field(one, name)}
        row = {"id": field(one, "docno"), "text": field(one, "text") or NO_TEXT}
        yield row | {"title": field(one, "title")} | ({"meta": meta} if meta else {})


def examples(text: str, judgements: Mapping[int, Mapping[str, int]]) -> Iterator[Row]:
    """Each query as a row of golden.jsonl, with its place in the file as its number."""
    for place, one in enumerate(elements(text, "top"), 1):
        yield {
            "id": f"q-{place:03}",
            "inputs": {"question": field(one, "title")},
            "relevant": judgements[place],
            "meta": {"num": field(one, "num")},
        }


def grades(lines: Iterable[str]) -> dict[int, dict[str, int]]:
    """Judgements by query. The file numbers queries by their place, from 1 to 225, and not by their `num`."""
    judged: dict[int, dict[str, int]] = {}
    for line in lines:
        query, _, document, grade = line.split()
        judged.setdefault(int(query), {})[document] = int(grade)
    return judged


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSON lines, and say how many."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return len(lines)


def convert(data: Path, out: Path) -> None:
    """Read the three files and write the folder."""
    names = ("cran.all.1400.xml", "cran.qry.xml", "cranqrel.trec.txt")
    corpus, queries, judged = ((data / name).read_text(encoding="utf-8") for name in names)
    out.mkdir(parents=True, exist_ok=True)
    found = write(out / "corpus.jsonl", documents(corpus))
    asked = write(out / "golden.jsonl", examples(queries, grades(judged.splitlines())))
    shutil.copy(CARD, out / "CARD.md")
    print(f"{out}: {found:,} documents, {asked:,} queries")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    asked_for = parser.parse_args()
    convert(asked_for.data, asked_for.out)
