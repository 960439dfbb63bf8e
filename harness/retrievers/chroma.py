"""Chroma, at its server: vectors by cosine in an HNSW index, through its own client."""

from collections.abc import Collection as Ids
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.calls.access import is_loopback
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
from harness.errors import Fault, UsageError
from harness.registry import nearest
from harness.text.chunks import chunk_id
from harness.text.quote import clip
from harness.text.stored import asked_facets, batches, facets, packed, ranked, row_passage, unpacked
from harness.types.plugins import Store, StoreKit
from harness.types.search import Query, Where
from harness.types.trial import Passage

MOST_ADDED = 1000
"""Rows a request: with vectors of 3,000 numbers that is half of what a server takes in one by default, 40 MiB."""

_COSINE = {"cosine": 1.0, "ip": 1.0, "l2": 0.5}
"""Space → what a distance takes from 1. Vectors have the length 1, and l2 is squared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chroma:
    """A server of Chroma 1.5 or newer, or Chroma Cloud. Nothing is ever embedded by Chroma."""

    url: str
    api_key_env: str | None = None
    """Sent as `X-Chroma-Token` and as a bearer token, whichever the server, or the proxy before it, reads."""
    collection: str | None = None
    """One of the user's own."""
    fields: Mapping[str, str] = field(default_factory=lambda: {"doc": "doc", "text": "text"})
    """{doc, text, title?} → keys of its metadata; where none has a `doc` or `text`, ids and documents stand in."""

    @property
    def owned(self) -> bool:
        """False for a collection of the user's."""
        return self.collection is None

    def open(self, kit: StoreKit) -> Store:
        """Connect, and find or make the collection. CallError: no answer. UsageError: no package, key or collection."""
        package("chromadb", extra="chroma")
        key = named_secret(kit, self.api_key_env, store="chroma")
        place = _Place(f"Chroma at {plain_url(self.url)}", kit.timeout_s)
        api = _client(self.url, key, kit.timeout_s)
        try:
            with place.told():
                model = self._model(api, kit.name)
            if model is None:
                what = f"{place.name} has no collection '{self.collection}'"
                raise UsageError(
                    Fault(where="retrieve.store.collection", what=what, next="name one that it has")
                )
            return _Chroma(api, model, place, None if self.owned else self.fields)
        except BaseException:
            api._session.close()  # noqa: SLF001 - its own close leaves the connections open
            raise

    def _model(self, api: Any, name: str) -> Any:
        """What the server says of the collection; None where the user's is not there."""
        from chromadb.config import DEFAULT_DATABASE, DEFAULT_TENANT
        from chromadb.errors import NotFoundError

        known = api.get_user_identity()
        databases = [one for one in known.databases or () if one != "*"]
        at = {
            "tenant": known.tenant if known.tenant not in (None, "", "*") else DEFAULT_TENANT,
            "database": databases[0] if len(databases) == 1 else DEFAULT_DATABASE,
        }
        if self.collection is None:
            space: Any = {"hnsw": {"space": "cosine"}, "embedding_function": None}
            return api.get_or_create_collection(name, configuration=space, **at)
        try:
            return api.get_collection(self.collection, **at)
        except NotFoundError:
            return None


class _Chroma:
    """Records: the chunk's id, its vector, and as metadata the chunk on one line and its facets as a list."""

    blocks = True

    def __init__(self, api: Any, model: Any, place: "_Place", fields: Mapping[str, str] | None) -> None:
        from chromadb.api.models.Collection import Collection

        self._api = api
        self._place = place
        self._fields = fields
        # Left out, it would be a model that Chroma downloads.
        self._collection: Any = Collection(client=api, model=model, embedding_function=None)
        self._dimensions: int | None = model.dimension
        kinds = model.configuration_json or {}
        kind = kinds.get("hnsw") or kinds.get("spann") or {}
        self._slope = _COSINE.get(kind.get("space") or "l2", 1.0)
        if fields is not None:
            self._check_fields(fields)

    def ids(self) -> Set[str]:
        """Of all records, a page at a time."""
        found: set[str] = set()
        with self._place.told():
            size = self._page()
            while page := self._collection.get(include=[], limit=size, offset=len(found))["ids"]:
                found.update(page)
        return found

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, so many at a time as the server takes."""
        assert self._fields is None, "a collection of the user's is not written to"
        if not chunks:
            return
        given = vectors.shape[1]
        if self._dimensions not in (None, given):
            raise refused_dimensions(self._place.name, self._dimensions, given)
        rows = {chunk_id(chunk): (chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)}
        ids = list(rows)
        with self._place.told():
            for part in batches(len(ids), min(MOST_ADDED, self._page())):
                taken = [rows[one] for one in ids[part]]
                self._collection.upsert(
                    ids=ids[part],
                    embeddings=[vector for _, vector in taken],
                    metadatas=[_metadata(chunk) for chunk, _ in taken],
                )
        self._dimensions = given

    def delete(self, ids: Ids[str]) -> None:
        """Forget them."""
        assert self._fields is None, "a collection of the user's is not written to"
        gone = list(ids)
        with self._place.told():
            for part in batches(len(gone), self._page()):
                self._collection.delete(ids=gone[part])

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest, approximately."""
        if query.vector is None or top_k < 1:
            return ()
        if self._dimensions not in (None, len(query.vector)):
            raise other_dimensions(self._dimensions, len(query.vector))
        groups = _own_groups(query.where) if self._fields else _groups(query.where)
        if groups is None:
            return ()
        with self._place.told():
            found = self._collection.query(
                query_embeddings=[list(query.vector)],
                n_results=top_k,
                where=_every(groups),
                include=["metadatas", "distances", *(["documents"] if self._fields else [])],
            )
        documents = (found["documents"] or [[]])[0] or [None] * len(found["ids"][0])
        rows = zip(found["ids"][0], found["metadatas"][0], documents, found["distances"][0], strict=True)
        return ranked(
            (1.0 - self._slope * far, self._passage(key, row, text)) for key, row, text, far in rows
        )

    def close(self) -> None:
        """Close the connections."""
        self._api._session.close()  # noqa: SLF001 - its own close leaves them open

    def _check_fields(self, fields: Mapping[str, str]) -> None:
        """A first look at what is there."""
        with self._place.told():
            found = self._collection.get(include=["metadatas", "documents"], limit=LOOKED_AT)
        keys = {key for row in found["metadatas"] for key, value in (row or {}).items() if value is not None}
        stood_in = {"doc", "text"} if any(text is not None for text in found["documents"]) else {"doc"}
        if found["ids"]:
            at = f"collection '{self._collection.name}' of {self._place.name}"
            check_fields(at, fields, keys, stood_in, nearest)

    def _passage(self, key: str, row: Mapping[str, Any] | None, text: str | None) -> Passage:
        if self._fields is None:
            return unpacked((row or {})["chunk"])
        return row_passage(row or {}, self._fields, key=key, text=text or "")

    def _page(self) -> int:
        """How many rows the server takes in one request."""
        most: int = self._api.get_max_batch_size()
        return most if most > 0 else MOST_ADDED


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    timeout_s: float

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around calls of the client: whatever fails is a CallError."""
        import httpx
        from chromadb.errors import ChromaError

        try:
            yield
        except httpx.TimeoutException:
            raise too_slow(self.name, self.timeout_s) from None
        except httpx.TransportError as error:
            raise unreachable(self.name, error) from None
        except ChromaError as error:
            raise status_error(error.code(), clip(f"{self.name}: {error}"), {}) from None
        except Exception as error:  # noqa: BLE001 - for an answer that is none of Chroma's, the client raises a bare one
            cause = error.__context__  # which has the status
            if isinstance(cause, httpx.HTTPStatusError):
                said = clip(f"{self.name} answers {cause.response.status_code}: {error}")
                raise status_error(cause.response.status_code, said, cause.response.headers) from None
            raise bad_reply(clip(f"{self.name} does not answer as Chroma does: {error}")) from None


def _client(url: str, key: str | None, timeout_s: float) -> Any:
    """The client that chromadb.HttpClient is made of: that one knows no time-out, and asks before it can be given one."""
    import httpx
    from chromadb.api import ServerAPI
    from chromadb.config import Settings, System

    settings = Settings(
        _env_file=None,
        anonymized_telemetry=False,
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=url.rstrip("/"),
        chroma_server_http_port=0,  # must be set, and is not read where the host is a url
        chroma_server_headers={}
        if key is None
        else {"X-Chroma-Token": key, "Authorization": f"Bearer {key}"},
    )
    api: Any = System(settings).instance(ServerAPI)  # type: ignore[type-abstract]
    made = api._session  # noqa: SLF001 - no setting leads to its time-out, nor past a proxy
    api._session = httpx.Client(  # noqa: SLF001
        timeout=timeout_s, limits=api.http_limits, headers=made.headers, trust_env=not is_loopback(url)
    )
    made.close()
    return api


def _metadata(chunk: Passage) -> dict[str, Any]:
    found = facets(chunk.meta)
    return {"chunk": packed(chunk), **({"facets": found} if found else {})}


def _groups(where: Where) -> list[list[Any]] | None:
    asked = asked_facets(where)
    return asked if asked is None else [[{"facets": {"$contains": one}} for one in group] for group in asked]


def _own_groups(where: Where) -> list[list[Any]] | None:
    """Of metadata that somebody else wrote: the value itself, or a list that holds it."""
    groups: list[list[Any]] = [
        [{key: {how: value}} for value in values for how in ("$eq", "$contains")]
        for key, values in where.items()
    ]
    return groups if all(groups) else None


def _every(groups: list[list[Any]]) -> Any:
    """One of each group. Chroma takes no `$and` nor `$or` of one."""
    parts = [group[0] if len(group) == 1 else {"$or": group} for group in groups]
    return None if not parts else parts[0] if len(parts) == 1 else {"$and": parts}
