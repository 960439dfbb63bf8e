"""The file of kept answers: shared by processes, read by nobody else's program, and never in a run's way."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.files import keyed as module
from harness.files.answers import open_answers

ROOT = Path(__file__).parents[2]
OTHER = """
import asyncio, sys
from harness.files.answers import open_answers
path, own, count = sys.argv[1], int(sys.argv[2]), 150
async def run():
    store = open_answers(path, tell=lambda said: print(said))
    for number in range(count):
        store.put(f"{own}-{number}", b"v" * 500)
        store.put("shared", str(own).encode())
        assert await store.get(f"{own}-{number}") == b"v" * 500
    await store.close()
asyncio.run(run())
"""


@pytest.fixture
def file(tmp_path):
    """Where the answers lie: in a folder that is not there yet."""
    return tmp_path / "results" / "answers.sqlite"


def using(file, work, **options):
    """Open, work, close."""

    async def run():
        store = open_answers(file, **options)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_what_was_put_is_found_and_outlives_the_process(file):
    """At once, and in another run; the newest value of a key counts, and nothing is None."""

    async def keep(store):
        store.put("a", b"1")
        store.put("b", b"\x00\xff")
        store.put("a", b"2")
        return [await store.get(key) for key in ("a", "b", "c")]

    async def look(store):
        return [await store.get(key) for key in ("a", "b", "c")]

    assert using(file, keep) == using(file, look) == [b"2", b"\x00\xff", None]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_several_processes_share_one_file(file):
    """Four that start at one instant on no file at all: each finds its own, nothing is lost, nobody complains."""
    each = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER, str(file), str(own)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for own in range(4)
    ]
    assert [(process.communicate(timeout=60)[0], process.returncode) for process in each] == [("", 0)] * 4
    with closing(sqlite3.connect(file)) as held:
        assert held.execute("SELECT count(*) FROM answers").fetchone() == (4 * 150 + 1,)
        assert held.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert held.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_values_are_cleaned_before_they_are_written(file):
    """What the given function takes out is in no byte of the file, nor of the one beside it."""

    async def keep(store):
        store.put("a", b"the key is sk-secret-1")
        return await store.get("a"), [path.read_bytes() for path in file.parent.iterdir()]

    found, written = using(file, keep, redact=lambda value: value.replace(b"sk-secret-1", b"[redacted]"))
    assert found == b"the key is [redacted]"
    assert not any(b"sk-secret-1" in held for held in written)


def _text(file):
    file.write_text("golden answers, by hand\n" * 40, encoding="utf-8")


def _foreign(file):
    with closing(sqlite3.connect(file)) as held:
        held.execute("CREATE TABLE answers (key, value)")


def _newer(file):
    using(file, _nothing)
    with closing(sqlite3.connect(file)) as held:
        held.execute("PRAGMA user_version = 9")


def _damaged(file):
    using(file, _nothing)
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * 400 + whole[500:])


async def _nothing(store):
    await store.get("a")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_text, "is no response cache (file is not a database); move it away, or run with --cache off"),
        (
            _foreign,
            "is no response cache (a database of another program); move it away, or run with --cache off",
        ),
        (_newer, "is a response cache of another version of the harness (layout 9, not 1); move it away"),
        (
            _damaged,
            "is damaged (database disk image is malformed); delete it (its answers are asked again), or run",
        ),
        (Path.mkdir, "cannot be used as a response cache (unable to open database file); name another --out"),
    ],
)
def test_a_file_that_is_no_cache_is_one_line(file, spoil, told):
    """Where, what, and what next; and the file is left as it was."""
    file.parent.mkdir()
    spoil(file)
    before = file.is_file() and file.read_bytes()
    with pytest.raises(UsageError, match=f"^{re.escape(str(file))}: [^\n]*{re.escape(told)}[^\n]*$"):
        open_answers(file)
    assert before == (file.is_file() and file.read_bytes())


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "results").touch()
    with pytest.raises(UsageError, match=r"cannot be used as a response cache \(.*\); name another --out"):
        open_answers(tmp_path / "results" / "answers.sqlite")


def test_a_file_that_another_program_holds_is_one_line(file, monkeypatch):
    """It is waited for, and then named."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    using(file, _nothing)
    with closing(sqlite3.connect(file, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            UsageError, match=r"is held by another program \(database is locked\); stop that one"
        ):
            open_answers(file)


def test_trouble_in_mid_run_is_told_once_and_costs_no_answer(file):
    """From then on nothing is found and nothing is kept: the run goes on, and knows why it pays."""
    said = []

    async def work(store):
        store.put("a", b"1")
        assert await store.get("a") == b"1"
        with closing(sqlite3.connect(file)) as held:
            held.execute("DROP TABLE answers")
        store.put("b", b"2")
        found = [await store.get(key) for key in ("a", "b", "a")]
        store.put("c", b"3")
        return found

    assert using(file, work, tell=said.append) == [None] * 3
    (line,) = said
    assert line.startswith(f"{file}: cannot be used as a response cache (no such table: answers")
    assert line.endswith("; the run goes on without the response cache")


def test_a_reader_waits_for_nobody(file):
    """While another process writes, answers are found, and the loop goes on."""

    async def work(store):
        store.put("a", b"1")
        await store.get("a")
        with closing(sqlite3.connect(file, isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            held.execute("INSERT INTO answers VALUES ('x', 'y')")
            found = await asyncio.wait_for(store.get("a"), timeout=5)
            held.execute("ROLLBACK")
        return found

    assert using(file, work) == b"1"
