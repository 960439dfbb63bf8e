"""What tests of the command line stand on: a small experiment against an endpoint that echoes, and the command itself."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VARIANTS = ("plain", "terse")
GOLDEN, EDGE = 12, 6
TRIALS = len(VARIANTS) * (GOLDEN + EDGE)
COLOURS = ("blue", "red", "green", "white")
EDGE_TAGS = ("adversarial", "out_of_domain", "malformed")
CONFIG = """\
name: echo
evalset: rows
seed: 3
concurrency: 4
timeout_s: 30
retries: 1
models:
  base: {provider: openai, model: echo-1, base_url: "%s", price: {input_usd_per_mtok: 100, output_usd_per_mtok: 200}}
control: plain
variants:
  plain:
    prompt: {system: plain.md, user: "{{ question }}"}
    model: base
  terse:
    extends: plain
    prompt: {system: terse.md}
metrics:
  - {name: right, scorer: exact, primary: true}
"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Echo:
    """A running echo endpoint."""

    port: int

    @property
    def url(self) -> str:
        """Its base_url."""
        return f"http://127.0.0.1:{self.port}/v1"

    def asked(self) -> dict[str, int]:
        """How often each `system / user` was asked."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/asked", timeout=30) as reply:
            return json.load(reply)


@contextmanager
def echoing(pause_s: float = 0.0) -> Iterator[Echo]:
    """Start an echo endpoint in a process group of its own."""
    script = str(Path(__file__).with_name("echo_server.py"))
    with subprocess.Popen(
        [sys.executable, "-S", script, str(pause_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        yield Echo(int(server.stdout.readline()))
        server.kill()


def experiment(folder: Path, url: str = "http://127.0.0.1:9/v1", *, more: str = "") -> Path:
    """Write the small experiment: of each variant's 12 golden and 6 edge answers every fourth is wrong."""
    rows = folder / "rows"
    rows.mkdir(parents=True)
    (folder / "plain.md").write_text("Plain.\n", encoding="utf-8")
    (folder / "terse.md").write_text("Terse.\n", encoding="utf-8")
    write_rows(rows / "golden.jsonl", [row("g", number) for number in range(GOLDEN)])
    edge = [row("e", number) | {"tags": [EDGE_TAGS[number % 3]]} for number in range(EDGE)]
    write_rows(rows / "edge.jsonl", edge)
    write_rows(rows / "train.jsonl", [row("t", 1)])
    config = folder / "echo.yaml"
    config.write_text(CONFIG % url + more, encoding="utf-8")
    return config


def row(letter: str, number: int) -> dict[str, Any]:
    """One row; the fourth, eighth, ... expects what the endpoint does not say."""
    said = COLOURS[number % 4]
    expected = "violet" if number % 4 == 3 else said
    return {
        "id": f"{letter}-{number:02}",
        "inputs": {"question": f"{letter}-{number:02}: say {said}"},
        "expected": expected,
    }


def write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write a JSONL file."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def started(*arguments: object, cwd: Path, **more: Any) -> "subprocess.Popen[str]":
    """Start `harness ...` as a terminal would: in a process group of its own."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        **{**streams, "cwd": cwd, "env": environment(), "start_new_session": True, "text": True, **more},
    )


def harness(*arguments: object, cwd: Path, within_s: float = 120, **more: Any) -> Ended:
    """Run `harness ...` to its end."""
    with started(*arguments, cwd=cwd, **more) as process:
        out, err = process.communicate(timeout=within_s)
    return Ended(process.returncode, out, err)


def environment(**more: str) -> dict[str, str]:
    """The environment without what would change what is said: keys, colour, and whose machine it is."""
    dropped = ("OPENAI_API_KEY", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONWARNINGS": "error", "TERM": "xterm-256color", **more}


def run_folder(out: Path) -> Path:
    """The only run in a folder of runs."""
    (found,) = [folder for folder in out.iterdir() if (folder / "manifest.json").is_file()]
    return found


def lines_of(file: Path) -> list[dict[str, Any]]:
    """A JSONL file's whole lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def summary_in(out: Path) -> dict[str, Any]:
    """The only run's summary.json."""
    return json.loads((run_folder(out) / "summary.json").read_text(encoding="utf-8"))
