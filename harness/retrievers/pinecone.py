"""Pinecone: an index of vectors, through its own client. Tested against a stub of the endpoints used, not the service."""

from collections.abc import Collection as Ids
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from harness.calls.clock import ms_between, now_ns
from harness.calls.failures import bad_reply, status_error
from harness.calls.stores import (
    LOOKED_AT,
    check_fields,
    named_secret,
    other_dimensions,
    package,
    plain_url,
    refused_dimensions,
    too_slow,
    unreachable,
)
from harness.errors import CallError, Fault, UsageError
from harness.registry import nearest
from harness.text.chunks import chunk_id
from harness.text.quote import clip
from harness.text.stored import asked_facets, batches, facets, packed, ranked, row_passage, unpacked
from harness.types.plugins import Store, StoreKit
from harness.types.search import Query, Where
from harness.types.trial import Passage

CONTROL_URL = "https://api.pinecone.io"
READY_S = 300
"""A new index may take so long until it serves."""
SHOWN_S = 120
"""What was written may take so long until a search can find it."""
LOOK_S = 0.5
"""Between two looks whether it can."""
MOST_BYTES = 1_500_000
"""A request of vectors; 2 MB are the most that Pinecone takes."""
MOST_NAMED = 1000
"""Ids to be deleted in a request."""
PAGE = 100
"""Ids listed in a request."""

_COSINES = {"euclidean": (1.0, -0.5)}
"""Metric → (a, b): a + b·score is the cosine of vectors of length 1. It squares distances; the others are the cosine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinecone:
    """A serverless index in the project of the key; a new one is made in AWS us-east-1, Pinecone's own default."""

    api_key_env: str
    url: str | None = None
    """Of the control plane: a gateway, or a local simulator; None: Pinecone's own."""
    collection: str | None = None
    """An index of the user's own, whose default namespace is searched."""
    fields: Mapping[str, str] = field(default_factory=lambda: {"doc": "doc", "text": "text"})
    """{doc, text, title?} → keys of its metadata; where none has a `doc`, its id stands in."""

    @property
    def owned(self) -> bool:
        """False for an index of the user's."""
        return self.collection is None

    def open(self, kit: StoreKit) -> Store:
        """Ask where the index is. CallError: no answer. UsageError: a missing package, key or index."""
        pinecone = package("pinecone", extra="pinecone")
        key = named_secret(kit, self.api_key_env, store="pinecone")
        url = self.url or CONTROL_URL
        place = _Place(f"Pinecone at {plain_url(url)}", kit.timeout_s)
        with place.told():
            client = pinecone.Pinecone(
                api_key=key,
                host=url,
                timeout=kit.timeout_s,
                connection_pool_maxsize=2 * kit.searches,  # half of which it keeps alive
                retry_config=pinecone.RetryConfig(max_retries=0),
            )
        index = _Index(client, self.collection or kit.name, place)
        try:
            index.look()
            if not self.owned and not index.is_there:
                what = f"{place.name} has no index '{self.collection}'"
                hint = "name one of the project that the key belongs to"
                raise UsageError(Fault(where="retrieve.store.collection", what=what, next=hint))
            return _Pinecone(index, None if self.owned else self.fields)
        except BaseException:
            index.close()
            raise


class _Pinecone:
    """Vectors by the chunk's id, with the chunk on one line and its facets as metadata. No index before the first chunk."""

    blocks = True

    def __init__(self, index: "_Index", fields: Mapping[str, str] | None) -> None:
        self._index = index
        self._fields = fields
        if fields is not None and index.dimensions:
            self._check_fields(index.dimensions, fields)

    def ids(self) -> Set[str]:
        """Of all vectors."""
        if not self._index.is_there:
            return set()
        with self._index.place.told():
            return {item.id for page in self._index.data.list(limit=PAGE) for item in page.vectors}

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, and wait until a search finds them."""
        assert self._fields is None, "an index of the user's is not written to"
        if not chunks:
            return
        given = vectors.shape[1]
        if self._index.dimensions not in (None, given):
            raise refused_dimensions(self._index.place.name, self._index.dimensions, given)
        if not self._index.is_there:
            self._index.make(given)
        rows = [
            {"id": chunk_id(chunk), "values": vector.tolist(), "metadata": _metadata(chunk)}
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        row_bytes = 22 * given + max(len(row["metadata"]["chunk"]) for row in rows)
        written = 0
        with self._index.place.told():
            for part in batches(len(rows), max(1, min(MOST_NAMED, MOST_BYTES // row_bytes))):
                told = self._index.data.upsert(vectors=rows[part])
                written = max(written, told.response_info.lsn_committed or 0)
            self._index.wait(written, rows[-1]["values"])

    def delete(self, ids: Ids[str]) -> None:
        """Forget them; a search may still find one for some seconds."""
        assert self._fields is None, "an index of the user's is not written to"
        gone = list(ids)
        if not self._index.is_there:
            return
        with self._index.place.told():
            for part in batches(len(gone), MOST_NAMED):
                self._index.data.delete(ids=gone[part])

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest, approximately."""
        if query.vector is None or top_k < 1 or not self._index.is_there:
            return ()
        if self._index.dimensions not in (None, len(query.vector)):
            raise other_dimensions(self._index.dimensions or 0, len(query.vector))
        groups = _own_groups(query.where) if self._fields else _groups(query.where)
        if groups is None:
            return ()
        with self._index.place.told():
            found = self._index.data.query(
                vector=[float(number) for number in query.vector],
                top_k=top_k,
                include_metadata=True,
                filter={"$and": groups} if groups else None,
            )
        start, slope = self._index.cosine
        return ranked(
            (start + slope * one.score, self._passage(one.id, one.metadata)) for one in found.matches
        )

    def close(self) -> None:
        """Close the connections."""
        self._index.close()

    def _check_fields(self, dimensions: int, fields: Mapping[str, str]) -> None:
        """A first look at what is there: whatever is nearest to anything."""
        with self._index.place.told():
            asked = [1.0] * dimensions
            found = self._index.data.query(vector=asked, top_k=LOOKED_AT, include_metadata=True).matches
        keys = {key for one in found for key, value in (one.metadata or {}).items() if value is not None}
        if found:
            at = f"index '{self._index.name}' of {self._index.place.name}"
            check_fields(at, fields, keys, {"doc"}, nearest)

    def _passage(self, key: str, row: Mapping[str, Any] | None) -> Passage:
        if self._fields is None:
            return unpacked((row or {})["chunk"])
        return row_passage(row or {}, self._fields, key=key)


class _Index:
    """One index: what the control plane says of it, and the client of its own host."""

    def __init__(self, client: Any, name: str, place: "_Place") -> None:
        self.place = place
        self.data: Any = None
        self.dimensions: int | None = None
        self.cosine = (0.0, 1.0)
        self.name = name
        self._client = client

    @property
    def is_there(self) -> bool:
        """False before it has been made."""
        return self.data is not None

    def look(self) -> None:
        """Find it, where it is there."""
        from pinecone import NotFoundError

        with self.place.told():
            try:
                self._take(self._client.indexes.describe(self.name))
            except NotFoundError:
                return

    def make(self, dimensions: int) -> None:
        """Make it, and wait until it serves."""
        with self.place.told():
            made = self._client.indexes.create(
                name=self.name, dimension=dimensions, metric="cosine", timeout=READY_S
            )
            self._take(made)

    def wait(self, written: int, vector: Sequence[float]) -> None:
        """Look until the index has come as far as what was written; it says so from the first search on, or never."""
        pause, began_ns = Event(), now_ns()
        while ms_between(began_ns, now_ns()) < SHOWN_S * 1000:
            seen = self.data.query(vector=vector, top_k=1).response_info.lsn_reconciled
            if seen is None or seen >= written:
                return
            pause.wait(LOOK_S)
        what = f"{self.place.name} does not show what was written {SHOWN_S} s ago"
        raise CallError(type="timeout", message=what)

    def close(self) -> None:
        """Close the connections to it and to the control plane."""
        for client in (self.data, self._client):
            if client is not None:
                client.close()

    def _take(self, model: Any) -> None:
        from pinecone import RetryConfig

        self.dimensions = getattr(model, "dimension", None)
        self.cosine = _COSINES.get(str(getattr(model, "metric", "cosine")), (0.0, 1.0))
        self.data = self._client.index(host=model.host)
        # Nothing that it can be given leads there: it would try again by itself, and count the waiting as its answer's time.
        self.data._http._client._transport._config = RetryConfig(max_retries=0)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    timeout_s: float

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around calls of the client: whatever fails is a CallError."""
        from pinecone.errors import exceptions as pinecone

        try:
            yield
        except pinecone.PineconeTimeoutError:
            raise too_slow(self.name, self.timeout_s) from None
        except pinecone.PineconeConnectionError as error:
            raise unreachable(self.name, error) from None
        except pinecone.ApiError as error:
            said = clip(f"{self.name} answers {error}")
            raise status_error(error.status_code, said, error.headers or {}) from None
        except pinecone.ResponseParsingError as error:
            raise bad_reply(clip(f"{self.name} does not answer as Pinecone does: {error}")) from None
        except pinecone.PineconeError as error:
            raise CallError(type="bad_request", message=clip(f"{self.name}: {error}")) from None


def _metadata(chunk: Passage) -> dict[str, Any]:
    return {"chunk": packed(chunk), "facets": facets(chunk.meta)}


def _groups(where: Where) -> list[Any] | None:
    asked = asked_facets(where)
    return asked if asked is None else [{"facets": {"$in": group}} for group in asked]


def _own_groups(where: Where) -> list[Any] | None:
    """Of metadata that somebody else wrote; a list holds what it is compared with."""
    if not all(where.values()):
        return None
    return [{"$or": [{key: {"$eq": value}} for value in values]} for key, values in where.items()]
