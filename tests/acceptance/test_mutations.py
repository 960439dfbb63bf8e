"""`harness check` on configs and evalset files that were broken on purpose: exit 2 with a place, never a traceback."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from harness.cli.app import main

Break = Callable[[list[bytes], int], None]


def misspell(lines: list[bytes], at: int) -> None:
    """Two letters of a key swapped."""
    key, colon, rest = lines[at].partition(b":")
    lines[at] = key[:-2] + key[-1:] + b"q" + colon + rest


def misplace(lines: list[bytes], at: int) -> None:
    """A key where it does not belong."""
    lines.insert(at, b"chunk: 3")


def tabulate(lines: list[bytes], at: int) -> None:
    """A tab for an indent."""
    lines[at] = b"\t" + lines[at]


def scramble(lines: list[bytes], at: int) -> None:
    """A byte that is no UTF-8."""
    lines[at] += b" # \xff\xfe"


def repeat(lines: list[bytes], at: int) -> None:
    """The same again: a duplicate key, or a duplicate id."""
    lines.insert(at, lines[at])


def tear(lines: list[bytes], at: int) -> None:
    """Half a line."""
    lines[at] = lines[at][: len(lines[at]) // 2]


def retype(lines: list[bytes], at: int) -> None:
    """An id that is a list."""
    lines[at] = lines[at].replace(b'"id": "', b'"id": ["', 1).replace(b'", "inputs"', b'"], "inputs"', 1)


CONFIG_BREAKS: tuple[Break, ...] = (misspell, misplace, tabulate, scramble, repeat)
ROW_BREAKS: tuple[Break, ...] = (tear, scramble, repeat, retype)
TOP_LINES = (0, 1, 2, 3, 4, 5, 8)
"""Lines of the config that begin with a key of their own."""


def checked(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run `harness check`; it must end in exit 2 and say at least one whole line."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["harness", "check", str(config)])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    assert end.value.code == 2, told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    return told.err


def named(err: str, file: str, line: int) -> bool:
    """True where a fault stands at the line, or at a neighbour."""
    return any(f"{file}:{near}:" in err for near in (line - 1, line, line + 1))


@pytest.mark.parametrize("broken", CONFIG_BREAKS)
@pytest.mark.parametrize("seed", range(4))
def test_a_broken_config_is_named_by_its_line(
    desk: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: Break,
    seed: int,
) -> None:
    """Misspelt, misplaced and duplicate keys, tabs and stray bytes: exit 2 at the line, give or take one."""
    config = desk.experiment(tmp_path / "x")
    lines = config.read_bytes().split(b"\n")
    at = Random(f"{broken.__name__} {seed}").choice(TOP_LINES)
    broken(lines, at)
    config.write_bytes(b"\n".join(lines))
    err = checked(config, monkeypatch, capsys)
    assert named(err, "echo.yaml", at + 1), (at + 1, err)


@pytest.mark.parametrize("broken", ROW_BREAKS)
@pytest.mark.parametrize("seed", range(5))
def test_a_broken_row_is_named_by_its_line(
    desk: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: Break,
    seed: int,
) -> None:
    """Torn rows, stray bytes, duplicate ids and wrong types: exit 2 at the file and line, give or take one."""
    config = desk.experiment(tmp_path / "x")
    random = Random(f"{broken.__name__} {seed}")
    file = config.parent / "rows" / random.choice(("golden.jsonl", "edge.jsonl"))
    lines = file.read_bytes().split(b"\n")
    at = random.randrange(len(lines) - 1)
    broken(lines, at)
    file.write_bytes(b"\n".join(lines))
    err = checked(config, monkeypatch, capsys)
    assert named(err, file.name, at + 1), (at + 1, err)
