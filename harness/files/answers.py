"""Answers kept from earlier runs: one SQLite file that several processes may share, touched by one thread of its own."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from harness.errors import Fault, UsageError

OURS = 0x76686172
"""SQLite's application_id: "vhar"."""
LAYOUT = 1
"""Of the table; what is kept in it has a version of its own, in its key."""
PATIENCE_S = 10.0
"""How long another process's write is waited for."""
SWITCHING_PAUSE_S = 0.05

_WITHOUT = "or run with --cache off"
_TROUBLE = {
    sqlite3.SQLITE_NOTADB: ("is no response cache", f"move it away, {_WITHOUT}"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", f"delete it (its answers are asked again), {_WITHOUT}"),
    sqlite3.SQLITE_BUSY: ("is held by another program", f"stop that one, {_WITHOUT}"),
    sqlite3.SQLITE_LOCKED: ("is held by another program", f"stop that one, {_WITHOUT}"),
}


class AnswerStore:
    """Fulfils calls.cached.Answers. Belongs to one event loop, which never waits for the disk.

    Trouble with the file once it is open costs answers, never a run: it is told once, and from then on nothing is found
    and nothing is kept.
    """

    def __init__(
        self,
        file: Path,
        thread: ThreadPoolExecutor,
        connection: sqlite3.Connection,
        *,
        redact: Callable[[bytes], bytes],
        tell: Callable[[str], None],
    ) -> None:
        """Take a prepared connection and the one thread that made it."""
        self._file = file
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

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, over an older one of the same key. Returns at once; a `get` that follows finds it."""
        if not self._broken:
            self._waiting.append((key, self._redact(value)))
            self._thread.submit(self._write)

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown()

    def _read(self, key: str) -> bytes | None:
        try:
            row = self._connection.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._fail(error)
            return None
        return None if row is None else bytes(row[0])

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
            self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", batch)
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
            fault = _fault(self._file, error)
            self._tell(f"{fault.where}: {fault.what}; the run goes on without the response cache")


def open_answers(
    path: str | Path,
    *,
    redact: Callable[[bytes], bytes] = bytes,
    tell: Callable[[str], None] = lambda _: None,
) -> AnswerStore:
    """Open the file, made with its folder where there is none.

    Each value passes through `redact` before it is written; `tell` hears, at most once and on a thread, of trouble in
    mid-run. Raises UsageError in one line where the file is none of ours, damaged, or held by another program.
    """
    file = Path(path)
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")
    try:
        connection = thread.submit(_opened, file).result()
    except BaseException:
        thread.shutdown()
        raise
    return AnswerStore(file, thread, connection, redact=redact, tell=tell)


def _opened(file: Path) -> sqlite3.Connection:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(_fault(file, error)) from None
    try:
        _make_or_check(connection, file)
        _share(connection)
    except sqlite3.Error as error:
        connection.close()
        raise UsageError(_fault(file, error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _make_or_check(connection: sqlite3.Connection, file: Path) -> None:
    """Make the table in an empty file, or see that it is there, in one transaction: another process may be at it too."""
    connection.execute("BEGIN IMMEDIATE")
    (whose,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (whose, tables) == (0, 0):
        connection.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
    elif whose != OURS:
        what = "is no response cache (a database of another program)"
        raise UsageError(Fault(where=str(file), what=what, next=f"move it away, {_WITHOUT}"))
    elif layout != LAYOUT:
        what = f"is a response cache of another version of the harness (layout {layout}, not {LAYOUT})"
        raise UsageError(Fault(where=str(file), what=what, next=f"move it away, {_WITHOUT}"))
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


def _fault(file: Path, error: OSError | sqlite3.Error) -> Fault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says more than anybody asks
    what, hint = _TROUBLE.get(code, ("cannot be used as a response cache", f"name another --out, {_WITHOUT}"))
    said = error.strerror if isinstance(error, OSError) else str(error)
    return Fault(where=str(file), what=f"{what} ({said})", next=hint)
