"""Documents are read from a folder or from rows, each with an id that a row's `relevant` can name."""

import json
from pathlib import Path

import pytest

from harness.errors import EvalsetError
from harness.files.corpus import corpus_files, read_documents


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def refused(path: Path) -> list[str]:
    """Read a corpus that is refused: its faults, paths below the corpus."""
    with pytest.raises(EvalsetError) as caught:
        read_documents(str(path))
    return [str(fault).removeprefix(f"{path}/") for fault in caught.value.faults]


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    """Ids are paths without a suffix; a heading is the title; hidden files and other kinds are left alone."""
    write(tmp_path / "b.md", "\ufeffIntro\n\n# Refunds #\n\nBody\r\nmore\r\n")
    write(tmp_path / "a" / "deep" / "x.txt", "Plain é\n")
    write(tmp_path / "a" / "code.v1.md", "```\n# a comment\n```\n## Second\n")
    write(tmp_path / ".git" / "notes.md", "hidden")
    write(tmp_path / "image.png", b"\x89PNG")
    documents = read_documents(str(tmp_path))
    assert [(one.id, one.title) for one in documents] == [
        ("a/code.v1", ""),
        ("a/deep/x", ""),
        ("b", "Refunds"),
    ]
    assert documents[2].text == "Intro\n\n# Refunds #\n\nBody\nmore\n"


def test_rows_are_documents(tmp_path: Path) -> None:
    """corpus.jsonl in the folder, or named itself; a number is an id too."""
    rows = [{"id": 7, "text": "a"}, {"id": "x", "text": "b", "title": "B", "meta": {"url": "u"}}]
    write(tmp_path / "corpus.jsonl", "\n".join(map(json.dumps, rows)))
    for path in (tmp_path, tmp_path / "corpus.jsonl"):
        first, second = read_documents(str(path))
        assert (first.id, first.title, first.meta) == ("7", "", {})
        assert (second.id, second.title, second.meta) == ("x", "B", {"url": "u"})
    write(tmp_path / "more.md", "text")
    assert [one.id for one in read_documents(str(tmp_path))] == ["7", "x", "more"]
    assert [Path(one).name for one in corpus_files(str(tmp_path))] == ["corpus.jsonl", "more.md"]


def test_an_id_stands_once(tmp_path: Path) -> None:
    """a.md and a.txt, or a row and a file, would be one document: both places are named."""
    write(tmp_path / "a.md", "x")
    write(tmp_path / "a.txt", "y")
    write(
        tmp_path / "corpus.jsonl",
        '{"id": "b", "text": "1"}\n{"id": "a", "text": "2"}\n{"id": "b", "text": "3"}\n',
    )
    assert refused(tmp_path) == [
        f'corpus.jsonl:3: the document id "b" stands at {tmp_path}/corpus.jsonl:1 already; rename one',
        f'a.md:1: the document id "a" stands at {tmp_path}/corpus.jsonl:2 already; rename one',
        f'a.txt:1: the document id "a" stands at {tmp_path}/corpus.jsonl:2 already; rename one',
    ]


def test_every_bad_document_is_named(tmp_path: Path) -> None:
    """Empty, in another encoding, or a row that is no document: all in one go, by file and line."""
    write(tmp_path / "empty.md", " \n")
    write(tmp_path / "latin.txt", b"fine\ncaf\xe9\n")
    write(tmp_path / "nul.txt", b"a\0b")
    write(
        tmp_path / "corpus.jsonl",
        '{"id": "a"}\n{"id": "", "text": "x"}\n{"id": "b", "text": " "}\n{"id": "c", "text": "x", "titel": "t"}\n'
        '{"id": "d", "text": "x", "title": 1, "meta": []}\n{torn\n',
    )
    assert [": ".join(fault.split(": ")[:2])[:52] for fault in refused(tmp_path)] == [
        "corpus.jsonl:1: text must be text that is not empty,",
        'corpus.jsonl:2: id must be text, not ""',
        "corpus.jsonl:3: text must be text that is not empty,",
        'corpus.jsonl:4: unknown key "titel"; did you mean \'t',
        "corpus.jsonl:5: title must be text, not 1",
        "corpus.jsonl:5: meta must be an object, not []",
        "corpus.jsonl:6: not valid JSON",
        "empty.md:1: the document is empty; write it, or remo",
        "latin.txt:2: not UTF-8",
        "nul.txt:1: a NUL byte at byte 2 of the line; the fil",
    ]


def test_a_corpus_without_documents_is_a_fault(tmp_path: Path) -> None:
    """Nothing to search is a mistake, not an empty answer."""
    assert refused(tmp_path / "none")[0].endswith("none: no such folder or file")
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty")[0].endswith("holds no *.md, *.txt or corpus.jsonl")
    write(tmp_path / "rows" / "corpus.jsonl", "\n")
    assert refused(tmp_path / "rows") == [
        "corpus.jsonl:1: the corpus is empty; write a row for each document"
    ]
