"""What is held out stays held out: it is counted how often it is scored, and holdout is opened only when it is named."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Command = Callable[..., Any]
RUN = ("--quiet", "--out", "runs")
OPENED: list[str] = []
"""Files that this process has opened since it was last emptied."""


@pytest.fixture(scope="session")
def hook() -> None:
    """A hook can be set, and never taken away."""
    sys.addaudithook(_note)


@pytest.fixture
def opened(hook: None) -> list[str]:
    """What is opened from now on."""
    OPENED.clear()
    return OPENED


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        OPENED.append(arguments[0])


@pytest.fixture
def with_holdout(config: Path, desk: ModuleType) -> Path:
    """The small experiment with a holdout partition."""
    desk.write_rows(config.parent / "rows" / "holdout.jsonl", [desk.row("h", number) for number in range(4)])
    return config


def log_of(config: Path) -> list[dict[str, Any]]:
    """The exposure log's lines."""
    text = (config.parent / "rows" / "exposure.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def exposed_in(folder: Path) -> list[dict[str, Any]]:
    """What the newest run's summary says of it."""
    newest = folder / (folder / "latest").read_text(encoding="utf-8").strip()
    return json.loads((newest / "summary.json").read_text(encoding="utf-8"))["exposed"]


def test_every_scoring_of_edge_is_counted(here: Command, config: Path) -> None:
    """A run and a score each add a line; gate, report and check do not; what was not scored is not counted."""
    assert here("run", config, *RUN).code == 0
    assert here("run", config, *RUN, "--partitions", "golden").code == 0
    assert len(log_of(config)) == 1
    assert here("run", config, *RUN, "--variants", "terse", "--limit", "2").code == 0
    assert here("score", "latest", "--out", "runs").code == 0
    assert here("report", "latest", "--out", "runs").code == 0
    assert here("check", config).code == 0
    first, *_, last = log_of(config)
    assert len(log_of(config)) == 3
    assert (first["partition"], first["variants"], last["variants"]) == (
        "edge",
        ["plain", "terse"],
        ["terse"],
    )
    assert first["rows_digest"] == last["rows_digest"], "--limit looks at rows of the same partition"
    (found,) = exposed_in(Path("runs"))
    assert (found["times"], found["runs"], found["variants"], found["since"]) == (3, 2, 2, first["at"])
    newest = Path("runs", Path("runs/latest").read_text(encoding="utf-8").strip())
    report = (newest / "report.md").read_text(encoding="utf-8")
    assert "edge was scored 3 times with 2 variants since its rows last changed" in report
    assert "the more often, the less held out" in report


def test_changed_rows_are_counted_anew_and_old_runs_for_their_own(
    here: Command, config: Path, desk: ModuleType
) -> None:
    """New rows of edge begin at one; check tells that they came after train; scoring an old run is no look at them."""
    assert here("run", config, *RUN).code == 0
    edge = [desk.row("e", 40 + n) | {"tags": [desk.EDGE_TAGS[n % 3]]} for n in range(6)]
    desk.write_rows(config.parent / "rows" / "edge.jsonl", edge)
    told = here("check", config).err
    assert "the rows of edge are not those of" in told
    assert here("score", "latest", "--out", "runs").code == 0
    assert [one["times"] for one in exposed_in(Path("runs"))] == [2]
    assert here("run", config, *RUN).code == 0
    assert [one["times"] for one in exposed_in(Path("runs"))] == [1]
    desk.write_rows(config.parent / "rows" / "train.jsonl", [desk.row("t", 2)])
    assert "the rows of edge" not in here("check", config).err


def test_a_log_that_cannot_be_written_ends_nothing(here: Command, config: Path) -> None:
    """Where the log is no file that can be appended to, one line says so, and the run goes on to its end."""
    (config.parent / "rows" / "exposure.jsonl").mkdir()
    ended = here("run", config, *RUN)
    assert ended.code == 0
    (line,) = [line for line in ended.err.splitlines() if "exposure.jsonl" in line]
    assert "that edge was scored cannot be noted" in line
    assert exposed_in(Path("runs")) == []


def test_holdout_is_opened_only_when_it_is_named(
    here: Command, with_holdout: Path, opened: list[str]
) -> None:
    """Neither check, run, score nor baseline touches holdout.jsonl; --partitions holdout does, and is counted."""
    assert here("check", with_holdout).code == 0
    assert here("run", with_holdout, *RUN).code == 0
    assert here("score", "latest", "--out", "runs").code == 0
    assert here("baseline", "latest", "--out", "runs").code == 0
    assert here("run", with_holdout, *RUN, "--dry-run").code == 0
    names = {Path(name).name for name in opened}
    assert "golden.jsonl" in names
    assert "holdout.jsonl" not in names
    assert here("run", with_holdout, *RUN, "--partitions", "holdout").code == 0
    assert "holdout.jsonl" in {Path(name).name for name in opened}
    assert [line["partition"] for line in log_of(with_holdout)] == ["edge", "edge", "holdout"]
    assert [one["partition"] for one in exposed_in(Path("runs"))] == ["holdout"]


def test_the_mapping_form_is_counted_beside_its_files(here: Command, config: Path) -> None:
    """Partitions that are named one by one have their log beside the file of each."""
    text = config.read_text(encoding="utf-8")
    named = "evalset: {golden: rows/golden.jsonl, edge: rows/edge.jsonl, train: rows/train.jsonl}"
    config.write_text(text.replace("evalset: rows", named), encoding="utf-8")
    assert here("run", config, *RUN).code == 0
    assert [line["partition"] for line in log_of(config)] == ["edge"]
