"""PostgreSQL with pgvector: a table of the harness's own, or one of the user's that is only read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.calls.stores import named_secret, package
from harness.retrievers.pgvector.kept import Kept
from harness.retrievers.pgvector.own import Own
from harness.retrievers.pgvector.pool import Place, Pool, place_name
from harness.types.plugins import Store, StoreKit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pgvector:
    """A database in which pgvector is, or may be, created."""

    api_key_env: str
    """The environment variable that holds the connection string."""
    collection: str | None = None
    """A table or view of the user's own, `name` or `schema.name`, with one column of vectors."""
    fields: Mapping[str, str] = field(default_factory=lambda: {"doc": "doc", "text": "text"})
    """{doc, text, title?} → its columns; a condition may name any column of it."""

    @property
    def owned(self) -> bool:
        """False for a table of the user's."""
        return self.collection is None

    def open(self, kit: StoreKit) -> Store:
        """Connect as often as searches may wait at once, before any clock.

        Raises:
            UsageError: The package, the connection string, pgvector in the database, or the table is missing.
            CallError: No answer.
        """
        package("psycopg", extra="pgvector")
        package("pgvector", extra="pgvector")
        conninfo = named_secret(kit, self.api_key_env, store="pgvector") or ""
        place = Place(place_name(conninfo, self.api_key_env), kit.timeout_s)
        pool = Pool(conninfo, place, owned=self.owned)
        try:
            pool.grow(max(1, kit.searches))
            if self.collection is None:
                return Kept(pool, kit.name)
            return Own(pool, self.collection, self.fields)
        except BaseException:
            pool.close()
            raise
