"""The table that the harness makes for an index: exact while it is small, an HNSW index above."""

from collections.abc import Collection as Ids
from collections.abc import Sequence, Set
from contextlib import suppress
from typing import Any

from harness.calls.stores import other_dimensions, refused_dimensions
from harness.retrievers.pgvector.columns import columns, counts, vector
from harness.retrievers.pgvector.pool import Pool
from harness.text.chunks import chunk_id
from harness.text.stored import asked_facets, batches, facets, packed, ranked, unpacked
from harness.types.search import Query
from harness.types.trial import Passage

EXACT_BELOW = 5_000
"""Chunks. So many are compared one by one in some 10 ms; an index would save little of it and lose some chunks."""
MOST_INDEXED = 2000
"""Numbers a vector, for pgvector's HNSW; twice as many where they are halved, and none above."""
MOST_HELD = 16_000
"""Numbers a vector."""
WIDER = 4
"""So many times the passages that are wanted are found by halved numbers, and then put in order by whole ones."""
MOST_AT_ONCE = 1000
"""Rows a transaction."""

_TABLE = """
    CREATE TABLE IF NOT EXISTS {table}
    (id uuid PRIMARY KEY, chunk json NOT NULL, facets text[] NOT NULL, embedding vector(%d) NOT NULL)
"""
_WRITE = """
    INSERT INTO {table} (id, chunk, facets, embedding) VALUES (%s, %s, %s, %s) ON CONFLICT (id)
    DO UPDATE SET chunk = excluded.chunk, facets = excluded.facets, embedding = excluded.embedding
"""
_WHOLE = "SELECT 1 - (embedding <=> %s), chunk::text FROM {table}{held} ORDER BY embedding <=> %s LIMIT %s"
_HALVED = """
    SELECT 1 - (embedding <=> %s), chunk FROM (
        SELECT embedding, chunk::text FROM {table}{held} ORDER BY embedding::{half} <=> %s::{half} LIMIT %s
    ) AS near ORDER BY 1 DESC LIMIT %s
"""


class Kept:
    """Fulfils types.plugins.Store. A chunk is one line of JSON: unlike jsonb and text, json takes any sign."""

    blocks = True

    def __init__(self, pool: Pool, name: str) -> None:
        """Look whether the table is there; the first chunks make it."""
        from psycopg.sql import SQL, Identifier

        self._pool = pool
        self._sql: Any = SQL
        self._names = {
            "table": Identifier(name),
            "near_index": Identifier(f"{name}-near"),
            "facets_index": Identifier(f"{name}-facets"),
        }
        with pool.link() as link:
            found = columns(link, self._names["table"])
        self._dimensions = found["embedding"].size if found else None

    def ids(self) -> Set[str]:
        """Of all rows."""
        if self._dimensions is None:
            return set()
        with self._pool.link() as link:
            return {row[0] for row in link.execute(self._said("SELECT id::text FROM {table}"))}

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Write them, so many in a transaction, and build what a large table needs. UsageError: other dimensions."""
        if not chunks:
            return
        given = vectors.shape[1]
        self._make(given)
        rows = {chunk_id(chunk): (chunk, row) for chunk, row in zip(chunks, vectors, strict=True)}
        ids = list(rows)
        for part in batches(len(ids), MOST_AT_ONCE):
            told = [(one, packed(rows[one][0]), facets(rows[one][0].meta), rows[one][1]) for one in ids[part]]
            with self._pool.link() as link, link.transaction(), link.cursor() as cursor:
                cursor.executemany(self._said(_WRITE), told)
        self._index(given)

    def delete(self, ids: Ids[str]) -> None:
        """Forget them."""
        gone = list(ids)
        if self._dimensions is None:
            return
        with self._pool.link() as link:
            for part in batches(len(gone), MOST_AT_ONCE):
                link.execute(self._said("DELETE FROM {table} WHERE id = ANY(%s::uuid[])"), [gone[part]])

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest by cosine."""
        held = self._dimensions
        if query.vector is None or top_k < 1 or held is None:
            return ()
        if held != len(query.vector):
            raise other_dimensions(held, len(query.vector))
        groups = asked_facets(query.where)
        if groups is None:
            return ()
        conditions = self._sql(" AND ").join([self._sql("facets && %s")] * len(groups))
        narrowed = self._sql(" WHERE ") + conditions if groups else self._sql("")
        sought = vector(query)
        values = [sought, *groups, sought]
        if MOST_INDEXED < held <= 2 * MOST_INDEXED:
            asked = self._said(_HALVED, held=narrowed, half=self._sql(f"halfvec({held})"))
            values += [WIDER * top_k, top_k]
        else:
            asked = self._said(_WHOLE, held=narrowed)
            values += [top_k]
        with self._pool.link() as link:
            found = link.execute(asked, values).fetchall()
        return ranked((score, unpacked(line)) for score, line in found if counts(score))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _make(self, given: int) -> None:
        from psycopg.errors import InsufficientPrivilege, UniqueViolation

        place = self._pool.place
        if self._dimensions not in (None, given):
            raise refused_dimensions(place.name, self._dimensions, given)
        if given > MOST_HELD:
            what = f"holds vectors of at most {MOST_HELD} numbers, not of {given}"
            raise place.refusal(what, "have the embedding model make shorter ones")
        if self._dimensions is not None:
            return
        with self._pool.link() as link:
            try:
                with suppress(UniqueViolation):  # another session has just made it
                    link.execute(self._said(_TABLE % given))
            except InsufficientPrivilege:
                hint = "let it create in its schema, or name a table of your own under collection:"
                raise place.refusal("does not let this user make a table", hint) from None
        self._dimensions = given

    def _index(self, given: int) -> None:
        """Build what a large table needs, in one go after the rows, which is far quicker than with each of them."""
        with self._pool.link(patient=True) as link:
            many = link.execute(self._said("SELECT 1 FROM {table} LIMIT 1 OFFSET %s"), [EXACT_BELOW - 1])
            if many.fetchone() is None or not self._pool.indexes:
                return
            near = "embedding vector_cosine_ops"
            if given > MOST_INDEXED:
                near = f"(embedding::halfvec({given})) halfvec_cosine_ops"
            if given <= 2 * MOST_INDEXED:
                made = f"CREATE INDEX IF NOT EXISTS {{near_index}} ON {{table}} USING hnsw ({near})"
                link.execute(self._said(made))
            link.execute(
                self._said("CREATE INDEX IF NOT EXISTS {facets_index} ON {table} USING gin (facets)")
            )
            link.execute(self._said("ANALYZE {table}"))

    def _said(self, statement: str, **parts: Any) -> Any:
        return self._sql(statement).format(**self._names, **parts)
