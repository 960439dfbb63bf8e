"""Chroma as a real server on loopback: the suite, and what a server can do to a client."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from harness.errors import CallError, UserError
from harness.retrievers.chroma import Chroma
from harness.text.chunks import chunk_id
from harness.types.search import Query
from tests.retrievers.bad_servers import answering, free_port, silent
from tests.retrievers.needed import needed
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors

needed("chromadb")
pytestmark = pytest.mark.servers

START_S = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of the package, ended with the module: its url."""
    folder, port = tmp_path_factory.mktemp("chroma"), free_port()
    program = str(Path(sys.executable).with_name("chroma"))
    log = folder / "log.txt"
    with log.open("wb") as told:
        child = subprocess.Popen(
            [program, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)],
            stdout=told,
            stderr=told,
            cwd=folder,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(
            transport=httpx.HTTPTransport(retries=9), trust_env=False, timeout=START_S
        ) as asked:
            # Its retries wait 0, 0.5, 1, 2, … seconds: until the server listens.
            assert asked.get(f"{url}/api/v2/heartbeat").status_code == 200, log.read_text(errors="replace")
        yield url
    finally:
        child.terminate()
        child.wait(10)


@pytest.fixture(scope="module")
def client(server):
    """The server's interface, as any client of a user's would speak to it."""
    base = f"{server}/api/v2/tenants/default_tenant/databases/default_database"
    with httpx.Client(base_url=base, trust_env=False) as asked:
        yield asked


def kit(tmp_path, **changes):
    """What a store is given."""
    return replace(Kit(name=f"harness-{tmp_path.name[-20:]:0>24}x", home=tmp_path), **changes)


class TestChroma(StoreConformance):
    """At a real server."""

    @pytest.fixture
    def options(self, server):
        """The url is all that it needs."""
        return Chroma(url=server)


def test_more_than_one_request_takes_is_written_in_parts(server, tmp_path):
    """Beyond the rows that one request may hold, everything is written, listed, found and deleted."""
    store = Chroma(url=server).open(kit(tmp_path))
    made = [replace(chunks(1)[0], doc=f"doc-{n}") for n in range(5600)]
    rows = np.tile(vectors(6), (934, 1))[:5600]
    store.add(made, rows)
    ids = {chunk_id(chunk) for chunk in made}
    assert store.ids() == ids
    store.delete(ids)
    assert store.ids() == set()
    store.close()


def test_values_that_are_alike_are_told_apart(server, tmp_path):
    """1 and true, "1" and 1 are different; 1 and 1.0 are the same; lists hold their items; a key may have a point."""
    metas = [
        {"v": 1},
        {"v": True},
        {"v": "1"},
        {"v": 1.0},
        {"v": [0, [1]]},
        {"v": {"v": 1}, "a.b": "x" * 5000},
    ]
    store = Chroma(url=server).open(kit(tmp_path))
    made = [replace(chunk, meta=meta) for chunk, meta in zip(chunks(), metas, strict=True)]
    store.add(made, vectors())

    def left(**where):
        found = store.search(Query(text="", vector=vectors()[0].tolist(), where=where), 9)
        return {made.index(next(one for one in made if chunk_id(one) == chunk_id(p))) for p in found}

    assert left(v=(1,)) == {0, 3, 4}
    assert left(v=(True,)) == {1}
    assert left(v=("1", True)) == {1, 2}
    assert left(v=()) == set()
    assert left(**{"a.b": ("x" * 5000,)}) == {5}
    store.close()


def test_many_threads_search_at_once(server, tmp_path):
    """Eight threads, each with its own query, each finds its own."""
    store = Chroma(url=server).open(kit(tmp_path))
    store.add(chunks(), vectors())

    def nearest(n):
        return chunk_id(store.search(Query(text="", vector=vectors()[n % 6].tolist()), 1)[0])

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(nearest, range(80)))
    assert found == [chunk_id(chunks()[n % 6]) for n in range(80)]
    store.close()


class TestOwn:
    """A collection of the user's own."""

    @pytest.fixture
    def theirs(self, client):
        """Three records as somebody else would write them."""
        made = client.post("/collections", json={"name": "handbook", "get_or_create": True}).json()
        told = {
            "ids": ["r1", "r2", "r3"],
            "embeddings": vectors(3).tolist(),
            "documents": ["first", "second", "third"],
            "metadatas": [
                {"source": "a.md", "head": "A", "year": 2020, "live": True},
                {"source": "b.md", "head": "B", "year": 2021, "tags": ["x", "y"]},
                {"live": 1, "body": "from the metadata"},
            ],
        }
        client.post(f"/collections/{made['id']}/upsert", json=told).raise_for_status()
        return "handbook"

    def test_it_is_searched_by_its_fields(self, server, theirs, tmp_path):
        """`fields` says where document and title stand; ids and documents stand in; all else is meta."""
        own = Chroma(url=server, collection=theirs, fields={"doc": "source", "text": "body", "title": "head"})
        assert not own.owned
        store = own.open(kit(tmp_path))
        found = {p.doc: p for p in store.search(Query(text="", vector=vectors()[0].tolist()), 5)}
        assert set(found) == {"a.md", "b.md", "r3"}
        first = found["a.md"]
        assert (first.text, first.title, first.end, dict(first.meta)) == (
            "first",
            "A",
            5,
            {"year": 2020, "live": True},
        )
        assert first.score == pytest.approx(1.0, abs=1e-4)
        assert found["r3"].text == "from the metadata"
        others = sorted(p.score for p in found.values())[:2]
        assert others == pytest.approx(
            sorted((vectors(3) @ vectors(3)[0])[1:]), abs=1e-3
        )  # theirs measures l2
        store.close()

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"live": (True,)}, {"r1"}),
            ({"live": (1,)}, {"r3"}),
            ({"tags": ("y",)}, {"r2"}),
            ({"year": (2020, 2021), "source": ("b.md",)}, {"r2"}),
            ({"year": ()}, set()),
        ],
    )
    def test_its_own_metadata_narrow_the_search(self, server, theirs, where, left, tmp_path):
        """As it stands there, also within lists."""
        store = Chroma(url=server, collection=theirs).open(kit(tmp_path))
        found = store.search(Query(text="", vector=vectors()[0].tolist(), where=where), 5)
        assert {p.doc for p in found} == left
        store.close()

    def test_a_field_that_is_not_there_is_told(self, server, theirs, tmp_path):
        """Ids and documents stand in for what was left out, never for what was named."""
        own = Chroma(url=server, collection=theirs, fields={"doc": "sorce", "text": "none"})
        with pytest.raises(UserError) as caught:
            own.open(kit(tmp_path))
        doc, text = caught.value.faults
        assert (doc.where, doc.next) == ("store.fields", "did you mean 'source'?")
        assert "collection 'handbook' of Chroma" in doc.what
        assert "'none' for fields.text (it has: body, head, live, source, tags, year)" in text.what

    def test_one_that_is_not_there_is_not_made(self, server, client, tmp_path):
        """The request is wrong, and nothing has been created."""
        before = client.get("/collections_count").json()
        with pytest.raises(UserError, match="has no collection 'nowhere'"):
            Chroma(url=server, collection="nowhere").open(kit(tmp_path))
        assert client.get("/collections_count").json() == before

    def test_the_length_of_its_vectors_is_minded(self, server, theirs, tmp_path):
        """A query of another model's is refused."""
        store = Chroma(url=server, collection=theirs).open(kit(tmp_path))
        with pytest.raises(CallError, match=r"8.*5"):
            store.search(Query(text="", vector=[1.0] * 5), 3)
        store.close()


def test_no_server_is_said_in_a_sentence(tmp_path):
    """With its url, without what is secret in it; it may pass."""
    url = f"http://me:geheimnis@127.0.0.1:{free_port()}"
    with pytest.raises(CallError, match=r"Chroma at http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        Chroma(url=url).open(kit(tmp_path))
    assert (caught.value.type, caught.value.retryable) == ("connection", True)
    assert "geheimnis" not in str(caught.value)


def test_a_server_that_hangs_is_given_up(tmp_path):
    """After the time-out, while it opens as well."""
    with silent() as port, pytest.raises(CallError, match=r"did not answer within 0\.3 s") as caught:
        Chroma(url=f"http://127.0.0.1:{port}").open(kit(tmp_path, timeout_s=0.3))
    assert (caught.value.type, caught.value.retryable) == ("timeout", False)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"no", "authentication"),
        (403, b'{"error": "ChromaAuthError", "message": "no"}', "authentication"),
        (503, b"<html>", "server_error"),
        (200, b"<html>", "bad_reply"),
        (200, b"{}", "bad_reply"),
    ],
)
def test_an_answer_that_is_none_is_told(tmp_path, monkeypatch, status, body, kind):
    """A wrong key, a proxy in trouble, another service: each by its kind. The key was sent."""
    with answering(status, body) as (port, seen):
        own = Chroma(url=f"http://127.0.0.1:{port}", api_key_env="MINE")
        monkeypatch.setattr(Kit, "secret", lambda *_: "k-12345678")
        with pytest.raises(CallError, match=f"Chroma at http://127.0.0.1:{port}") as caught:
            own.open(kit(tmp_path))
    assert caught.value.type == kind
    assert caught.value.retryable is (kind in ("server_error", "bad_reply"))
    assert seen[0]["X-Chroma-Token"] == "k-12345678"


def test_a_key_that_is_not_set_is_asked_for(server, tmp_path):
    """By the variable's name."""
    with pytest.raises(UserError, match="MINE is not set"):
        Chroma(url=server, api_key_env="MINE").open(kit(tmp_path))


def test_without_the_package_the_extra_is_named(server, tmp_path, monkeypatch):
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "chromadb", None)
    with pytest.raises(UserError, match=r"variant-harness\[chroma\]"):
        Chroma(url=server).open(kit(tmp_path))
