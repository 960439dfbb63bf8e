"""Values kept by key from earlier runs: one SQLite file that several processes may share, touched by one thread of its own."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Fault, UsageError

PATIENCE_S = 10.0
"""How long another process's write is waited for."""
SWITCHING_PAUSE_S = 0.05

ASKED_AT_ONCE = 500
"""Keys of one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file keeps, and how messages speak of it."""

    noun: str
    """`response cache`"""
    table: str
    """What it holds, as a noun in the plural, and as the table's name."""
    ours: int
    """SQLite's application_id."""
    layout: int
    """Of the table; what is kept in it has a version of its own, in its key."""
    without: str
    """What to do instead of using the file."""


class KeyedFile:
    """Fulfils calls.cached.Answers and types.plugins.Embeddings, each over a file of its own kind.

    Belongs to one event loop, which never waits for the disk. Trouble with the file once it is open costs what was
    kept, never a run: it is told once, and from then on nothing is found and nothing is kept.
    """

    def __init__(
        self,
        place: tuple[Path, Kind],
        thread: ThreadPoolExecutor,
        connection: sqlite3.Connection,
        *,
        redact: Callable[[bytes], bytes],
        tell: Callable[[str], None],
    ) -> None:
        """Take a prepared connection and the one thread that made it."""
        self._file, self._kind = place
        self._thread = thread
        self._connection = connection
        self._redact = redact
        self._tell = tell
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._broken = False

    async def get(self, key: str) -> bytes | None:
        """What was kept under a key, by this process or another one; None for nothing."""
        if self._broken:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, key)

    async def get_all(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """What was kept under these keys."""
        if self._broken:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read_all, keys)

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, over an older one of the same key. Returns at once; a `get` that follows finds it."""
        self.put_all({key: value})

    def put_all(self, kept: Mapping[str, bytes]) -> None:
        """Keep several."""
        if not self._broken:
            self._waiting.extend((key, self._redact(value)) for key, value in kept.items())
            self._thread.submit(self._write)

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown()

    def _read(self, key: str) -> bytes | None:
        return self._read_all((key,)).get(key)

    def _read_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        try:
            for first in range(0, len(keys), ASKED_AT_ONCE):
                some = tuple(keys[first : first + ASKED_AT_ONCE])
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(
                    f"SELECT key, value FROM {self._kind.table} WHERE key IN ({marks})",  # noqa: S608 - our own table
                    some,
                )
                found.update((key, bytes(value)) for key, value in rows)
        except sqlite3.Error as error:
            self._fail(error)
        return found

    def _write(self) -> None:
        """Write all that waits in one transaction: while one is under way, the next gathers."""
        batch: list[tuple[str, bytes]] = []
        with suppress(IndexError):
            while True:
                batch.append(self._waiting.popleft())
        if not batch or self._broken:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(f"INSERT OR REPLACE INTO {self._kind.table} VALUES (?, ?)", batch)  # noqa: S608
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._fail(error)
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _end(self) -> None:
        with suppress(sqlite3.Error):  # what is written stands; a file that is in trouble has said so
            self._connection.close()

    def _fail(self, error: sqlite3.Error) -> None:
        if not self._broken:
            self._broken = True
            fault = _fault(self._file, self._kind, error)
            self._tell(f"{fault.where}: {fault.what}; the run goes on without the {self._kind.noun}")


def open_keyed(
    path: str | Path,
    kind: Kind,
    *,
    redact: Callable[[bytes], bytes] = bytes,
    tell: Callable[[str], None] = lambda _: None,
) -> KeyedFile:
    """Open the file, made with its folder where there is none.

    Each value passes through `redact` before it is written; `tell` hears, at most once and on a thread, of trouble in
    mid-run. Raises UsageError in one line where the file is none of ours, damaged, or held by another program.
    """
    file = Path(path)
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=kind.table)
    try:
        connection = thread.submit(_opened, file, kind).result()
    except BaseException:
        thread.shutdown()
        raise
    return KeyedFile((file, kind), thread, connection, redact=redact, tell=tell)


def _opened(file: Path, kind: Kind) -> sqlite3.Connection:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(_fault(file, kind, error)) from None
    try:
        _make_or_check(connection, file, kind)
        _share(connection)
    except sqlite3.Error as error:
        connection.close()
        raise UsageError(_fault(file, kind, error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _make_or_check(connection: sqlite3.Connection, file: Path, kind: Kind) -> None:
    """Make the table in an empty file, or see that it is there, in one transaction: another process may be at it too."""
    connection.execute("BEGIN IMMEDIATE")
    (whose,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (whose, tables) == (0, 0):
        connection.execute(f"CREATE TABLE {kind.table} (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute(f"PRAGMA application_id = {kind.ours}")
        connection.execute(f"PRAGMA user_version = {kind.layout}")
    elif whose != kind.ours:
        what = f"is no {kind.noun} (a database of another program)"
        raise UsageError(Fault(where=str(file), what=what, next=f"move it away, {kind.without}"))
    elif layout != kind.layout:
        what = f"is a {kind.noun} of another version of the harness (layout {layout}, not {kind.layout})"
        raise UsageError(Fault(where=str(file), what=what, next=f"move it away, {kind.without}"))
    connection.execute("COMMIT")


def _share(connection: sqlite3.Connection) -> None:
    """Let readers and one writer go on side by side, without a sync for each write.

    The switch wants the file for itself and does not wait as other statements do, so it is tried again.
    """
    for _ in range(round(PATIENCE_S / SWITCHING_PAUSE_S)):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            break
        time.sleep(SWITCHING_PAUSE_S)
    connection.execute("PRAGMA synchronous = NORMAL")


def _fault(file: Path, kind: Kind, error: OSError | sqlite3.Error) -> Fault:
    trouble = {
        sqlite3.SQLITE_NOTADB: (f"is no {kind.noun}", f"move it away, {kind.without}"),
        sqlite3.SQLITE_CORRUPT: (
            "is damaged",
            f"delete it (its {kind.table} are asked again), {kind.without}",
        ),
        sqlite3.SQLITE_BUSY: ("is held by another program", f"stop that one, {kind.without}"),
        sqlite3.SQLITE_LOCKED: ("is held by another program", f"stop that one, {kind.without}"),
    }
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says more than anybody asks
    otherwise = (f"cannot be used as a {kind.noun}", f"name another --out, {kind.without}")
    what, hint = trouble.get(code, otherwise)
    said = error.strerror if isinstance(error, OSError) else str(error)
    return Fault(where=str(file), what=f"{what} ({said})", next=hint)
