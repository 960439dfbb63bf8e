"""Qdrant: the suite in its client's local mode, which is real; and what a server can do to a client, with stubs of one."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.errors import CallError, UserError
from harness.retrievers import qdrant as running
from harness.retrievers.qdrant import Qdrant
from harness.text.chunks import chunk_id
from harness.types.search import Query
from tests.retrievers.bad_servers import answering, free_port, silent
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors

if find_spec("qdrant_client") is None:
    pytest.skip("the package qdrant-client is not installed", allow_module_level=True)

ROOT = Path(__file__).parents[2]


def kit(tmp_path, **changes):
    """What a store is given."""
    return replace(Kit(name="harness-abc", home=tmp_path), **changes)


class TestQdrant(StoreConformance):
    """In a folder, by the client itself."""

    @pytest.fixture
    def options(self, tmp_path):
        """A folder is all that it needs."""
        return Qdrant(path=str(tmp_path / "qdrant"))


def test_more_than_one_request_takes_is_written_in_parts(tmp_path, monkeypatch):
    """Everything is written, listed and deleted."""
    monkeypatch.setattr(running, "MOST_NUMBERS", 100)
    monkeypatch.setattr(running, "PAGE", 50)
    store = Qdrant(path=str(tmp_path)).open(kit(tmp_path))
    made = [replace(chunks(1)[0], doc=f"doc-{n}") for n in range(120)]
    store.add(made, vectors(120))
    assert store.ids() == {chunk_id(chunk) for chunk in made}
    store.delete(store.ids())
    assert store.ids() == set()
    store.close()


def test_values_that_are_alike_are_told_apart(tmp_path):
    """1 and true, "1" and 1 are different; 1 and 1.0 are the same; lists hold their items; a key may have a point."""
    metas = [
        {"v": 1},
        {"v": True},
        {"v": "1"},
        {"v": 1.0},
        {"v": [0, [1]]},
        {"v": {"v": 1}, "a.b": "x" * 5000},
    ]
    store = Qdrant(path=str(tmp_path)).open(kit(tmp_path))
    store.add(
        [
            replace(chunk, doc=f"{n}", meta=meta)
            for n, (chunk, meta) in enumerate(zip(chunks(), metas, strict=True))
        ],
        vectors(),
    )

    def left(**where):
        found = store.search(Query(text="", vector=vectors()[0].tolist(), where=where), 9)
        return {int(passage.doc) for passage in found}

    assert left(v=(1,)) == {0, 3, 4}
    assert left(v=(True,)) == {1}
    assert left(v=("1", True)) == {1, 2}
    assert left(v=()) == set()
    assert left(**{"a.b": ("x" * 5000,)}) == {5}
    store.close()


def test_many_threads_search_at_once(tmp_path):
    """Eight threads, each with its own query, each finds its own; a folder is searched in this process."""
    store = Qdrant(path=str(tmp_path)).open(kit(tmp_path))
    assert not store.blocks
    store.add(chunks(), vectors())

    def nearest(n):
        return chunk_id(store.search(Query(text="", vector=vectors()[n % 6].tolist()), 1)[0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(nearest, range(80))) == [chunk_id(chunks()[n % 6]) for n in range(80)]
    store.close()


def test_a_folder_belongs_to_one_process(tmp_path):
    """Another one is told so in a line; within one process all share it."""
    options = Qdrant(path=str(tmp_path / "q"))
    one, two = options.open(kit(tmp_path)), options.open(kit(tmp_path, name="harness-other"))
    one.add(chunks(), vectors())
    two.close()
    script = f"""
from tests.retrievers.test_qdrant import Kit, Qdrant, Path
try: Qdrant(path={str(tmp_path / "q")!r}).open(Kit(name="harness-abc", home=Path(".")))
except Exception as error: print(type(error).__name__, error)
"""
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "UsageError" in told.stdout
    assert "in use by another process" in told.stdout
    assert len(told.stdout.splitlines()) == 1
    assert len(one.ids()) == 6
    one.close()


class TestOwn:
    """A collection of the user's own."""

    @pytest.fixture
    def theirs(self, tmp_path):
        """Three points as somebody else would write them: their folder, and what it holds byte by byte."""
        from qdrant_client import QdrantClient, models

        folder = tmp_path / "theirs"
        client = QdrantClient(path=str(folder))
        shape = models.VectorParams(size=8, distance=models.Distance.COSINE)
        client.create_collection("handbook", vectors_config={"dense": shape})
        client.create_collection("many", vectors_config={"a": shape, "b": shape})
        client.create_collection("streets", vectors_config=models.VectorParams(size=8, distance="Manhattan"))
        far = models.VectorParams(size=8, distance=models.Distance.EUCLID)
        client.create_collection("far", vectors_config=far)
        payloads = [
            {"body": "first", "of": {"file": "a.md"}, "head": "A", "year": 2020, "live": True},
            {"body": "second", "of": {"file": "b.md"}, "head": "B", "year": 2021.0, "tags": ["x", "y"]},
            {"body": "third", "live": 1},
        ]
        rows = vectors(3).tolist()
        points = [models.PointStruct(id=n, vector={"dense": rows[n]}, payload=payloads[n]) for n in range(3)]
        client.upsert("handbook", points)
        client.upsert(
            "far", [models.PointStruct(id=n, vector=rows[n], payload=payloads[n]) for n in range(3)]
        )
        client.close()
        return folder

    def opened(self, folder, tmp_path, collection="handbook", **fields):
        """The store, by the names of its payload."""
        told = {"doc": "of.file", "text": "body", "title": "head", **fields}
        own = Qdrant(path=str(folder), collection=collection, fields=told)
        assert not own.owned
        return own.open(kit(tmp_path))

    @pytest.mark.parametrize("collection", ["handbook", "far"])
    def test_it_is_searched_by_its_fields_and_left_as_it_is(self, theirs, tmp_path, collection):
        """`fields` says where document, text and title stand; a distance is told as a cosine; nothing is written."""
        before = {file: file.read_bytes() for file in theirs.rglob("*") if file.is_file()}
        store = self.opened(theirs, tmp_path, collection)
        found = {p.doc: p for p in store.search(Query(text="", vector=vectors()[0].tolist()), 5)}
        store.close()
        assert set(found) == {"a.md", "b.md", "2"}
        first = found["a.md"]
        assert (first.text, first.title, first.end, first.rank) == ("first", "A", 5, 1)
        assert dict(first.meta) == {"of": {"file": "a.md"}, "year": 2020, "live": True}
        cosines = vectors(3) @ vectors(3)[0]
        assert [found[doc].score for doc in ("a.md", "b.md", "2")] == pytest.approx(
            cosines.tolist(), abs=1e-3
        )
        assert {file: file.read_bytes() for file in theirs.rglob("*") if file.is_file()} == before

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"live": (True,)}, {"a.md"}),
            ({"live": (1,)}, {"2"}),
            ({"tags": ("y",)}, {"b.md"}),
            ({"year": (2020.0, 2021)}, {"a.md", "b.md"}),
            ({"of.file": ("b.md",), "year": (2021,)}, {"b.md"}),
            ({"year": ()}, set()),
        ],
    )
    def test_its_own_payload_narrows_the_search(self, theirs, tmp_path, where, left):
        """As it stands there, within lists and objects too; 1 and true are two things, 2021 and 2021.0 one."""
        store = self.opened(theirs, tmp_path)
        found = store.search(Query(text="", vector=vectors()[0].tolist(), where=where), 5)
        assert {p.doc for p in found} == left
        store.close()

    @pytest.mark.parametrize(
        ("collection", "fields", "said"),
        [
            ("nowhere", {}, "has no collection 'nowhere'; it has: far, handbook, many, streets"),
            ("many", {}, "has 2 kinds of vectors"),
            ("streets", {}, "measures Manhattan"),
            (
                "handbook",
                {"text": "texte"},
                "has no 'texte' for fields.text .it has: body, head, live, of, of.fil",
            ),
            ("handbook", {"doc": "of.fil"}, "store.fields: .*no 'of.fil' for fields.doc.*mean 'of.file'"),
            ("handbook", {"doc": "nofield", "title": "none"}, "'nofield'(.|\n)*'none' for fields.title"),
        ],
    )
    def test_one_that_does_not_fit_is_told(self, theirs, tmp_path, collection, fields, said):
        """The request is wrong: one line, with what there is; and the folder is free again."""
        for _ in range(2):
            with pytest.raises(UserError, match=said):
                self.opened(theirs, tmp_path, collection, **fields)

    def test_ids_stand_in_where_nothing_was_said(self, theirs, tmp_path):
        """Of the documents, by default, where no point has a `doc`."""
        store = self.opened(theirs, tmp_path, doc="doc")
        found = store.search(Query(text="", vector=vectors()[0].tolist()), 5)
        assert {p.doc for p in found} == {"0", "1", "2"}
        store.close()

    def test_a_folder_that_is_not_there_is_not_made(self, tmp_path):
        """Nothing is created in search of a collection."""
        with pytest.raises(UserError, match="there is no folder"):
            self.opened(tmp_path / "nothing", tmp_path)
        assert not (tmp_path / "nothing").exists()

    def test_the_length_of_its_vectors_is_minded(self, theirs, tmp_path):
        """A query of another model's is refused."""
        store = self.opened(theirs, tmp_path)
        with pytest.raises(CallError, match=r"8.*5"):
            store.search(Query(text="", vector=[1.0] * 5), 3)
        store.close()


@contextmanager
def stub(answers):
    """A stub of a server, with these answers and 404 for all else: its url, and what it was asked."""
    seen = []

    class Answers(BaseHTTPRequestHandler):
        """From a table."""

        def do_GET(self):
            """Answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = f"{self.command} {self.path.partition('?')[0]}"
            seen.append((asked, json.loads(body or b"null")))
            found = asked in answers
            told = json.dumps({"time": 0.0, "status": "ok", "result": answers.get(asked)}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *told):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


INFO = {
    "status": "green", "optimizer_status": "ok", "segments_count": 1, "payload_schema": {},
    "config": {
        "params": {"vectors": {"size": 8, "distance": "Cosine"}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 9},
        "optimizer_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 9, "default_segment_number": 0,
                             "flush_interval_sec": 5},
    },
}  # fmt: skip
"""What a server says of a collection."""


def test_a_collection_at_a_server_is_only_read(tmp_path):
    """Against a stub: opened and searched with a condition, by the requests that read, and no other."""
    points = [
        {"id": 7, "version": 0, "score": 0.9, "payload": {"doc": "a.md", "text": "first", "lang": "en"}}
    ]
    answers = {
        "GET /collections/handbook/exists": {"exists": True},
        "GET /collections/handbook": INFO,
        "POST /collections/handbook/points/scroll": {"points": points, "next_page_offset": None},
        "POST /collections/handbook/points/query": {"points": points},
    }
    with stub(answers) as (url, seen):
        store = Qdrant(url=url, collection="handbook").open(kit(tmp_path))
        assert store.blocks
        (found,) = store.search(Query(text="", vector=vectors()[0].tolist(), where={"lang": ("en",)}), 3)
        store.close()
    told = (found.doc, found.text, found.score, found.rank, dict(found.meta))
    assert told == ("a.md", "first", 0.9, 1, {"lang": "en"})
    assert [asked for asked, _ in seen] == list(answers)
    assert seen[-1][1]["filter"]["must"] == [{"should": [{"key": "lang", "match": {"value": "en"}}]}]


def test_at_a_server_the_first_chunks_make_the_collection(tmp_path):
    """Against a stub: by cosine, with an index of what conditions look for; the rows whole."""
    done = {"operation_id": 0, "status": "completed"}
    answers = {
        "GET /collections/harness-abc/exists": {"exists": False},
        "PUT /collections/harness-abc": True,
        "PUT /collections/harness-abc/index": done,
        "PUT /collections/harness-abc/points": done,
        "POST /collections/harness-abc/points/delete": done,
    }
    with stub(answers) as (url, seen):
        store = Qdrant(url=url).open(kit(tmp_path))
        assert store.ids() == set()
        assert store.search(Query(text="", vector=vectors()[0].tolist()), 3) == ()
        store.add(chunks(), vectors())
        store.delete([chunk_id(chunks()[0])])
        store.close()
    told = [(asked.partition("harness-abc")[2], body) for asked, body in seen if not asked.endswith("exists")]
    assert [place for place, _ in told] == ["", "/index", "/points", "/points/delete"]
    assert told[0][1]["vectors"] == {"size": 8, "distance": "Cosine"}
    assert told[1][1] == {"field_name": "facets", "field_schema": "keyword"}
    assert told[2][1]["batch"]["ids"] == [chunk_id(chunk) for chunk in chunks()]
    assert told[3][1] == {"points": [chunk_id(chunks()[0])]}


def test_no_server_is_said_in_a_sentence(tmp_path):
    """With its url, without what is secret in it; it may pass."""
    url = f"http://me:geheimnis@127.0.0.1:{free_port()}"
    with pytest.raises(CallError, match=r"qdrant at http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        Qdrant(url=url).open(kit(tmp_path))
    assert (caught.value.type, caught.value.retryable) == ("connection", True)
    assert "geheimnis" not in str(caught.value)


def test_a_server_that_hangs_is_given_up(tmp_path):
    """After the time-out in whole seconds, which is what its client counts in; while it opens as well."""
    with silent() as port, pytest.raises(CallError, match="did not answer within 1 s") as caught:
        Qdrant(url=f"http://127.0.0.1:{port}").open(kit(tmp_path, timeout_s=0.3))
    assert (caught.value.type, caught.value.retryable) == ("timeout", False)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"Must provide an API key", "authentication"),
        (403, b'{"status": {"error": "forbidden"}}', "authentication"),
        (429, b"{}", "rate_limited"),
        (503, b"<html>", "server_error"),
        (404, b"<html>", "bad_request"),
        (200, b"<html>", "bad_reply"),
        (200, b"{}", "bad_reply"),
    ],
)
def test_an_answer_that_is_none_is_told(tmp_path, monkeypatch, status, body, kind):
    """A wrong key, a proxy in trouble, another service: each by its kind. The key was sent, and is not shown."""
    with answering(status, body) as (port, seen):
        own = Qdrant(url=f"http://127.0.0.1:{port}", api_key_env="MINE")
        monkeypatch.setattr(Kit, "secret", lambda *_: "k-12345678")
        with pytest.raises(CallError, match=f"qdrant at http://127.0.0.1:{port}") as caught:
            own.open(kit(tmp_path))
    assert caught.value.type == kind
    assert caught.value.retryable is (kind in ("server_error", "bad_reply", "rate_limited"))
    assert seen[0]["api-key"] == "k-12345678"
    assert "k-12345678" not in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"url": "http://127.0.0.1:1", "path": "somewhere"}])
def test_it_is_at_one_place(tmp_path, options):
    """A url or a folder, not both and not none."""
    with pytest.raises(UserError, match="either url: or path:"):
        Qdrant(**options).open(kit(tmp_path))


def test_a_key_that_is_not_set_is_asked_for(tmp_path):
    """By the variable's name."""
    with pytest.raises(UserError, match="MINE is not set"):
        Qdrant(url="http://127.0.0.1:1", api_key_env="MINE").open(kit(tmp_path))


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(UserError, match=r"variant-harness\[qdrant\]"):
        Qdrant(path=str(tmp_path)).open(kit(tmp_path))
