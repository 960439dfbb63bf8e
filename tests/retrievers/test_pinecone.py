"""Pinecone's own client against a stub of its endpoints: the suite, and what a service can do to a client."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from harness.errors import CallError, UserError
from harness.retrievers import pinecone
from harness.retrievers.pinecone import Pinecone
from harness.text.chunks import chunk_id
from harness.types.search import Query
from tests.retrievers.bad_servers import answering, free_port, silent
from tests.retrievers.needed import needed
from tests.retrievers.pinecone_stub import KEY, running
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors

needed("pinecone")


@pytest.fixture
def stub(monkeypatch):
    """The stub, and no waiting between two looks."""
    monkeypatch.setattr(pinecone, "LOOK_S", 0.0)
    with running() as made:
        yield made


@dataclass(frozen=True)
class KeyKit(Kit):
    """A kit that knows a key."""

    key: str = KEY

    def secret(self, variable):
        """The one that is set."""
        return self.key if variable == "PINECONE_KEY" else None


@pytest.fixture
def kit(tmp_path):
    """What a store is given."""
    return KeyKit(name="harness-0123456789abcdef01234567", home=tmp_path)


@pytest.fixture
def options(stub):
    """The stub in Pinecone's place."""
    return Pinecone(api_key_env="PINECONE_KEY", url=stub.url)


def found(store, vector, top_k=10, **where):
    """Which chunks a search finds, by their documents."""
    return [p.doc for p in store.search(Query(text="", vector=list(vector), where=where), top_k)]


class TestPinecone(StoreConformance):
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


def test_what_is_written_is_waited_for(stub, options, kit):
    """Searches lag behind writes: `add` returns when one has seen what it wrote."""
    store = options.open(kit)
    store.add(chunks(), vectors())
    assert stub.asked[-2:] == [("POST", f"/{kit.name}/query")] * 2
    store.close()


def test_large_requests_are_written_in_parts(stub, options, kit, monkeypatch):
    """No request is larger than the service takes; ids are listed in pages."""
    monkeypatch.setattr(pinecone, "MOST_BYTES", 5000)
    store = options.open(kit)
    made = [replace(chunks(1)[0], doc=f"doc-{n}") for n in range(130)]
    store.add(made, vectors(130))
    assert sum(path.endswith("/upsert") for _, path in stub.asked) > 5
    assert store.ids() == {chunk_id(chunk) for chunk in made}
    store.delete(store.ids())
    assert store.ids() == set()
    store.close()


def test_the_client_tries_nothing_again(stub, options, kit):
    """Its own three retries would count their waiting as the search's time; the harness has its own."""
    store = options.open(kit)
    store.add(chunks(), vectors())
    stub.trouble, before = 1, len(stub.asked)
    with pytest.raises(CallError, match=r"answers .*503") as caught:
        found(store, vectors()[0])
    assert (caught.value.type, caught.value.retryable, caught.value.status) == ("server_error", True, 503)
    assert len(stub.asked) == before + 1
    stub.trouble = 1
    with pytest.raises(CallError, match="503"):
        options.open(kit)
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


class TestOwn:
    """An index of the user's own."""

    @pytest.fixture
    def theirs(self, stub, options):
        """Three vectors as somebody else would write them, measured by distance."""
        metas = [
            {"source": "a.md", "head": "A", "body": "first", "year": 2020, "live": True},
            {"source": "b.md", "body": "second", "tags": ["x", "y"]},
            {"live": 1},
        ]
        rows = {
            f"r{n}": {"id": f"r{n}", "values": row.tolist(), "metadata": meta}
            for n, (row, meta) in enumerate(zip(vectors(3), metas, strict=True))
        }
        about = {"type": "dense_vector", "dimension": 8, "metric": "euclidean", "lsn": 1, "seen": 1}
        stub.indexes["handbook"] = {"name": "handbook", "rows": rows, **about}
        fields = {"doc": "source", "text": "body", "title": "head"}
        return replace(options, collection="handbook", fields=fields)

    def test_it_is_searched_by_its_fields(self, theirs, kit):
        """`fields` says what stands where; ids stand in; all else is meta; the score is the cosine."""
        assert not theirs.owned
        store = theirs.open(kit)
        passages = store.search(Query(text="", vector=vectors()[0].tolist()), 5)
        assert {p.doc for p in passages} == {"a.md", "b.md", "r2"}
        first = passages[0]
        assert (first.doc, first.text, first.title) == ("a.md", "first", "A")
        assert dict(first.meta) == {"year": 2020, "live": True}
        assert sorted(p.score for p in passages) == pytest.approx(
            sorted(vectors(3) @ vectors(3)[0]), abs=1e-4
        )
        store.close()

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"live": (True,)}, ["a.md"]),
            ({"tags": ("y", "z")}, ["b.md"]),
            ({"year": (2020,), "source": ("b.md",)}, []),
            ({"year": ()}, []),
        ],
    )
    def test_its_own_metadata_narrow_the_search(self, theirs, kit, where, left):
        """As it stands there, also within lists."""
        store = theirs.open(kit)
        assert found(store, vectors()[0], **where) == left
        store.close()

    def test_a_field_that_is_not_there_is_told(self, theirs, kit):
        """Ids stand in for documents that were left out, never for what was named; a text is needed."""
        ids = replace(theirs, fields={"doc": "doc", "text": "body"}).open(kit)
        assert set(found(ids, vectors()[0])) == {"r0", "r1", "r2"}
        ids.close()
        with pytest.raises(UserError, match=r"index 'handbook'.*no 'sorce' for fields\.doc.*mean 'source'"):
            replace(theirs, fields={"doc": "sorce", "text": "body"}).open(kit)
        with pytest.raises(UserError, match=r"no 'text' for fields\.text"):
            replace(theirs, fields={"doc": "source", "text": "text"}).open(kit)

    def test_it_is_only_read(self, stub, theirs, kit):
        """No request but descriptions and queries; an index that is not there is not made."""
        store = theirs.open(kit)
        found(store, vectors()[0])
        with pytest.raises(CallError, match=r"8.*5"):
            found(store, [1.0] * 5)
        with pytest.raises(UserError, match="has no index 'nowhere'"):
            replace(theirs, collection="nowhere").open(kit)
        assert {path.rpartition("/")[2] for _, path in stub.asked} == {"handbook", "query", "nowhere"}
        store.close()


def test_a_wrong_key_is_told(options, kit):
    """It is not tried again."""
    with pytest.raises(CallError, match=r"Pinecone at http://127\.0\.0\.1:\d+ answers") as caught:
        options.open(replace(kit, key="pcsk-wrong"))
    assert (caught.value.type, caught.value.retryable, caught.value.status) == ("authentication", False, 401)
    assert "pcsk-wrong" not in str(caught.value)


def test_no_service_is_said_in_a_sentence(kit):
    """With its url, without what is secret in it; it may pass."""
    options = Pinecone(api_key_env="PINECONE_KEY", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CallError, match=r"Pinecone at http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        options.open(kit)
    assert (caught.value.type, caught.value.retryable) == ("connection", True)


def test_a_service_that_hangs_is_given_up(kit):
    """After the time-out."""
    with silent() as port, pytest.raises(CallError, match=r"did not answer within 0\.3 s") as caught:
        Pinecone(api_key_env="PINECONE_KEY", url=f"http://127.0.0.1:{port}").open(replace(kit, timeout_s=0.3))
    assert caught.value.type == "timeout"


def test_another_service_is_told(kit):
    """A page of HTML is no answer of Pinecone's."""
    with answering(200, b"<html>") as (port, _), pytest.raises(CallError, match="as Pinecone does") as caught:
        Pinecone(api_key_env="PINECONE_KEY", url=f"http://127.0.0.1:{port}").open(kit)
    assert caught.value.type == "bad_reply"


def test_what_is_missing_is_asked_for(options, kit, monkeypatch):
    """A key by its variable, the package by its extra."""
    with pytest.raises(UserError, match="OTHER is not set"):
        replace(options, api_key_env="OTHER").open(kit)
    monkeypatch.setitem(sys.modules, "pinecone", None)
    with pytest.raises(UserError, match=r"variant-harness\[pinecone\]"):
        options.open(kit)
