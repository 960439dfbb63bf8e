"""The rows of an index on disk: one SQLite file that one process holds at a time, and that survives a kill at any point."""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from harness.calls.stores import refused_dimensions
from harness.errors import CallError, Fault, UsageError
from harness.text.chunks import chunk_id
from harness.text.stored import batches, facets, packed, unpacked
from harness.types.trial import Passage

BLOCK = 10_000
"""Rows of one transaction, and of one look at many vectors: with vectors of 3,000 numbers 120 MB."""

_TABLES = """
CREATE TABLE IF NOT EXISTS chunks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    meta INTEGER NOT NULL,
    vector BLOB NOT NULL,
    chunk TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_meta ON chunks (meta);
CREATE TABLE IF NOT EXISTS metas (meta INTEGER PRIMARY KEY, facets TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS facets (facet TEXT, meta INTEGER, PRIMARY KEY (facet, meta)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graph (
    generation INTEGER, upto INTEGER, size INTEGER, bytes INTEGER, width INTEGER, recall REAL
);
"""
"""A key is never given twice (AUTOINCREMENT): what a graph says of a chunk that is gone cannot mean another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRow:
    """The graph that counts: any other file is of a build that was broken off, or past."""

    generation: int
    """Part of its file's name; each build has the next."""
    upto: int
    """It knows every key up to this one, but for chunks that were gone when it was built."""
    size: int
    """Keys in it, those of chunks that are gone since among them."""
    bytes: int
    """Length of the file: another one is damaged."""
    width: int
    """How widely it is searched."""
    recall: float
    """Share of the ten nearest that it found so, of a sample of its own vectors."""


class Rows:
    """Safe to call from several threads. What goes wrong once it is open is a CallError."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        """Take a prepared connection."""
        self._file = file
        self._connection = connection
        self._lock = threading.RLock()

    def ids(self) -> Set[str]:
        """Of all chunks."""
        return {one for (one,) in self._all("SELECT id FROM chunks")}

    def keys(self, *, above: int = 0) -> Any:
        """Of the chunks above a key, ascending, int64."""
        import numpy as np

        rows = self._all("SELECT key FROM chunks WHERE key > ? ORDER BY key", above)
        return np.fromiter((key for (key,) in rows), np.int64, len(rows))

    def count(self, *, above: int = 0) -> int:
        """How many chunks there are, those with a key above this one."""
        return int(self._all("SELECT count(*) FROM chunks WHERE key > ?", above)[0][0])

    def dimensions(self) -> int | None:
        """How long the vectors are; None where there is none."""
        found = self._all("SELECT length(vector) FROM chunks LIMIT 1")
        return found[0][0] // 4 if found else None

    def write(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Add them under new keys; those that were there before are replaced. UsageError: other dimensions."""
        held = self.dimensions()
        if held not in (None, vectors.shape[1]):
            raise refused_dimensions(str(self._file.parent), held, vectors.shape[1])
        places = {chunk_id(chunk): place for place, chunk in enumerate(chunks)}
        ids, known = list(places), dict[int, int]()
        for part in batches(len(ids), BLOCK):
            with self._told(), self._connection as run:
                run.execute("BEGIN IMMEDIATE")
                (last,) = run.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
                rows = (
                    (key, one, self._meta(chunks[places[one]].meta, known),
                     vectors[places[one]].astype("<f4").tobytes(), packed(chunks[places[one]]))
                    for key, one in enumerate(ids[part], last + 1)
                )  # fmt: skip
                run.executemany("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?)", rows)

    def erase(self, ids: Collection[str]) -> None:
        """Forget them, all or none."""
        with self._told(), self._connection as run:
            run.execute("BEGIN IMMEDIATE")
            run.executemany("DELETE FROM chunks WHERE id = ?", ((one,) for one in ids))

    def vectors(self, keys: Any) -> tuple[Any, Any]:
        """Those that are there of these keys, ascending: (n,) int64, (n, dimensions) float32."""
        asked = "SELECT key, vector FROM chunks WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key"
        return _arrays(self._all(asked, json.dumps(keys.tolist())))

    def blocks(self, *, above: int = 0) -> Iterator[tuple[Any, Any]]:
        """All vectors above a key, as `vectors` gives them, so many at a time."""
        asked = "SELECT key, vector FROM chunks WHERE key > ? ORDER BY key LIMIT ?"
        while rows := self._all(asked, above, BLOCK):
            above = rows[-1][0]
            yield _arrays(rows)

    def chunks(self, keys: Sequence[int]) -> Mapping[int, Passage]:
        """Those that are there of these keys."""
        asked = "SELECT key, chunk FROM chunks WHERE key IN (SELECT value FROM json_each(?))"
        return {key: unpacked(line) for key, line in self._all(asked, json.dumps(keys))}

    def having(self, groups: Sequence[Sequence[str]]) -> Any:
        """Keys of the chunks that have a facet of each group, ascending, int64."""
        import numpy as np

        one = "meta IN (SELECT meta FROM facets WHERE facet IN (SELECT value FROM json_each(?)))"
        asked = f"SELECT key FROM chunks WHERE {' AND '.join([one] * len(groups))} ORDER BY key"  # noqa: S608 - our own words
        rows = self._all(asked, *(json.dumps(group) for group in groups))
        return np.fromiter((key for (key,) in rows), np.int64, len(rows))

    @property
    def graph(self) -> GraphRow | None:
        """The graph that counts."""
        found = self._all("SELECT generation, upto, size, bytes, width, recall FROM graph")
        names = GraphRow.__dataclass_fields__
        return GraphRow(**dict(zip(names, found[0], strict=True))) if found else None

    @graph.setter
    def graph(self, row: GraphRow | None) -> None:
        """Let another one count, from one moment to the next."""
        with self._told(), self._connection as run:
            run.execute("BEGIN IMMEDIATE")
            run.execute("DELETE FROM graph")
            if row is not None:
                run.execute("INSERT INTO graph VALUES (?, ?, ?, ?, ?, ?)", astuple(row))

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    def _meta(self, meta: Mapping[str, Any], known: dict[int, int]) -> int:
        """The row of what a chunk can be found by: chunks of one document share it. `known`: by the object's id."""
        if id(meta) not in known:
            found = facets(meta)
            run, line = self._connection.execute, " ".join(found)
            if run("INSERT OR IGNORE INTO metas (facets) VALUES (?)", (line,)).rowcount:
                (new,) = run("SELECT last_insert_rowid()").fetchone()
                self._connection.executemany(
                    "INSERT INTO facets VALUES (?, ?)", ((one, new) for one in found)
                )
            (known[id(meta)],) = run("SELECT meta FROM metas WHERE facets = ?", (line,)).fetchone()
        return known[id(meta)]

    def _all(self, statement: str, *values: Any) -> list[Any]:
        with self._told():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                message = f"the index in {self._file.parent} cannot be used ({error})"
                raise CallError(type="application", message=message) from None


def open_rows(file: Path) -> Rows:
    """Open the file, made with its folder where there is none. UsageError: it is held by another process, or damaged."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=0.0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(_fault(file, error)) from None
    try:
        for pragma in (
            "page_size = 16384",
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            "synchronous = NORMAL",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(_TABLES)
    except sqlite3.Error as error:
        connection.close()
        raise UsageError(_fault(file, error)) from None
    return Rows(file, connection)


def _arrays(rows: Sequence[tuple[int, bytes]]) -> tuple[Any, Any]:
    import numpy as np

    keys = np.fromiter((key for key, _ in rows), np.int64, len(rows))
    numbers = np.frombuffer(b"".join(vector for _, vector in rows), "<f4")
    return keys, numbers.reshape(len(rows), -1) if rows else numbers.reshape(0, 0)


def _fault(file: Path, error: OSError | sqlite3.Error) -> Fault:
    trouble = {
        sqlite3.SQLITE_BUSY: (
            "is in use by another process",
            "wait until that run has ended, or name another --out",
        ),
        sqlite3.SQLITE_NOTADB: ("is damaged", "delete the folder: it is made again"),
        sqlite3.SQLITE_CORRUPT: ("is damaged", "delete the folder: it is made again"),
    }
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says more than anybody asks
    what, hint = trouble.get(code, ("cannot be used", "name another --out"))
    said = error.strerror if isinstance(error, OSError) else str(error)
    return Fault(where=str(file.parent), what=f"the index {what} ({said})", next=hint)
