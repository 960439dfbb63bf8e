"""The collection that the harness makes for an index."""

from collections.abc import Collection as Ids
from collections.abc import Sequence, Set
from typing import Any

from harness.calls.stores import other_dimensions, refused_dimensions
from harness.errors import CallError
from harness.retrievers.weaviate.place import Place, dimensions, every
from harness.text.chunks import chunk_id
from harness.text.quote import clip
from harness.text.stored import asked_facets, batches, facets, packed, ranked, unpacked
from harness.types.search import Query
from harness.types.trial import Passage

MOST_AT_ONCE = 500
"""Objects a request: with vectors of 3,000 numbers some 8 MB."""


class Kept:
    """Objects by the chunk's id, with the chunk on one line and its facets as properties. No collection before the first."""

    blocks = True

    def __init__(self, client: Any, name: str, place: Place) -> None:
        """Look whether the collection is there."""
        self._client = client
        self._name = name
        self._place = place
        with place.told():
            self._objects: Any = client.collections.get(name) if client.collections.exists(name) else None
            self._dimensions = dimensions(self._objects) if self._objects is not None else None

    def ids(self) -> Set[str]:
        """Of all objects."""
        if self._objects is None:
            return set()
        with self._place.told():
            return {str(one.uuid) for one in self._objects.iterator(return_properties=[])}

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, so many at a time; the first add makes the collection."""
        if not chunks:
            return
        from weaviate.classes.data import DataObject

        given = vectors.shape[1]
        if self._dimensions not in (None, given):
            raise refused_dimensions(self._place.name, self._dimensions or 0, given)
        rows = [
            DataObject(
                uuid=chunk_id(chunk),
                properties={"chunk": packed(chunk), "facets": facets(chunk.meta)},
                vector={"default": vector.tolist()},
            )
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        with self._place.told():
            if self._objects is None:
                self._objects = self._made()
            for part in batches(len(rows), MOST_AT_ONCE):
                told = self._objects.data.insert_many(rows[part])
                if told.has_errors:
                    first = next(iter(told.errors.values())).message
                    what = (
                        f"{self._place.name} did not take {len(told.errors)} of {len(rows)} chunks: {first}"
                    )
                    raise CallError(type="bad_request", message=clip(what))
        self._dimensions = given

    def delete(self, ids: Ids[str]) -> None:
        """Forget them."""
        if self._objects is None:
            return
        from weaviate.classes.query import Filter

        gone = list(ids)
        with self._place.told():
            for part in batches(len(gone), MOST_AT_ONCE):
                self._objects.data.delete_many(where=Filter.by_id().contains_any(gone[part]))

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest, approximately."""
        if query.vector is None or top_k < 1 or self._objects is None:
            return ()
        from weaviate.classes.query import Filter, MetadataQuery

        if self._dimensions not in (None, len(query.vector)):
            raise other_dimensions(self._dimensions or 0, len(query.vector))
        groups = asked_facets(query.where)
        if groups is None:
            return ()
        with self._place.told():
            found = self._objects.query.near_vector(
                near_vector=[float(number) for number in query.vector],
                target_vector="default",
                limit=top_k,
                filters=every([Filter.by_property("facets").contains_any(group) for group in groups]),
                return_properties=["chunk"],
                return_metadata=MetadataQuery(distance=True),
            )
        return ranked((1 - one.metadata.distance, unpacked(one.properties["chunk"])) for one in found.objects)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _made(self) -> Any:
        from weaviate.classes.config import Configure, DataType, Property, Tokenization, VectorDistances

        near = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
        return self._client.collections.create(
            self._name,
            vector_config=Configure.Vectors.self_provided(vector_index_config=near),
            properties=[
                Property(
                    name="chunk", data_type=DataType.TEXT, index_filterable=False, index_searchable=False
                ),
                Property(
                    name="facets",
                    data_type=DataType.TEXT_ARRAY,
                    tokenization=Tokenization.FIELD,
                    index_searchable=False,
                ),
            ],
        )
