"""Connections to one PostgreSQL, as many as searches may wait at once; whatever fails on one is told in a sentence."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

from harness.calls.stores import shut_out, too_slow, unreachable
from harness.errors import CallError, Fault, UsageError
from harness.text.quote import clip

SLACK_S = 0.5
"""So much longer than the server's own limit the client waits: a server that still lives says so itself."""

_ITERATES_FROM = (0, 8)
"""Versions of pgvector that let an index go on until a condition, or a long list, is satisfied."""
_SETTINGS = {"hnsw.ef_search": "100", "hnsw.iterative_scan": "strict_order"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is, and how long it may take."""

    name: str
    timeout_s: float

    def told(self, error: Any) -> CallError:
        """A psycopg.Error in CallError's words. It never says the password."""
        from psycopg import errors

        said, state = clip(str(error)), error.sqlstate or ""
        if isinstance(error, errors.ConnectionTimeout | errors.QueryCanceled):
            return too_slow(self.name, self.timeout_s)
        if state.startswith("28") or state == "42501" or "authentication failed" in said:
            return shut_out(self.name, said)
        if isinstance(error, errors.OperationalError | errors.InterfaceError):
            return unreachable(self.name, said)
        return CallError(type="bad_request", message=f"{self.name}: {said}")

    def refusal(self, what: str, hint: str) -> UsageError:
        """What has to be changed there, or in the config."""
        return UsageError(Fault(where="retrieve.store", what=f"{self.name} {what}", next=hint))


class Pool:
    """Slots: a connection, or None where it has to be made anew."""

    def __init__(self, conninfo: str, place: Place, *, owned: bool) -> None:
        """Connect nothing yet. Where it is not `owned`, no session may write."""
        self.place = place
        self.indexes = True
        """False where pgvector is so old that an index would lose what a condition asks for."""
        self._conninfo = conninfo
        self._owned = owned
        self._slots: SimpleQueue[Any] = SimpleQueue()

    def grow(self, size: int) -> None:
        """Make so many connections. UsageError where pgvector is missing, and may not be created."""
        import psycopg

        for _ in range(size):
            try:
                self._slots.put(self._connected())
            except psycopg.Error as error:
                raise self.place.told(error) from None

    @contextmanager
    def link(self, *, patient: bool = False) -> Iterator[Any]:
        """A connection for one thread. `patient`: whatever it is asked may take any time. CallError."""
        import psycopg

        try:
            link = self._slots.get(timeout=self.place.timeout_s)
        except Empty:
            raise too_slow(self.place.name, self.place.timeout_s) from None
        try:
            link = link or self._connected()
            if patient:
                self._limit(link, None)
            yield link
            if patient:
                self._limit(link, self.place.timeout_s)
        except psycopg.Error as error:
            raise self.place.told(error) from None
        finally:
            if link is not None and link.closed:
                self._forget()
            self._slots.put(None if link is None or link.closed else link)

    def close(self) -> None:
        """Close all that nobody uses."""
        self._forget()

    def _forget(self) -> None:
        """Where one connection broke, the others that were made before it did so too."""
        idle = []
        with suppress(Empty):
            while True:
                idle.append(self._slots.get_nowait())
        for link in idle:
            if link is not None:
                link.close()
            self._slots.put(None)

    def _connected(self) -> Any:
        from pgvector.psycopg import register_vector

        link = _bounded().connect(
            self._conninfo,
            autocommit=True,
            prepare_threshold=None,  # a plan made once for all conditions misjudges most of them
            connect_timeout=math.ceil(self.place.timeout_s),
        )
        try:
            self._limit(link, self.place.timeout_s)
            iterates = self._version(link) >= _ITERATES_FROM
            self.indexes = self.indexes and iterates
            settings = {
                "default_transaction_read_only": "off" if self._owned else "on",
                **(_SETTINGS if iterates else {}),
            }
            for name, value in settings.items():
                link.execute("SELECT set_config(%s, %s, false)", [name, value])
            register_vector(link)
        except BaseException:
            link.close()
            raise
        return link

    def _limit(self, link: Any, seconds: float | None) -> None:
        link.limit_s = None if seconds is None else seconds + SLACK_S
        limit_ms = 0 if seconds is None else math.ceil(seconds * 1000)
        link.execute("SELECT set_config('statement_timeout', %s, false)", [str(limit_ms)])

    def _version(self, link: Any) -> tuple[int, ...]:
        """Of pgvector, which is created where that is allowed."""
        from psycopg import errors

        asked = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        found = link.execute(asked).fetchone()
        if found is None:
            if not self._owned:
                raise self.place.refusal("has no pgvector in this database", "name the database of the table")
            try:
                with suppress(errors.UniqueViolation):  # another session has just created it
                    link.execute("CREATE EXTENSION IF NOT EXISTS vector")
            except errors.InsufficientPrivilege:
                hint = "have its administrator run CREATE EXTENSION vector in this database"
                raise self.place.refusal("does not let this user create pgvector", hint) from None
            except (errors.FeatureNotSupported, errors.UndefinedFile):
                hint = "install pgvector beside the server (https://github.com/pgvector/pgvector)"
                raise self.place.refusal("has no pgvector installed", hint) from None
            found = link.execute(asked).fetchone()
        return tuple(int(part) for part in str(found[0]).split(".") if part.isdigit())


def place_name(conninfo: str, variable: str) -> str:
    """The database's host, for people. UsageError, which repeats nothing of it, where it is no connection string."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        told = conninfo_to_dict(conninfo)
    except ProgrammingError:
        told = {"port": "?"}
    host, port = str(told.get("host") or told.get("hostaddr") or ""), str(told.get("port") or "")
    # A password with an @ or a : in it, not written as %40 or %3A, is read as a part of the host or the port.
    if "@" in host or (port and not port.replace(",", "").isdigit()):
        hint = "write postgresql://user:password@host:5432/database, signs in the password as %40 for @"
        what = f"{variable} holds no connection string"
        raise UsageError(Fault(where="retrieve.store.api_key_env", what=what, next=hint))
    return f"PostgreSQL at {host}{f':{port}' if port else ''}" if host else "PostgreSQL on this machine"


@cache
def _bounded() -> Any:
    """The class of connections whose client gives up as well: a server that is stopped keeps no time-out of its own."""
    import psycopg

    class Bounded(psycopg.Connection[Any]):
        limit_s: float | None = None

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
            except psycopg.errors._WaitTimeout:  # noqa: SLF001 - has no public name
                self.pgconn.finish()
                raise psycopg.errors.QueryCanceled("no answer") from None

    return Bounded
