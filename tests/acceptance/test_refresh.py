"""Tonight's document is known tomorrow, an index is paid for once, and a store that is down loses nothing."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.verified import assert_verified

CONFIG = """\
name: fresh
evalset: rows
concurrency: 4
timeout_s: 10
retries: 1
models:
  base: {provider: reference, model: reference-base, max_tokens: 200}
variants:
  closed: {prompt: {user: "{{ question }}"}, model: base}
  rag:
    extends: closed
    retrieve: {search: dense, top_k: 2, %s}
metrics: [contains]
"""
SUBJECTS = ("kettle", "lamp", "heater", "toaster", "mixer", "blender", "fan", "iron")


def experiment(desk: ModuleType, folder: Path, retrieve: str = "chunk: {tokens: 60, overlap: 0}") -> Path:
    """Write eight documents, each with one fact, and a question for each."""
    (folder / "rows" / "corpus").mkdir(parents=True)
    rows = []
    for n, subject in enumerate(SUBJECTS):
        document(folder, subject, f"The {subject} is covered by the warranty for {n + 2} years.")
        rows.append(
            {
                "id": f"g-{subject}",
                "inputs": {"question": f"For how many years is the {subject} covered by the warranty?"},
                "expected": f"{n + 2} years",
                "relevant": [subject],
            }
        )
    desk.write_rows(folder / "rows" / "golden.jsonl", rows)
    config = folder / "fresh.yaml"
    config.write_text(CONFIG % retrieve, encoding="utf-8")
    return config


def document(folder: Path, subject: str, text: str) -> None:
    """Write one document."""
    (folder / "rows" / "corpus" / f"{subject}.md").write_text(f"{text}\n", encoding="utf-8")


def newest(desk: ModuleType, out: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The newest run's index, and what `rag` answered."""
    run = out / (out / "latest").read_text().strip()
    (index,) = desk.lines_of(run / "indexes.jsonl")
    answers = {
        line["example_id"]: line["outcome"]["text"]
        for line in desk.lines_of(run / "records.jsonl")
        if line["variant"] == "rag" and not line["warmup"]
    }
    return index, answers


def test_a_changed_document_is_known_at_the_next_run(desk: ModuleType, tmp_path: Path) -> None:
    """A fact is changed: only its chunk is embedded again, by itself, and the answer follows."""
    config = experiment(desk, tmp_path)
    assert desk.harness("run", config, cwd=tmp_path).code == 0
    first, before = newest(desk, tmp_path / "results")
    assert (first["chunks"], first["embedded"], first["kept"]) == (8, 8, 0)
    assert "4 years" in before["g-heater"]
    document(tmp_path, "heater", "The heater is covered by the warranty for 11 years.")
    assert desk.harness("run", config, cwd=tmp_path).code == 0
    then, after = newest(desk, tmp_path / "results")
    assert (then["chunks"], then["embedded"], then["kept"], then["calls"]) == (8, 1, 7, 1)
    assert then["index"] != first["index"]
    assert "11 years" in after["g-heater"]
    assert {name: text for name, text in after.items() if name != "g-heater"} == {
        name: text for name, text in before.items() if name != "g-heater"
    }


def test_a_second_run_embeds_nothing_but_its_queries(desk: ModuleType, tmp_path: Path) -> None:
    """The same corpus: no call for the index, and no money; every query is embedded afresh in every run."""
    config = experiment(desk, tmp_path)
    for turn in (1, 2):
        assert desk.harness("run", config, cwd=tmp_path).code == 0
        index, _ = newest(desk, tmp_path / "results")
        assert (index["calls"] > 0) is (turn == 1)
        assert (index["cost_usd"] > 0) is (turn == 1)
        run = tmp_path / "results" / (tmp_path / "results" / "latest").read_text().strip()
        lines = [line for line in desk.lines_of(run / "records.jsonl") if line["variant"] == "rag"]
        assert_verified(run)
        embeds = [stage for line in lines for stage in line["stages"] if stage["name"] == "embed"]
        assert len(embeds) == len(lines)
        assert all(stage["ms"] > 0 and not stage["cached"] for stage in embeds)
    with sqlite3.connect(tmp_path / "results" / "indexes" / "embeddings.sqlite") as kept:
        assert kept.execute("SELECT count(*) FROM embeddings").fetchone() == (8,)


def test_before_a_run_nothing_is_embedded_and_the_bound_has_it(desk: ModuleType, tmp_path: Path) -> None:
    """`check`, `show` and `--dry-run` write and send nothing; the most that a run may cost holds the index and each stage."""
    config = experiment(desk, tmp_path)
    told = json.loads(desk.harness("run", config, "--dry-run", "--json", cwd=tmp_path).out)
    assert [bound["variant"] for bound in told["cost_bounds"]] == ["(index)", "closed", "rag"]
    assert all(bound["usd"] > 0 for bound in told["cost_bounds"])
    shown = desk.harness("show", config, "--variant", "rag", "--example", "g-lamp", cwd=tmp_path)
    assert "2 passages, found when the query is embedded" in shown.out
    assert not (tmp_path / "results").exists()
    ended = desk.harness("run", config, "--max-cost", "10", cwd=tmp_path)
    assert ended.code == 0
    run = tmp_path / "results" / (tmp_path / "results" / "latest").read_text().strip()
    spend = json.loads((run / "summary.json").read_text())["spend"]
    assert 0 < spend["spent_usd"] <= told["cost_at_most_usd"]


@contextmanager
def searching(documents: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A retriever of somebody's own: finds documents by a word of the query. Yields its url and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            found = [name for name in documents if name in body["query"]]
            hits = [{"id": name, "body": documents[name], "how": 0.5} for name in found]
            told = json.dumps({"hits": hits}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/search", asked
    finally:
        server.shutdown()
        server.server_close()


HTTP = 'store: {kind: http, url: "%s", documents: {doc: "$.hits[*].id", text: "$.hits[*].body", score: "$.hits[*].how"}}'


def test_a_retriever_of_ones_own_is_asked_over_http(desk: ModuleType, tmp_path: Path) -> None:
    """It is a stage like any other: timed at the wire, its passages in the record and in the prompt; nothing is indexed."""
    facts = {subject: f"The {subject} is covered for {n + 2} years." for n, subject in enumerate(SUBJECTS)}
    with searching(facts) as (url, asked):
        config = experiment(desk, tmp_path, HTTP % url)
        ended = desk.harness("run", config, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert asked[0].keys() == {"query", "top_k"}
    assert asked[0]["top_k"] == 2
    run = tmp_path / "results" / (tmp_path / "results" / "latest").read_text().strip()
    lines = [line for line in desk.lines_of(run / "records.jsonl") if line["variant"] == "rag"]
    for line in lines:
        assert [stage["name"] for stage in line["stages"]] == ["retrieve", "prompt", "generate"]
        assert (line["stages"][0]["clock"], line["stages"][0]["model"]) == ("wire", "retriever")
        assert line["cost_usd"] > 0
    found = {
        line["example_id"]: [one["doc"] for one in line["retrieved"]] for line in lines if not line["warmup"]
    }
    assert found == {f"g-{subject}": [subject] for subject in SUBJECTS}
    assert not (run / "indexes.jsonl").exists()
    assert_verified(run)


OWN = '''\
def search(asked, prefix=""):
    """Find by a word of the query."""
    words = asked["query"].split()
    return [{"doc": prefix + word, "text": word, "score": 1.0} for word in words if word in %r][: asked["top_k"]]
'''


def test_a_retriever_of_ones_own_may_be_a_function(desk: ModuleType, tmp_path: Path) -> None:
    """Given the query and what the config adds, it returns documents, best first."""
    (tmp_path / "mine.py").write_text(OWN % (SUBJECTS,), encoding="utf-8")
    config = experiment(
        desk, tmp_path, "store: {kind: python, function: 'mine:search', options: {prefix: d-}}"
    )
    ended = desk.harness("run", config, "--variants", "rag", cwd=tmp_path)
    assert ended.code == 0, ended.err
    run = tmp_path / "results" / (tmp_path / "results" / "latest").read_text().strip()
    lines = [line for line in desk.lines_of(run / "records.jsonl") if not line["warmup"]]
    assert {line["retrieved"][0]["doc"] for line in lines} == {f"d-{subject}" for subject in SUBJECTS}


@pytest.mark.parametrize(
    ("retrieve", "said"),
    [
        (
            "embed: {provider: openai, model: e, base_url: 'http://127.0.0.1:9/v1'}",
            "the index cannot be built",
        ),
        (HTTP % "http://127.0.0.1:9/", "no scored trial"),
    ],
)
def test_a_server_that_is_down_leaves_the_run_undecided(
    desk: ModuleType, tmp_path: Path, retrieve: str, said: str
) -> None:
    """Exit 3, one line that says what is down, and a run to go on with once it is up."""
    config = experiment(desk, tmp_path, retrieve)
    ended = desk.harness("run", config, "--variants", "rag", "--set", "retries=0", cwd=tmp_path)
    assert ended.code == 3, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "--resume-run" in ended.err


def test_a_stop_while_an_index_is_built_keeps_what_was_paid(desk: ModuleType, tmp_path: Path) -> None:
    """Ctrl-C among the documents: exit 130, the command that goes on, and no chunk embedded twice."""
    pause = "embed: {provider: reference, model: reference-embed, extra: {reference: {time_scale: 400}}}, chunk: {tokens: 9, overlap: 0}"
    config = experiment(desk, tmp_path, pause)
    long = " ".join(f"Note {n} is of no use to anybody at all." for n in range(900))
    document(tmp_path, "notes", long)
    with desk.started("run", config, cwd=tmp_path) as process:
        kept = tmp_path / "results" / "indexes" / "embeddings.sqlite"
        assert process.stderr is not None
        for line in process.stderr:
            if "chunks have their embedding" in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "--resume-run" in err
    assert "Traceback" not in err
    (index,) = desk.lines_of(desk.run_folder(tmp_path / "results") / "indexes.jsonl")
    assert 0 < index["embedded"] < index["chunks"]
    with sqlite3.connect(kept) as rows:
        assert rows.execute("SELECT count(*) FROM embeddings").fetchone() == (index["embedded"],)
    speed = ("--set", "variants.rag.retrieve.embed.extra.reference.time_scale=0.01")
    assert desk.harness("run", config, *speed, "--limit", "1", cwd=tmp_path).code == 0
