"""A collection of the user's, only read: searched as its own index finds."""

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence, Set
from typing import Any

from harness.calls.stores import other_dimensions
from harness.errors import CallError
from harness.retrievers.weaviate.place import Place, dimensions, every
from harness.text.stored import ranked, row_passage
from harness.text.where import holds
from harness.types.search import Query, Scalar, Where
from harness.types.trial import Passage

_COSINES = {"cosine": (1.0, -1.0), "dot": (0.0, -1.0), "l2-squared": (1.0, -0.5)}
"""Distance → (a, b): a + b·distance is the cosine of vectors of length 1."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "boolean": (bool,),
    "int": (int,),
    "number": (int, float),
}
"""Type of a property → what it can be compared with; `text[]` and so on are lists of these."""


class Own:
    """Fulfils types.plugins.Store, but for writing."""

    blocks = True

    def __init__(self, client: Any, name: str, fields: Mapping[str, str], place: Place) -> None:
        """Find it, its properties and its one vector. UsageError where one is missing."""
        self._client = client
        self._fields = fields
        self._place = place
        with place.told():
            config = client.collections.get(name).config.get() if client.collections.exists(name) else None
        if config is None:
            raise place.refusal(f"has no collection '{name}'", "name one that it has")
        self._types = {one.name: str(one.data_type.value) for one in config.properties}
        for key, column in fields.items():
            if column not in self._types:
                what = f"has no property '{column}' in '{name}', which fields.{key} names"
                raise place.refusal(what, f"it has {', '.join(self._types)}")
        self._vector, index = _one_vector(config)
        if index is None:
            raise place.refusal(
                f"has several vectors an object in '{name}'", "name a collection that has one"
            )
        self._cosine = _COSINES.get(str(index.distance_metric.value), (1.0, -1.0))
        with place.told():
            self._objects = client.collections.get(name)
            self._dimensions = dimensions(self._objects)

    def ids(self) -> Set[str]:
        """None that the harness knows."""
        return set()

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Never."""
        del chunks, vectors
        raise AssertionError("a collection of the user's is not written to")

    def delete(self, ids: Ids[str]) -> None:
        """Never."""
        del ids
        raise AssertionError("a collection of the user's is not written to")

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest, as its own index finds them; fewer where a text was split into words, and only those fitted."""
        if query.vector is None or top_k < 1:
            return ()
        from weaviate.classes.query import MetadataQuery

        if self._dimensions not in (None, len(query.vector)):
            raise other_dimensions(self._dimensions or 0, len(query.vector))
        conditions = self._conditions(query.where)
        if conditions is None:
            return ()
        with self._place.told():
            found = self._objects.query.near_vector(
                near_vector=[float(number) for number in query.vector],
                target_vector=self._vector,
                limit=top_k,
                filters=every(conditions),
                return_properties=list(dict.fromkeys([*self._fields.values(), *query.where])),
                return_metadata=MetadataQuery(distance=True),
            )
        checked = {key: values for key, values in query.where.items() if self._plain(key) in _KINDS}
        start, slope = self._cosine
        return ranked(
            (
                start + slope * one.metadata.distance,
                row_passage(one.properties, self._fields, key=str(one.uuid)),
            )
            for one in found.objects
            if holds(one.properties, checked)
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _plain(self, key: str) -> str:
        return self._types[key].removesuffix("[]")

    def _conditions(self, where: Where) -> list[Any] | None:
        """One a key; None where a property can have none of the values, since they are of another type."""
        from weaviate.classes.query import Filter

        conditions = []
        for key, values in where.items():
            if key not in self._types:
                what = f"the collection has no property '{key}', which where names"
                raise CallError(type="bad_request", message=what)
            fitting = [
                one for one in (_fitted(value, self._plain(key)) for value in values) if one is not None
            ]
            if not fitting:
                return None
            conditions.append(Filter.by_property(key).contains_any(fitting))
        return conditions


def _one_vector(config: Any) -> tuple[str | None, Any]:
    """Name and index of a collection's one vector; the name is None for one without, the index for several vectors."""
    named = config.vector_config or {}
    if not named:
        return None, config.vector_index_config
    if len(named) > 1:
        return None, None
    name, one = next(iter(named.items()))
    return name, one.vector_index_config


def _fitted(value: Scalar, plain: str) -> Any:
    """A value as a property of that type can be compared with; None where it cannot."""
    if isinstance(value, float) and plain == "int" and value.is_integer():
        return int(value)
    kinds = _KINDS.get(plain, (str,))
    fits = isinstance(value, kinds) and (plain == "boolean" or not isinstance(value, bool))
    return (float(value) if plain == "number" else value) if fits else None
