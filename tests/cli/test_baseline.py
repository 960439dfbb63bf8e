"""`harness baseline`: what is kept of a run, where, what is refused, and what later runs make of it."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.files.baselines import read_baseline

Command = Callable[..., Any]

GATED = """\
gates:
  - {metric: right, partition: golden, versus: baseline, margin: 0.9}
baseline: kept/echo.json
"""
RUN = ("--quiet", "--out", "runs")


@pytest.fixture
def gated(tmp_path: Path, desk: ModuleType, echo: Any) -> Path:
    """The small experiment with a gate that is held against a baseline, which nobody has written yet."""
    return desk.experiment(tmp_path / "x", echo.url, more=GATED)


def one_line(ended: Any) -> str:
    """The one line of a request that was wrong."""
    assert ended.code == 2, ended
    (line,) = ended.err.splitlines()
    return line


def newest() -> Path:
    """The newest run's folder."""
    return Path("runs", Path("runs/latest").read_text(encoding="utf-8").strip())


def test_a_baseline_is_written_beside_the_config_and_says_what_changed(here: Command, finished: Path) -> None:
    """Without `baseline:` it lies in baselines/ beside the config; the same run gives the same bytes, and says so."""
    first = here("baseline", "latest", "--out", "runs")
    assert first.code == 0, first.err
    (file,) = Path("x/baselines").iterdir()
    assert file.name == "echo.json"
    assert f"a new baseline, of {finished.name}" in first.out
    written = file.read_bytes()
    second = here("baseline", "latest", "--out", "runs")
    assert file.read_bytes() == written
    assert f"before of {finished.name}" in second.out
    assert "plain" in second.out
    assert "0.750" in second.out
    told = json.loads(here("baseline", "latest", "--out", "runs", "--variants", "terse", "--json").out)
    values = {(one["partition"], one["variant"]): (one["before"], one["after"]) for one in told["values"]}
    assert values["golden", "terse"] == (0.75, 0.75)
    assert values["golden", "plain"] == (0.75, None)
    assert {name for name, _ in read_baseline(file).sides} == {"terse"}


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--limit", "3"], "ran a part of its rows (--limit)"),
        (["--tags", "adversarial"], "ran a part of its rows (--tags)"),
        (["--max-time", "0"], "is incomplete"),
        (["--failed-from", "latest"], "ran again only what was wrong"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_part_of_a_run_is_no_baseline(
    here: Command, config: Path, finished: Path, flags: list[str], told: str
) -> None:
    """Unfinished runs and those of a part of the rows are refused in one line; --force keeps a chosen part, and no more."""
    here("run", config, *RUN, *flags)
    assert told in one_line(here("baseline", "latest", "--out", "runs"))
    chosen = flags[0] in ("--limit", "--tags")
    assert here("baseline", "latest", "--out", "runs", "--force").code == (0 if chosen else 2)


def test_only_a_baseline_is_written_over(here: Command, finished: Path) -> None:
    """A file that is none, or another experiment's, is left as it is; a variant that is not there is named."""
    Path("notes.json").write_text('{"mine": true}', encoding="utf-8")
    asked = ("baseline", finished, "--to", "notes.json")
    assert "notes.json: is no baseline" in one_line(here(*asked))
    assert json.loads(Path("notes.json").read_text(encoding="utf-8")) == {"mine": True}
    assert "did you mean 'terse'?" in one_line(here("baseline", finished, "--variants", "ters"))
    assert here("baseline", finished, "--to", "kept.json").code == 0
    other = Path("kept.json").read_text(encoding="utf-8").replace('"echo"', '"other"', 1)
    Path("kept.json").write_text(other, encoding="utf-8")
    asked = ("baseline", finished, "--to", "kept.json")
    assert "is a baseline of 'other'" in one_line(here(*asked))
    assert here(*asked, "--force").code == 0


def test_a_run_waits_for_its_baseline_and_is_then_held_against_it(here: Command, gated: Path) -> None:
    """Neither check nor run pass over a baseline that is not there; --no-gate makes the run that it is written from."""
    told = one_line(here("run", gated, *RUN))
    assert "echo.yaml:" in told
    assert "harness baseline latest" in told
    assert "is held against" in here("check", gated).err
    assert here("run", gated, *RUN, "--no-gate").code == 0
    assert here("baseline", "latest", "--out", "runs").code == 0
    assert Path("x/kept/echo.json").is_file()
    ended = here("run", gated, *RUN)
    assert ended.code == 0, ended.err
    summary = json.loads((newest() / "summary.json").read_text(encoding="utf-8"))
    assert [one["versus"] for one in summary["gates"]] == ["baseline"]
    assert {one["code"] for one in summary["warnings"]} & {"provider_drift", "baseline_stale"} == set()
    assert here("verify", "latest", "--out", "runs").code == 0


def test_the_control_is_asked_again_where_the_flags_leave_it_out(
    here: Command, desk: ModuleType, gated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --variants terse the control answers too, on the gate's partition, never from the cache, and its move is told."""
    monkeypatch.setattr("harness.flow.plan.ASKED_AGAIN", 5)
    here("run", gated, *RUN, "--no-gate", "--cache", "on")
    assert here("baseline", "latest", "--out", "runs").code == 0
    ended = here("run", gated, *RUN, "--variants", "terse", "--cache", "on")
    assert ended.code == 0, ended.err
    records = [line for line in desk.lines_of(newest() / "records.jsonl") if not line["warmup"]]
    asked = {(line["variant"], line["partition"], line["cached"]) for line in records}
    assert asked == {("plain", "golden", False), ("terse", "golden", True), ("terse", "edge", True)}
    assert sum(line["variant"] == "plain" for line in records) == 5
    part = json.loads((newest() / "summary.json").read_text(encoding="utf-8"))["variants"]["plain"][
        "partitions"
    ]
    assert (part["golden"]["examples"], part["golden"]["coverage"]) == (5, 1.0)
    assert "(plain on a sample)" in one_line(here("baseline", "latest", "--out", "runs"))
    here("run", gated, *RUN, "--variants", "terse", "--no-gate")
    assert {line["variant"] for line in desk.lines_of(newest() / "records.jsonl")} == {"terse"}


def test_a_run_that_was_scored_again_is_kept_as_it_was_judged_last(
    here: Command, config: Path, finished: Path
) -> None:
    """Another scorer and another price since the run: the baseline has the marks, digests and costs of now."""
    assert here("baseline", finished, "--to", "before.json").code == 0
    text = config.read_text(encoding="utf-8")
    text = text.replace("scorer: exact", "scorer: contains").replace(
        "input_usd_per_mtok: 100", "input_usd_per_mtok: 200"
    )
    config.write_text(text, encoding="utf-8")
    assert here("score", finished).code == 0
    assert here("baseline", finished, "--to", "after.json").code == 0
    then, now = (read_baseline(Path(f"{name}.json")).sides["plain", "golden"] for name in ("before", "after"))
    assert then.identity["right"] != now.identity["right"]
    assert then.identity["prices"] != now.identity["prices"]
    assert then.identity["schema"] == now.identity["schema"]
    assert (now.marks["cost_usd_per_1k"] > then.marks["cost_usd_per_1k"]).all()


def test_what_has_changed_since_the_baseline_is_told(here: Command, desk: ModuleType, gated: Path) -> None:
    """A control that answers worse now is a drift of its provider; rows that are others make the baseline stale."""
    rows = [desk.row("g", 4 * number) for number in range(12)]
    desk.write_rows(gated.parent / "rows" / "golden.jsonl", rows)
    here("run", gated, *RUN, "--no-gate")
    assert here("baseline", "latest", "--out", "runs").code == 0
    file = gated.parent / "kept" / "echo.json"
    held = json.loads(file.read_text(encoding="utf-8"))
    marks = held["sides"]["plain"]["golden"]["marks"]
    marks["right"] = [0.0] * 12
    file.write_text(json.dumps(held), encoding="utf-8")
    desk.write_rows(gated.parent / "rows" / "golden.jsonl", [*rows[:-1], desk.row("g", 99)])
    here("run", gated, *RUN)
    summary = json.loads((newest() / "summary.json").read_text(encoding="utf-8"))
    told = {one["code"]: one["message"] for one in summary["warnings"]}
    assert "+100.0 [" in told["provider_drift"]
    assert "(11 examples asked again)" in told["provider_drift"]
    assert "1 new, 1 missing" in told["baseline_stale"]
    text = gated.read_text(encoding="utf-8").replace(
        'system: plain.md, user: "{{', 'system: plain.md, user: "Q: {{'
    )
    gated.write_text(text, encoding="utf-8")
    here("run", gated, *RUN)
    summary = json.loads((newest() / "summary.json").read_text(encoding="utf-8"))
    told = {one["code"]: one["message"] for one in summary["warnings"]}
    assert "the config says something else of it now" in told.get(
        "provider_drift", "the config says something else of it now"
    )
