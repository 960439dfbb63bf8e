"""Weaviate's own client against a stub of its endpoints: the suite, and what a server can do to a client."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest

from harness.errors import CallError, UserError
from harness.retrievers.weaviate.options import Weaviate, _address
from harness.text.chunks import chunk_id
from harness.types.search import Query
from tests.retrievers.bad_servers import answering, free_port, silent
from tests.retrievers.needed import needed
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors

needed("weaviate")

KEY = "weaviate-key-of-the-stub"


@pytest.fixture
def stub():
    """The stub."""
    from tests.retrievers.weaviate_stub import running

    with running(KEY) as made:
        yield made


@dataclass(frozen=True)
class KeyKit(Kit):
    """A kit that knows a key."""

    key: str = KEY

    def secret(self, variable):
        """The one that is set."""
        return self.key if variable == "WEAVIATE_KEY" else None


@pytest.fixture
def kit(tmp_path):
    """What a store is given."""
    return KeyKit(name="harness-0123456789abcdef01234567", home=tmp_path)


@pytest.fixture
def options(stub):
    """The stub in Weaviate's place."""
    return Weaviate(url=stub.url, api_key_env="WEAVIATE_KEY")


def found(store, vector, top_k=10, **where):
    """Which chunks a search finds, by their documents."""
    return [p.doc for p in store.search(Query(text="", vector=list(vector), where=where), top_k)]


class TestWeaviate(StoreConformance):
    """At the stub."""

    @pytest.fixture
    def options(self, options):
        """The key and the stub's url."""
        return options

    @pytest.fixture
    def kit(self, kit, monkeypatch):
        """With the key, also where the suite makes a kit of its own."""
        monkeypatch.setattr(Kit, "secret", lambda *_: KEY)
        return kit


def test_large_requests_are_written_in_parts(stub, options, kit):
    """No more objects a request than are well carried; ids come in pages."""
    store = options.open(kit)
    made = [replace(chunks(1)[0], doc=f"doc-{n}") for n in range(1100)]
    store.add(made, np.tile(vectors(), (184, 1))[:1100])
    assert stub.asked.count("BatchObjectsRequest") == 3
    assert store.ids() == {chunk_id(chunk) for chunk in made}
    store.delete(store.ids())
    assert store.ids() == set()
    store.close()


def test_what_is_not_taken_is_told(options, kit):
    """An object that the server refuses is no silent loss."""
    store = options.open(kit)
    with pytest.raises(CallError, match="vector too long"):
        store.add(chunks(1), np.ones((1, 5000), np.float32))
    store.close()


def test_many_threads_search_at_once(options, kit):
    """Eight threads, each with its own query, each finds its own."""
    store = options.open(kit)
    store.add(chunks(), vectors())

    def nearest(n):
        return chunk_id(store.search(Query(text="", vector=vectors()[n % 6].tolist()), 1)[0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(nearest, range(80))) == [chunk_id(chunks()[n % 6]) for n in range(80)]
    store.close()


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        ("UNAVAILABLE", "connection", True),
        ("DEADLINE_EXCEEDED", "timeout", False),
        ("PERMISSION_DENIED", "authentication", False),
        ("UNKNOWN", "bad_request", False),
    ],
)
def test_the_client_tries_nothing_again(stub, options, kit, status, kind, again):
    """Its own retries would wait for a minute, and count that as the search's time; the harness has its own."""
    store = options.open(kit)
    store.add(chunks(), vectors())
    stub.trouble, before = [status], len(stub.asked)
    with pytest.raises(CallError, match="Weaviate at http") as caught:
        found(store, vectors()[0])
    assert (caught.value.type, caught.value.retryable) == (kind, again)
    assert len(stub.asked) == before + 1
    store.close()


class TestOwn:
    """A collection of the user's own."""

    @pytest.fixture
    def theirs(self, stub, options):
        """Three objects as somebody else would write them, measured by distance, their vector without a name."""
        kinds = {
            "source": "text",
            "head": "text",
            "body": "text",
            "year": "int",
            "live": "boolean",
            "tags": "text[]",
        }
        declared = {
            "class": "Handbook",
            "properties": [{"name": name, "dataType": [kind]} for name, kind in kinds.items()],
            "vectorizer": "none",
            "vectorIndexType": "hnsw",
            "vectorIndexConfig": {
                "distance": "l2-squared",
                "cleanupIntervalSeconds": 300,
                "dynamicEfFactor": 8,
                "dynamicEfMax": 500,
                "dynamicEfMin": 100,
                "ef": -1,
                "efConstruction": 128,
                "filterStrategy": "sweeping",
                "flatSearchCutoff": 40000,
                "maxConnections": 32,
                "skip": False,
                "vectorCacheMaxObjects": 10**12,
            },
        }
        rows = [
            {"source": "a.md", "head": "A", "body": "first", "year": 2020, "live": True, "tags": ["x"]},
            {
                "source": "b.md",
                "head": "The A",
                "body": "second",
                "year": 2021,
                "live": False,
                "tags": ["y z"],
            },
            {"source": "c.md", "body": "third"},
        ]
        made = {
            chunk_id(chunk): (row, vector)
            for chunk, row, vector in zip(chunks(3), rows, vectors(3), strict=True)
        }
        stub.collections["Handbook"] = {"declared": declared, "rows": made}
        fields = {"doc": "source", "text": "body", "title": "head"}
        return replace(options, collection="Handbook", fields=fields)

    def test_it_is_searched_by_its_properties(self, theirs, kit):
        """`fields` says what stands where, and no more is fetched; the score is the cosine."""
        assert not theirs.owned
        store = theirs.open(kit)
        passages = store.search(Query(text="", vector=vectors()[0].tolist()), 5)
        first = passages[0]
        assert (first.doc, first.text, first.title, first.rank) == ("a.md", "first", "A", 1)
        assert not first.meta
        assert sorted(p.score for p in passages) == pytest.approx(
            sorted(vectors(3) @ vectors(3)[0]), abs=1e-4
        )
        store.close()

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"live": (True,)}, {"a.md"}),
            ({"live": (1,)}, set()),
            ({"year": (2020.0, 2021)}, {"a.md", "b.md"}),
            ({"year": (2020,), "source": ("b.md",)}, set()),
            ({"head": ("A",)}, {"a.md"}),
            ({"tags": ("y z", "x")}, {"a.md", "b.md"}),
            ({"tags": ("y",)}, set()),
        ],
    )
    def test_its_own_properties_narrow_the_search(self, theirs, kit, where, left):
        """By their types; a text only as a whole, although the server finds it by its words."""
        store = theirs.open(kit)
        assert set(found(store, vectors()[0], **where)) == left
        store.close()

    def test_it_is_only_read(self, stub, theirs, kit):
        """No request but descriptions and searches; what it lacks is said, and what is not there is not made."""
        store = theirs.open(kit)
        found(store, vectors()[0])
        with pytest.raises(CallError, match=r"8.*5"):
            found(store, [1.0] * 5)
        with pytest.raises(CallError, match="no property 'nope'"):
            found(store, vectors()[0], nope=(1,))
        with pytest.raises(UserError, match="has no collection 'Nowhere'"):
            replace(theirs, collection="Nowhere").open(kit)
        with pytest.raises(UserError, match="no property 'bdy' in 'Handbook'"):
            replace(theirs, fields={"doc": "source", "text": "bdy"}).open(kit)
        assert set(stub.asked) == {
            "GET /v1/meta",
            "GET /v1/schema/Handbook",
            "GET /v1/schema/Nowhere",
            "SearchRequest",
        }
        store.close()


def test_a_wrong_key_is_told(options, kit):
    """It is not tried again, nor repeated in the message."""
    with pytest.raises(CallError, match=r"Weaviate at http://127\.0\.0\.1:\d+ answers") as caught:
        options.open(replace(kit, key="weaviate-wrong"))
    assert (caught.value.type, caught.value.retryable, caught.value.status) == ("authentication", False, 401)
    assert "weaviate-wrong" not in str(caught.value)


def test_no_server_is_said_in_a_sentence(kit):
    """With its url; it may pass."""
    options = Weaviate(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CallError, match=r"Weaviate at http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        options.open(kit)
    assert (caught.value.type, caught.value.retryable) == ("connection", True)


def test_a_server_without_grpc_is_said_in_a_sentence(stub, options, kit):
    """REST may answer where gRPC does not."""
    store = options.open(kit)
    store.add(chunks(), vectors())
    store.close()
    url = f"{stub.url.partition('?')[0]}?grpc_port={free_port()}"
    with pytest.raises(CallError, match=r"Weaviate .* \(gRPC\) cannot be reached") as caught:
        replace(options, url=url).open(kit)
    assert caught.value.type == "connection"


def test_a_server_that_hangs_is_given_up(kit):
    """After the time-out."""
    with silent() as port, pytest.raises(CallError, match=r"did not answer within 0\.3 s") as caught:
        Weaviate(url=f"http://127.0.0.1:{port}").open(replace(kit, timeout_s=0.3))
    assert caught.value.type == "timeout"


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_another_server_is_told(kit, body):
    """A page of HTML is no answer of Weaviate's, nor any JSON."""
    with answering(200, body) as (port, _), pytest.raises(CallError, match="as Weaviate does") as caught:
        Weaviate(url=f"http://127.0.0.1:{port}").open(kit)
    assert caught.value.type == "bad_reply"


def test_where_grpc_is():
    """Beside REST; in Weaviate Cloud at a host of its own."""
    assert _address("http://db:8080")["grpc_port"] == 50051
    assert _address("http://db:8080?grpc_port=9")["grpc_port"] == 9
    cloud = _address("https://x.c0.europe-west3.gcp.weaviate.cloud")
    assert (cloud["grpc_host"], cloud["grpc_port"], cloud["http_port"], cloud["grpc_secure"]) == (
        "grpc-x.c0.europe-west3.gcp.weaviate.cloud", 443, 443, True,
    )  # fmt: skip


def test_what_is_missing_is_asked_for(options, kit, monkeypatch):
    """A key by its variable, the package by its extra."""
    with pytest.raises(UserError, match="OTHER is not set"):
        replace(options, api_key_env="OTHER").open(kit)
    monkeypatch.setitem(sys.modules, "weaviate", None)
    with pytest.raises(UserError, match=r"variant-harness\[weaviate\]"):
        options.open(kit)
