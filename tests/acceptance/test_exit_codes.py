"""The exit codes of the contract, each shown by the command, and what it leaves behind each time."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROWS = 80
"""On golden; every fourth answer is wrong, of both variants alike."""
PASSES = "{metric: right, at_least: 0.5}"
FAILS = "{metric: right, at_least: 0.95}"
OPEN = "{metric: right, at_least: 0.75}"
FAST = "{metric: latency_p95_ms, at_most: 60000}"
CHEAP = "{metric: cost_usd_per_1k, at_most: 50}"
ARTEFACTS = {
    "manifest.json",
    "records.jsonl",
    "scores.jsonl",
    "summary.json",
    "report.md",
    "junit.xml",
    "gate.md",
}
NOBODY = "http://127.0.0.1:9/v1"
GOLDEN = ("--quiet", "--partitions", "golden")


@pytest.fixture(scope="module")
def echo(desk: ModuleType) -> Iterator[Any]:
    """An endpoint that answers at once."""
    with desk.echoing() as server:
        yield server


class Bench:
    """One folder to run in."""

    def __init__(self, desk: ModuleType, folder: Path, url: str) -> None:
        """Write no config yet."""
        self.desk, self.folder, self.url = desk, folder, url

    def config(self, *gates: str, url: str = "", more: str = "") -> Path:
        """The small experiment on more rows, with these gates."""
        listed = "".join(f"  - {gate}\n" for gate in gates)
        told = more + (f"gates:\n{listed}" if gates else "")
        file: Path = self.desk.experiment(self.folder / "x", url or self.url, more=told)
        rows = [self.desk.row("g", number) for number in range(ROWS)]
        self.desk.write_rows(self.folder / "x" / "rows" / "golden.jsonl", rows)
        return file

    def harness(self, *words: object) -> Any:
        """Run `harness ...`."""
        return self.desk.harness(*words, cwd=self.folder)

    def run(self, *gates: str, flags: tuple[str, ...] = (), **how: str) -> Any:
        """Write the config, and run it on golden."""
        return self.harness("run", self.config(*gates, **how), *GOLDEN, *flags)

    def left(self) -> set[str]:
        """The files of the only run."""
        return {path.name for path in self.desk.run_folder(self.folder / "results").iterdir()}

    def cases(self) -> dict[str, str]:
        """Of its junit.xml, test case → how it ended."""
        file = self.desk.run_folder(self.folder / "results") / "junit.xml"
        return {case.attrib["name"]: next(iter(case)).tag for case in ET.parse(file).iter("testcase")}

    def no_run(self) -> bool:
        """True where no run folder was made."""
        return not any(self.folder.glob("results/*/manifest.json"))


@pytest.fixture
def bench(desk: ModuleType, tmp_path: Path, echo: Any) -> Bench:
    """An empty one."""
    return Bench(desk, tmp_path, echo.url)


def test_0_every_gate_passed(bench: Bench) -> None:
    """Quality, cost and latency are shown to keep their bounds; `harness gate` says the same afterwards."""
    ended = bench.run(PASSES, CHEAP)
    assert (ended.code, ended.err) == (0, "")
    assert bench.left() >= ARTEFACTS
    assert set(bench.cases().values()) == {"system-out"}
    assert bench.harness("gate", "latest").code == 0


def test_0_inconclusive_where_the_gate_only_warns(bench: Bench) -> None:
    """The bound lies inside the interval: that is no failure, and JUnit skips it with the reason."""
    ended = bench.run(OPEN)
    assert ended.code == 0, ended.err
    assert bench.left() >= ARTEFACTS
    assert set(bench.cases().values()) == {"skipped"}


def test_0_a_failure_that_is_advisory_or_not_asked_for(bench: Bench) -> None:
    """An advisory gate fails without failing the run; --no-gate judges nothing, and leaves no file of gates."""
    assert bench.run(FAILS.replace("}", ", advisory: true}")).code == 0
    assert set(bench.cases().values()) == {"skipped"}
    config = bench.folder / "x" / "echo.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace(", advisory: true", ""), encoding="utf-8")
    ended = bench.harness("run", config, *GOLDEN, "--no-gate", "--out", "other")
    assert ended.code == 0, ended.err
    held = {path.name for path in bench.desk.run_folder(bench.folder / "other").iterdir()}
    assert held & ARTEFACTS == ARTEFACTS - {"junit.xml", "gate.md"}


def test_1_a_gate_failed(bench: Bench) -> None:
    """It is shown to be broken; another gate that stays open changes nothing, and judging again ends alike."""
    ended = bench.run(FAILS, OPEN.replace("}", ", inconclusive: fail}"))
    assert ended.code == 1
    assert ended.err.startswith("gate failed: terse: right on golden at least 0.95: ")
    assert bench.left() >= ARTEFACTS
    assert sorted(bench.cases().values()) == ["error", "failure"]
    assert bench.harness("gate", "latest").code == 1


@pytest.mark.parametrize(
    ("gate", "flags", "said"),
    [
        ("{metric: rigth, at_least: 0.5}", (), "did you mean 'right'"),
        ("{metric: right, versus: baseline, margin: 0.05}", (), "baseline"),
        ("{metric: right, at_lest: 0.5}", (), "did you mean 'at_least'"),
        (PASSES, ("--variants", "tense"), "did you mean 'terse'"),
        (PASSES, ("--limits", "2"), "--limit"),
    ],
    ids=["unknown metric", "no baseline", "unknown key", "unknown variant", "unknown flag"],
)
def test_2_the_request_is_wrong(bench: Bench, gate: str, flags: tuple[str, ...], said: str) -> None:
    """One line says where, what and what next; nothing was called, and no folder is left."""
    ended = bench.run(gate, flags=flags)
    assert ended.code == 2
    assert ended.out == ""
    assert said in ended.err
    assert all(line.startswith("error: ") for line in ended.err.splitlines())
    assert bench.no_run()


def test_2_a_gate_command_without_what_it_needs(bench: Bench) -> None:
    """No such run, no gates, a baseline that is not there: each is a wrong request of `harness gate`, too."""
    assert bench.harness("gate", "latest").code == 2
    assert bench.run().code == 0
    assert bench.harness("gate", "latest").code == 2
    assert bench.harness("gate", "latest", "--baseline", "none.json").code == 2


def test_3_the_provider_is_down(bench: Bench) -> None:
    """No variant has a scored trial: every artefact says so, and none is green."""
    ended = bench.run(PASSES, url=NOBODY, flags=("--set", "retries=0"))
    assert ended.code == 3, ended.err
    assert bench.left() >= ARTEFACTS
    assert "error" in bench.cases().values()
    assert "system-out" not in bench.cases().values()
    assert bench.harness("gate", "latest").code == 3


def test_3_a_latency_gate_without_live_samples(bench: Bench) -> None:
    """Answers from the cache have no latency, and what was not measured never passes."""
    config = bench.config(FAST)
    assert bench.harness("run", config, *GOLDEN, "--cache", "on", "--out", "first").code in (0, 3)
    (bench.folder / "results").mkdir()
    (bench.folder / "first" / "answers.sqlite").rename(bench.folder / "results" / "answers.sqlite")
    ended = bench.harness("run", config, *GOLDEN, "--cache", "on")
    assert ended.code == 3, ended.err
    assert "latency_p95_ms on golden at most 60000" in ended.err
    assert bench.left() >= ARTEFACTS
    assert set(bench.cases().values()) == {"error"}


def test_3_a_cost_gate_with_unpriced_calls(bench: Bench) -> None:
    """An unknown price is no zero: a run is refused beforehand (2), and one that is there cannot be decided."""
    config = bench.config(CHEAP)
    text = config.read_text(encoding="utf-8")
    price = ", price: {input_usd_per_mtok: 100, output_usd_per_mtok: 200}"
    assert price in text
    config.write_text(text.replace(price, ""), encoding="utf-8")
    assert bench.harness("run", config, *GOLDEN).code == 2
    assert bench.harness("run", config, *GOLDEN, "--set", "gates=[]").code == 0
    ended = bench.harness("gate", "latest", "--config", config)
    assert ended.code == 3, ended.err
    assert "80 trials have no known price" in ended.err
    assert bench.left() >= ARTEFACTS
    assert set(bench.cases().values()) == {"error"}


def test_3_inconclusive_where_it_must_be_decided(bench: Bench) -> None:
    """`inconclusive: fail` makes an open verdict an error in JUnit and 3 at the end."""
    ended = bench.run(OPEN.replace("}", ", inconclusive: fail}"))
    assert ended.code == 3, ended.err
    assert ended.err.startswith("undecided: terse: right on golden at least 0.75: ")
    assert bench.left() >= ARTEFACTS
    assert set(bench.cases().values()) == {"error"}


@pytest.mark.parametrize(
    "flags",
    [("--max-cost", "0.1", "--set", "models.base.max_tokens=8"), ("--max-time", "0")],
    ids=["budget", "time"],
)
def test_3_a_bound_was_reached(bench: Bench, flags: tuple[str, ...]) -> None:
    """What was run stays and is judged, the way to go on is printed, and a half of a run is not green."""
    ended = bench.run(PASSES, flags=flags)
    assert ended.code == 3, ended.err
    assert "--resume-run" in ended.err
    assert bench.left() >= ARTEFACTS
    assert bench.cases()["the run can be decided on"] == "error"


def test_1_comes_before_3(bench: Bench) -> None:
    """A gate that is broken on what was run fails the run, though a part of it was never tried."""
    ended = bench.run(FAILS.replace("}", ", variant: plain}"))
    assert ended.code == 1
    records = bench.desk.run_folder(bench.folder / "results") / "records.jsonl"
    lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    records.write_text("".join(lines[:-1]), encoding="utf-8")
    assert bench.harness("gate", "latest").code == 1


def test_130_interrupted(bench: Bench) -> None:
    """Ctrl-C keeps what is finished, writes every artefact, prints how to go on, and outranks a gate that failed."""
    with bench.desk.echoing(0.02) as slow:
        config = bench.config(FAILS, url=slow.url)
        words = ("run", config, "--partitions", "golden")
        with bench.desk.started(*words, cwd=bench.folder) as process:
            first = next(line for line in process.stderr if line.startswith("80/160 trials"))
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=120)
    assert process.returncode == 130, first + err
    assert "--resume-run" in err
    assert bench.left() >= ARTEFACTS
    assert bench.cases()["right on golden at least 0.95 [terse]"] == "failure"
    assert bench.cases()["the run can be decided on"] == "error"
