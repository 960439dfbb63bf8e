"""Faults that are planted in retrieval get the blame: documents taken out of the corpus, and a reranker that reverses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfile
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

REMOVED = 0.2
RETRIEVE = "search: bm25, chunk: {tokens: 400, overlap: 0}, top_k: 8"
CONFIG = """\
name: planted
evalset: rows
seed: 7
controls: [closed-book, oracle]
models:
  base: {{provider: reference, model: reference-base, extra: {{reference: {{time_scale: 0.01}}}}}}
  backwards: {{provider: openai, model: backwards, base_url: "{url}"}}
variants:
  whole:
    prompt: {{system: {system}, user: "{{{{ ticket }}}}"}}
    model: base
    retrieve: {{corpus: {corpus}, {retrieve}}}
  poor: {{extends: whole, retrieve: {{corpus: rows/corpus}}}}
  reversed: {{extends: whole, rerank: {{model: backwards, top_n: 2}}}}
  both: {{extends: poor, rerank: {{model: backwards, top_n: 2}}}}
metrics:
  - {{name: facts, scorer: json_fields, lenient: true, fields: {{answer: contains}}}}
"""


class Backwards(BaseHTTPRequestHandler):
    """Ranks what it is sent from the last to the first."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer /v1/rerank."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        places = reversed(range(len(asked["documents"])))
        results = [{"index": place, "relevance_score": (1.0 + place) / 100} for place in places]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def backwards() -> Iterator[str]:
    """The reranker's base_url, while it is up."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backwards)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def plant(desk: ModuleType, folder: Path, url: str) -> Path:
    """The support desk without every fifth relevant document; golden are the rows that need one of these, edge the rest."""
    source, rows = desk.ROOT / "evalsets" / "support-desk", folder / "rows"
    (rows / "corpus").mkdir(parents=True)
    asked = [row for row in desk.lines_of(source / "golden.jsonl") if row.get("relevant")]
    relevant = sorted({doc for row in asked for doc in row["relevant"]})
    removed = set(relevant[:: round(1 / REMOVED)])
    for file in (source / "corpus").glob("*.md"):
        if file.stem not in removed:
            copyfile(file, rows / "corpus" / file.name)
    lost = [row for row in asked if set(row["relevant"]) <= removed]
    kept = [row | {"tags": ["malformed"]} for row in asked if row not in lost]
    desk.write_rows(rows / "golden.jsonl", lost)
    desk.write_rows(rows / "edge.jsonl", kept)
    for name in ("train.jsonl", "output.schema.json"):
        copyfile(source / name, rows / name)
    config = folder / "planted.yaml"
    system = desk.ROOT / "configs" / "prompts" / "triage-rag.md"
    config.write_text(
        CONFIG.format(url=url, system=system, corpus=source / "corpus", retrieve=RETRIEVE), encoding="utf-8"
    )
    return config


@pytest.fixture(scope="module")
def run(desk: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """How it ended, and its folder."""
    folder = tmp_path_factory.mktemp("planted")
    with backwards() as url:
        ended = desk.harness("run", plant(desk, folder, url), "--quiet", cwd=folder)
    assert ended.code == 0, ended.err
    return ended, desk.run_folder(folder / "results")


def wrong_in(desk: ModuleType, folder: Path, variant: str, partition: str) -> set[str]:
    """The examples that a variant answered wrongly."""
    return {
        line["example_id"]
        for line in desk.lines_of(folder / "scores.jsonl")
        if (line["variant"], line["partition"], line["metric"]) == (variant, partition, "facts")
        and line["value"] is not None
        and line["value"] < 0.5
    }


def blame_of(desk: ModuleType, folder: Path, variant: str, partition: str) -> dict[str, Any]:
    """The split in summary.json."""
    blame: dict[str, Any] = desk.summary_in(folder.parent)["variants"][variant]["partitions"][partition][
        "blame"
    ]
    assert sum(blame["causes"].values()) == blame["wrong"] == len(wrong_in(desk, folder, variant, partition))
    return blame


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["poor", "both"])
def test_a_document_that_was_taken_out_gets_the_blame(
    run: tuple[Any, Path], desk: ModuleType, variant: str
) -> None:
    """Of the wrong answers to rows whose document is gone, at least 90 % are put down to the corpus; elsewhere none is."""
    _, folder = run
    lost = blame_of(desk, folder, variant, "golden")
    assert lost["wrong"] >= 15
    assert lost["causes"]["not_in_corpus"] >= 0.9 * lost["wrong"]
    assert lost["oracle_right"]["not_in_corpus"] is None, "there was no document to hand over"
    assert blame_of(desk, folder, variant, "edge")["causes"]["not_in_corpus"] == 0
    assert blame_of(desk, folder, "whole", "golden")["causes"]["not_in_corpus"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["reversed", "both"])
def test_a_reranker_that_reverses_gets_the_blame(
    run: tuple[Any, Path], desk: ModuleType, variant: str
) -> None:
    """Of what was right before it came and is wrong now, at least 90 % are put down to the cut; without it nothing is."""
    _, folder = run
    broken = wrong_in(desk, folder, variant, "edge") - wrong_in(desk, folder, "whole", "edge")
    assert len(broken) >= 20
    blame = blame_of(desk, folder, variant, "edge")
    assert 0.9 * len(broken) <= blame["causes"]["cut"] <= blame["wrong"]
    assert blame["oracle_right"]["cut"] >= 0.5 * blame["causes"]["cut"]
    assert blame["closed_book_right"]["cut"] <= 0.2 * blame["causes"]["cut"]
    assert blame_of(desk, folder, "whole", "edge")["causes"]["cut"] == 0


@pytest.mark.slow
def test_controls_are_shared_marked_and_told(run: tuple[Any, Path], desk: ModuleType) -> None:
    """One closed book for all four, one oracle a corpus; marked in the table, and the report says what to mend first."""
    ended, folder = run
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["aid"] == {
        "closed-book": "closed-book",
        "oracle@whole": "oracle",
        "oracle@poor": "oracle",
    }
    assert manifest["aided"]["both"] == {"closed-book": "closed-book", "oracle": "oracle@poor"}
    assert manifest["absent"]["whole"] == []
    assert "oracle@poor (control)" in ended.out
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "Fix the corpus first: 100 % of poor's" in report
    assert "Fix retrieval first: 100 % of reversed's" in report
    assert desk.summary_in(folder.parent)["variants"]["oracle@poor"]["aid"] == "oracle"
