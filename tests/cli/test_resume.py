"""Going on with a run: only what is left, only what was meant, and never under a changed config."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.files.ledger import Ledger

Command = Callable[..., Any]


def cut(folder: Path, lines: int) -> None:
    """Leave the run as a kill would: some whole lines, a torn one, and no derived file."""
    records = folder / "records.jsonl"
    held = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(held[:lines]) + held[lines][:40])
    for name in ("scores.jsonl", "summary.json", "report.md"):
        (folder / name).unlink()


def asked_since(echo: Any, before: dict[str, int]) -> int:
    """Calls since, without warm-ups."""
    return sum(times - before.get(text, 0) for text, times in echo.asked().items() if "t-01" not in text)


def test_a_finished_run_is_left_alone(here: Command, config: Path, finished: Path, echo: Any) -> None:
    """Nothing is asked or written; exit 0, with the summary where JSON is asked for."""
    before, files = echo.asked(), {path: path.stat().st_mtime_ns for path in finished.iterdir()}
    ended = here("run", config, "--resume", "--out", "runs")
    assert ended.code == 0
    assert "is finished" in ended.err
    as_json = here("run", config, "--resume", "--out", "runs", "--json")
    assert json.loads(as_json.out) == json.loads((finished / "summary.json").read_text(encoding="utf-8"))
    assert echo.asked() == before
    assert {path: path.stat().st_mtime_ns for path in finished.iterdir()} == files


def test_only_what_is_missing_is_run(
    here: Command, config: Path, finished: Path, echo: Any, desk: ModuleType
) -> None:
    """Of a torn run every whole line stands, byte for byte; the rest is run, and each trial counts once."""
    cut(finished, 20)
    held = (finished / "records.jsonl").read_bytes()
    before = echo.asked()
    dry = here("run", config, "--resume", "--out", "runs", "--dry-run")
    assert dry.code == 0
    assert "18 trials" in dry.out
    assert echo.asked() == before
    ended = here("run", config, "--resume", "--out", "runs")
    assert ended.code == 0, ended.err
    assert "18 trials left" in ended.err  # 20 lines, 2 of them warm-ups
    assert asked_since(echo, before) == 18
    assert (finished / "records.jsonl").read_bytes().startswith(held + b"\n")
    summary = json.loads((finished / "summary.json").read_text(encoding="utf-8"))
    assert summary["run"]["complete"] is True
    assert [variant["partitions"]["golden"]["trials"] for variant in summary["variants"].values()] == [12, 12]


def test_a_changed_config_is_refused_with_a_diff(
    here: Command, config: Path, finished: Path, echo: Any
) -> None:
    """Exit 2, the two lines that differ, and nothing asked; the same for a key set on the command line."""
    cut(finished, 20)
    before = echo.asked()
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("timeout_s: 30", "timeout_s: 31"), encoding="utf-8")
    for words in ((), ("--resume-run", finished.name)):
        ended = here("run", config, *(words or ("--resume",)), "--out", "runs")
        assert ended.code == 2
        assert "the config has changed" in ended.err
        assert '-  "timeout_s": 30' in ended.err
        assert '+  "timeout_s": 31' in ended.err
    config.write_text(text, encoding="utf-8")
    ended = here("run", config, "--resume", "--out", "runs", "--set", "retries=2")
    assert ended.code == 2
    assert '+  "retries": 2' in ended.err
    assert echo.asked() == before


def test_a_changed_evalset_is_refused_by_file(
    here: Command, config: Path, finished: Path, desk: ModuleType
) -> None:
    """Exit 2 that names the file that is not what it was."""
    cut(finished, 20)
    rows = [desk.row("g", number) for number in range(desk.GOLDEN - 1)]
    desk.write_rows(config.parent / "rows" / "golden.jsonl", rows)
    ended = here("run", config, "--resume", "--out", "runs")
    assert ended.code == 2
    assert "files have changed" in ended.err
    assert "golden" in ended.err


def test_what_a_run_was_narrowed_to_is_what_is_resumed(here: Command, config: Path, desk: ModuleType) -> None:
    """The flags of the start count again, without being given again."""
    assert here("run", config, "--variants", "terse", "--limit", "4", "--set", "retries=3").code == 0
    folder = desk.run_folder(Path("results"))
    cut(folder, 5)
    ended = here("run", config, "--resume")
    assert ended.code == 0, ended.err
    assert "4 trials left" in ended.err
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["variants"]) == ["terse"]
    assert summary["run"]["complete"] is True


def test_with_nothing_to_resume_a_new_run_starts(here: Command, config: Path) -> None:
    """`--resume` says so and runs; a named run that is not there is exit 2."""
    ended = here("run", config, "--resume", "--limit", "1")
    assert ended.code == 0
    assert "starting a new one" in ended.err
    assert here("run", config, "--resume-run", "gone").code == 2


def test_failed_trials_are_tried_again_by_a_resume(
    here: Command, config: Path, desk: ModuleType, echo: Any
) -> None:
    """A failed trial is an outcome and no end: a resume tries it again, and its last line counts."""
    assert here("run", config, "--quiet").code == 0
    folder = desk.run_folder(Path("results"))
    lines = desk.lines_of(folder / "records.jsonl")
    for line in lines[-3:]:
        line["outcome"] = {
            "kind": "failed",
            "error": {"type": "connection", "message": "down", "status": None},
        }
    desk.write_rows(folder / "records.jsonl", lines)
    assert here("score", folder).code == 0
    before = echo.asked()
    ended = here("run", config, "--resume")
    assert ended.code == 0, ended.err
    assert asked_since(echo, before) == 3
    outcomes = [
        part["outcomes"]
        for v in desk.summary_in(Path("results"))["variants"].values()
        for part in v["partitions"].values()
    ]
    assert sum(found.get("answered", 0) for found in outcomes) == desk.TRIALS
    assert sum(found.get("failed", 0) for found in outcomes) == 0


def test_only_wrong_trials_are_run_from_another_run(
    here: Command, config: Path, finished: Path, echo: Any, desk: ModuleType
) -> None:
    """`--failed-from RUN` plans what was wrong there: a quarter of golden, one edge row, of each variant."""
    before = echo.asked()
    ended = here("run", config, "--failed-from", "latest", "--out", "runs", "--quiet")
    assert ended.code == 0, ended.err
    assert asked_since(echo, before) == 2 * (3 + 1)
    newest = max(
        (folder for folder in Path("runs").iterdir() if folder.is_dir()),
        key=lambda folder: folder.stat().st_mtime_ns,
    )
    lines = [line for line in desk.lines_of(newest / "records.jsonl") if not line["warmup"]]
    assert {line["example_id"] for line in lines} == {"g-03", "g-07", "g-11", "e-03"}
    cut(newest, 4)
    resumed = here("run", config, "--resume", "--out", "runs")
    assert resumed.code == 0, resumed.err
    assert "6 trials left" in resumed.err


def test_a_finished_run_under_a_changed_config_is_refused_too(
    here: Command, config: Path, finished: Path
) -> None:
    """A run is finished for the config as it stands, or not at all."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("timeout_s: 30", "timeout_s: 31"), encoding="utf-8")
    ended = here("run", config, "--resume", "--out", "runs")
    assert ended.code == 2
    assert "the config has changed" in ended.err


def test_flags_that_ask_for_another_part_are_refused(here: Command, config: Path, finished: Path) -> None:
    """A resume runs what the run was started for; silence would let one think otherwise."""
    ended = here("run", config, "--resume", "--out", "runs", "--variants", "terse")
    assert ended.code == 2
    assert "--variants terse" in ended.err
    assert "was started with no --variants" in ended.err


def test_recorded_outputs_that_changed_are_refused(here: Command, tmp_path: Path, desk: ModuleType) -> None:
    """Files beside the evalset count: one figure never mixes two versions of a file."""
    config = desk.experiment(tmp_path / "recorded")
    outputs = [{"id": f"g-{number:02}", "output": "blue"} for number in range(desk.GOLDEN)]
    desk.write_rows(config.parent / "outputs.jsonl", outputs)
    config.write_text(
        "name: recorded\nevalset: rows\nmetrics: [exact]\nvariants: {a: {recorded: outputs.jsonl, partitions: [golden]}}\n",
        encoding="utf-8",
    )
    assert here("run", config, "--quiet").code == 0
    cut(desk.run_folder(Path("results")), 5)
    desk.write_rows(config.parent / "outputs.jsonl", [row | {"output": "red"} for row in outputs])
    ended = here("run", config, "--resume")
    assert ended.code == 2
    assert "outputs.jsonl" in ended.err


def test_what_failed_then_is_what_is_resumed_now(
    here: Command, config: Path, finished: Path, desk: ModuleType, echo: Any
) -> None:
    """`--failed-from` is settled when a run begins: judging the other run again later changes nothing."""
    assert here("run", config, "--failed-from", finished, "--out", "again").code == 0
    folder = desk.run_folder(Path("again"))
    planned = sum(not line["warmup"] for line in desk.lines_of(folder / "records.jsonl"))
    cut(folder, 4)
    harsh = config.with_name("harsh.yaml")
    harsh.write_text(
        config.read_text(encoding="utf-8").replace("scorer: exact", "scorer: numeric"), encoding="utf-8"
    )
    assert here("score", finished, "--config", harsh).code == 0
    before = echo.asked()
    ended = here("run", config, "--resume-run", folder, "--out", "again")
    assert ended.code == 0, ended.err
    assert asked_since(echo, before) == planned - 2  # four lines were left, two of them warm-ups


def test_a_broken_folder_hides_no_run(here: Command, config: Path, finished: Path) -> None:
    """Somebody's unreadable manifest is passed over; named, it is one line."""
    broken = Path("runs") / "29990101T000000Z-broken-00000000"
    broken.mkdir()
    (broken / "manifest.json").write_text("{}", encoding="utf-8")
    assert "is finished" in here("run", config, "--resume", "--out", "runs").err
    ended = here("show", broken, "--variant", "plain", "--example", "g-01")
    assert ended.code == 2
    assert "is no manifest of a run" in ended.err


def test_two_processes_never_pay_for_one_run(here: Command, config: Path, finished: Path) -> None:
    """A run that is being written to is refused to a second writer."""
    cut(finished, 20)
    with Ledger(finished):
        ended = here("run", config, "--resume", "--out", "runs")
    assert ended.code == 2
    assert "another process is writing to this run" in ended.err
