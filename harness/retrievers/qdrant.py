"""Qdrant, at its server or in a folder of its own: vectors by cosine, through its own client."""

import math
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.calls.access import is_loopback
from harness.calls.failures import bad_reply, status_error
from harness.calls.shared import Shared
from harness.calls.stores import (
    LOOKED_AT,
    check_fields,
    named_secret,
    other_dimensions,
    package,
    plain_url,
    refused_dimensions,
    shut_out,
    too_slow,
    unreachable,
)
from harness.errors import CallError, Fault, UsageError
from harness.registry import nearest
from harness.text.chunks import chunk_id
from harness.text.quote import clip
from harness.text.stored import asked_facets, batches, facets, packed, ranked, row_passage, unpacked
from harness.types.plugins import Store, StoreKit
from harness.types.search import Query, Scalar, Where
from harness.types.trial import Passage

MOST_NUMBERS = 400_000
"""Of one request that adds: as JSON 8 MB, and a server takes 32 MB by default."""
PAGE = 10_000
"""Ids of one request."""

_COSINE: Mapping[str, Callable[[float], float]] = {
    "Cosine": lambda score: score,
    "Dot": lambda score: score,
    "Euclid": lambda score: 1 - score * score / 2,
}
"""Distance → what its score says of the cosine, for vectors of length 1. Of Manhattan's nothing follows."""

_FOLDERS: Shared[tuple[Any, threading.RLock]] = Shared()
"""A folder opens once in a process, for all of its collections, and its client is not made for several threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qdrant:
    """A server of Qdrant 1.10 or newer, or Qdrant Cloud; or a folder without one, for up to some 20,000 chunks."""

    url: str | None = None
    path: str | None = None
    """Instead of a server: a folder, which one process holds at a time."""
    api_key_env: str | None = None
    collection: str | None = None
    """One of the user's own."""
    fields: Mapping[str, str] = field(default_factory=lambda: {"doc": "doc", "text": "text"})
    """{doc, text, title?} → keys of its payload, `a.b` for b within a; where none has a `doc`, its id stands in."""

    @property
    def owned(self) -> bool:
        """False for a collection of the user's."""
        return self.collection is None

    def open(self, kit: StoreKit) -> Store:
        """Connect, and look for the collection. CallError: no answer. UsageError: no package, key, folder or collection."""
        package("qdrant_client", extra="qdrant")
        if (self.url is None) == (self.path is None):
            what, hint = "qdrant is at a url or in a folder", "give either url: or path:"
            raise UsageError(Fault(where="retrieve.store", what=what, next=hint))
        key = named_secret(kit, self.api_key_env, store="qdrant")
        server = self._in_folder() if self.path is not None else _at_url(str(self.url), key, kit)
        try:
            return _Qdrant(server, self.collection or kit.name, None if self.owned else self.fields)
        except BaseException:
            server.close()
            raise

    def _in_folder(self) -> "_Server":
        folder = Path(str(self.path)).resolve()
        if not self.owned and not folder.is_dir():
            what = f"there is no folder {folder} with a collection '{self.collection}'"
            raise UsageError(
                Fault(where="retrieve.store.path", what=what, next="name the folder that holds it")
            )
        client, lock = _FOLDERS.take(str(folder), lambda: (_local(folder), threading.RLock()))
        return _Server(client, f"qdrant in {folder}", lock=lock, folder=str(folder))


class _Qdrant:
    """Points: the chunk's id, its vector, and as payload the chunk on one line and its facets as a list."""

    def __init__(self, server: "_Server", collection: str, fields: Mapping[str, str] | None) -> None:
        self.blocks = server.folder is None
        self._server = server
        self._collection = collection
        self._fields = fields
        self._using: str | None = None
        self._cosine = _COSINE["Cosine"]
        self._dimensions: int | None = None
        with server.told():
            there = server.client.collection_exists(collection)
        if there:
            self._look()
        elif fields is not None:
            what = f"{server.name} has no collection '{collection}'"
            raise UsageError(
                Fault(where="retrieve.store.collection", what=what, next=f"it has: {self._others()}")
            )

    def ids(self) -> Set[str]:
        """Of all points, a page at a time."""
        if self._dimensions is None:
            return set()
        found: set[str] = set()
        after = None
        while True:
            with self._server.told():
                points, after = self._server.client.scroll(
                    self._collection, limit=PAGE, offset=after, with_payload=False, with_vectors=False
                )
            found.update(str(point.id) for point in points)
            if after is None:
                return found

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, so many at a time as a server takes; the first ones make the collection."""
        if not chunks:
            return
        given = int(vectors.shape[1])
        if self._dimensions not in (None, given):
            raise refused_dimensions(self._server.name, self._dimensions, given)
        if self._dimensions is None:
            self._make(given)
        from qdrant_client import models

        places = {chunk_id(chunk): place for place, chunk in enumerate(chunks)}
        ids = list(places)
        for part in batches(len(ids), max(1, min(1000, MOST_NUMBERS // given))):
            taken = [places[one] for one in ids[part]]
            payloads = [
                {"chunk": packed(chunks[place]), "facets": facets(chunks[place].meta)} for place in taken
            ]
            points: Any = models.Batch(ids=ids[part], vectors=vectors[taken].tolist(), payloads=payloads)
            with self._server.told():
                self._server.client.upsert(self._collection, points, wait=True)

    def delete(self, ids: Collection[str]) -> None:
        """Forget them."""
        from qdrant_client import models

        gone = list(ids) if self._dimensions is not None else []
        for part in batches(len(gone), PAGE):
            these = models.PointIdsList(points=gone[part])
            with self._server.told():
                self._server.client.delete(self._collection, these, wait=True)

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest: at a server approximately, in a folder exactly."""
        if query.vector is None or top_k < 1 or self._dimensions is None:
            return ()
        if len(query.vector) != self._dimensions:
            raise other_dimensions(self._dimensions, len(query.vector))
        groups = _own_groups(query.where) if self._fields else _groups(query.where)
        if groups is None:
            return ()
        with self._server.told():
            found = self._server.client.query_points(
                self._collection,
                query=list(query.vector),
                using=self._using,
                query_filter=_every(groups),
                limit=top_k,
                with_payload=True,
            ).points
            return ranked((self._cosine(point.score), self._passage(point)) for point in found)

    def close(self) -> None:
        """Close the connections, or let the folder go with the last who has it open."""
        self._server.close()

    def _look(self) -> None:
        """Read how the collection's vectors are made."""
        with self._server.told():
            made: Any = self._server.client.get_collection(self._collection).config.params.vectors
        named = made if isinstance(made, Mapping) else {None: made}
        at = f"collection '{self._collection}' of {self._server.name}"
        if len(named) != 1 or not all(named.values()):
            what = f"{at} has {len(named)} kinds of vectors, and one is searched"
            raise UsageError(
                Fault(where="retrieve.store.collection", what=what, next="name one that has one")
            )
        ((self._using, shape),) = named.items()
        if shape.distance not in _COSINE:
            what = f"{at} measures {shape.distance.value}, of which no cosine follows"
            raise UsageError(
                Fault(where="retrieve.store.collection", what=what, next="name one with Cosine or Dot")
            )
        self._dimensions, self._cosine = int(shape.size), _COSINE[shape.distance]
        if self._fields is not None:
            self._check_fields(at, self._fields)

    def _check_fields(self, at: str, fields: Mapping[str, str]) -> None:
        """A first look at what is there."""
        with self._server.told():
            points, _ = self._server.client.scroll(self._collection, limit=LOOKED_AT, with_payload=True)
        payloads = [point.payload or {} for point in points]
        keys = {path for one in payloads for path in _paths(one) if _within(one, path) is not None}
        if payloads:
            check_fields(at, fields, keys, {"doc"}, nearest)

    def _make(self, dimensions: int) -> None:
        from qdrant_client import models

        shape = models.VectorParams(size=dimensions, distance=models.Distance.COSINE)
        with self._server.told():
            if not self._server.client.collection_exists(
                self._collection
            ):  # nor made by another run meanwhile
                self._server.client.create_collection(self._collection, vectors_config=shape)
            if self.blocks:  # a cloud may refuse to look for what has no index; a folder has none
                kind = models.PayloadSchemaType.KEYWORD
                self._server.client.create_payload_index(self._collection, "facets", field_schema=kind)
        self._dimensions = dimensions

    def _others(self) -> str:
        with self._server.told():
            there = self._server.client.get_collections().collections
        return clip(", ".join(sorted(one.name for one in there)), 200) or "none"

    def _passage(self, point: Any) -> Passage:
        payload = point.payload or {}
        if self._fields is None:
            return unpacked(payload["chunk"])
        nested = {path: _within(payload, path) for path in self._fields.values() if path not in payload}
        return row_passage({**payload, **nested}, self._fields, key=str(point.id))


class _Server:
    """The client, with what a person calls its place."""

    def __init__(
        self, client: Any, name: str, *, timeout_s: float = 0.0, lock: Any = None, folder: str | None = None
    ) -> None:
        self.client = client
        self.name = name
        self.folder = folder
        self._timeout_s = timeout_s
        self._lock = nullcontext() if lock is None else lock

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around calls of the client: whatever fails is a CallError. In a folder one call follows the other."""
        with self._lock, self._mapped():
            yield

    def close(self) -> None:
        """Let go."""
        if self.folder is None:
            self.client.close()
        else:
            _FOLDERS.leave(self.folder, lambda opened: opened[0].close())

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        import httpx
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            yield
        except ResponseHandlingException as error:
            match error.source:
                case httpx.TimeoutException():
                    raise too_slow(self.name, self._timeout_s) from None
                case httpx.TransportError() as cause:
                    raise unreachable(self.name, cause) from None
            raise bad_reply(clip(f"{self.name} does not answer as Qdrant does: {error}")) from None
        except UnexpectedResponse as error:
            raise self._refused(error) from None
        except ResourceExhaustedResponse as error:
            message = clip(f"{self.name} is asked too often: {error}")
            raise CallError(
                type="rate_limited",
                message=message,
                status=429,
                retryable=True,
                retry_after_s=error.retry_after_s,
            ) from None
        except (UsageError, CallError):
            raise
        except Exception as error:  # noqa: BLE001 - a client may raise anything: it is told as a failed call
            raise bad_reply(clip(f"{self.name}: {type(error).__name__}: {error}")) from None

    def _refused(self, error: Any) -> CallError:
        """An answer with an error status; what it says stands in its body's `status.error`."""
        status = int(error.status_code or 0)
        said = clip(bytes(error.content or b"").decode("utf-8", "replace"), 200) or error.reason_phrase
        if status in (401, 403):
            return shut_out(self.name, said, status)
        return status_error(status, clip(f"{self.name} answers {status}: {said}"), error.headers or {})


def _at_url(url: str, key: str | None, kit: StoreKit) -> _Server:
    from qdrant_client import QdrantClient

    warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
    timeout_s = math.ceil(kit.timeout_s)  # the client counts in whole seconds
    to_httpx: Any = {"trust_env": not is_loopback(url)}
    client = QdrantClient(
        url=url,
        api_key=key,
        timeout=timeout_s,
        pool_size=max(1, kit.searches),
        check_compatibility=False,  # a thread of its own that asks for a version
        **to_httpx,
    )
    return _Server(client, f"qdrant at {plain_url(url)}", timeout_s=timeout_s)


def _local(folder: Path) -> Any:
    from qdrant_client import QdrantClient

    warnings.filterwarnings("ignore", message="Local mode is not recommended")
    try:
        return QdrantClient(path=str(folder), force_disable_check_same_thread=True)
    except (RuntimeError, ValueError, OSError) as error:
        used = "already accessed" in str(error)
        what = f"qdrant in {folder} " + (
            "is in use by another process" if used else f"cannot be opened ({error})"
        )
        hint = "wait until that one has ended, or use a server" if used else "name a folder of qdrant's own"
        raise UsageError(Fault(where="retrieve.store.path", what=clip(what), next=hint)) from None


def _within(payload: Mapping[str, Any], path: str) -> Any:
    """What stands there: under the whole name, or under `b` within `a` for `a.b`; None for nothing."""
    if path in payload:
        return payload[path]
    first, dot, rest = path.partition(".")
    inner = payload.get(first)
    return _within(inner, rest) if dot and isinstance(inner, Mapping) else None


def _paths(payload: Mapping[str, Any]) -> Iterator[str]:
    """Every name that it has, and `a.b` for b within a."""
    for key, value in payload.items():
        yield key
        if isinstance(value, Mapping):
            yield from (f"{key}.{path}" for path in _paths(value))


def _groups(where: Where) -> list[list[Any]] | None:
    from qdrant_client import models

    asked = asked_facets(where)
    if asked is None:
        return None
    return [[models.FieldCondition(key="facets", match=models.MatchAny(any=group))] for group in asked]


def _own_groups(where: Where) -> list[list[Any]] | None:
    """Of a payload that somebody else wrote: the value itself, or a list that holds it."""
    groups = [[_is(key, value) for value in values] for key, values in where.items()]
    return groups if all(groups) else None


def _is(key: str, value: Scalar) -> Any:
    """Numbers by a range of one: an exact match knows no 1.0, and of an integer field no 1.0 that stands for 1."""
    from qdrant_client import models

    if isinstance(value, str | bool):
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))
    return models.FieldCondition(key=key, range=models.Range(gte=value, lte=value))


def _every(groups: list[list[Any]]) -> Any:
    """One of each group."""
    from qdrant_client import models

    return models.Filter(must=[models.Filter(should=group) for group in groups]) if groups else None
