"""`harness gate`: a stored run judged again, and what CI reads of it."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Command = Callable[..., Any]
GATES = """\
gates:
  - {metric: right, at_least: 0.5, judge: point}
  - {metric: right, partition: edge, versus: control, margin: 0.4, advisory: true}
  - {metric: right, at_least: 0.99, advisory: true}
"""
"""All answers of both variants are alike: on golden 75 % are right."""


@pytest.fixture
def gated(desk: ModuleType, tmp_path: Path, echo: Any) -> Path:
    """The small experiment with gates: one that passes, and two that cannot fail the run."""
    return desk.experiment(tmp_path / "x", echo.url, more=GATES)


@pytest.fixture
def judged(desk: ModuleType, gated: Path, here: Command) -> Path:
    """The folder of its run."""
    ended = here("run", gated, "--quiet")
    assert ended.code == 0, ended.err
    return desk.run_folder(Path("results"))


def cases(folder: Path) -> dict[str, str]:
    """Of junit.xml, test case → how it ended."""
    found = ET.parse(folder / "junit.xml").iter("testcase")
    return {case.attrib["name"]: next(iter(case)).tag for case in found}


def verdicts(folder: Path) -> list[tuple[str, str]]:
    """Of summary.json, gate and verdict."""
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return [(one["gate"], one["verdict"]) for one in found["gates"]]


def other_config(gated: Path, gates: str, more: str = "") -> Path:
    """The same experiment with other gates."""
    file = gated.with_name("other.yaml")
    file.write_text(
        gated.read_text(encoding="utf-8").replace(GATES, f"{more}gates:\n{gates}"), encoding="utf-8"
    )
    return file


def test_a_run_with_gates_leaves_what_ci_reads(judged: Path) -> None:
    """`harness run` itself writes junit.xml, a case a gate, and gate.md with its marker."""
    assert cases(judged) == {
        "right on golden at least 0.5 [terse]": "system-out",
        "right on edge no worse than control by 0.4 (advisory) [terse]": "system-out",
        "right on golden at least 0.99 (advisory) [terse]": "skipped",
    }
    assert (
        (judged / "gate.md")
        .read_text(encoding="utf-8")
        .startswith("<!-- variant-harness gate: echo -->\n## echo\n")
    )


def test_judging_again_comes_to_the_same(judged: Path, here: Command) -> None:
    """Every derived file is made again from the records, and says what it said; the gates are shown, nobody is called."""
    names = ("summary.json", "junit.xml", "gate.md", "report.md")
    before = {name: (judged / name).read_bytes() for name in names}
    for name in names:
        if name != "summary.json":
            (judged / name).unlink()
    ended = here("gate", "results/latest")
    assert (ended.code, ended.err) == (0, "")
    assert {name: (judged / name).read_bytes() for name in names} == before
    assert "✓ gate pass: terse: right on golden at least 0.5: 75.0 %" in ended.out
    assert str(judged / "junit.xml") in ended.out


def test_json_is_the_whole_of_stdout_on_github_too(
    judged: Path, here: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--json` prints run, warnings and gates; annotations go to stderr, and gate.md is added to the step's summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    (tmp_path / "step.md").write_text("before\n", encoding="utf-8")
    ended = here("gate", "latest", "--json")
    told = json.loads(ended.out)
    assert set(told) == {"run", "warnings", "gates"}
    assert [one["verdict"] for one in told["gates"]] == ["pass", "pass", "fail"]
    (line,) = ended.err.splitlines()
    assert line.startswith(
        "::warning title=gate fail%3A terse::right on golden at least 0.99 (advisory): 75.0 ["
    )
    page = (tmp_path / "step.md").read_text(encoding="utf-8")
    assert page == "before\n" + (judged / "gate.md").read_text(encoding="utf-8")


def test_a_summary_page_that_cannot_be_written_changes_no_verdict(
    judged: Path, here: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and the exit code stays."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    ended = here("gate", "latest")
    assert ended.code == 0
    assert ended.err.splitlines()[-1] == "the step's summary cannot be written (Is a directory)"


def test_no_gates_is_a_wrong_request(finished: Path, here: Command) -> None:
    """Silence is no pass: the line says what to do instead."""
    ended = here("gate", "latest", "--out", "runs")
    assert ended.code == 2
    assert ended.err == (
        f"error: {finished.name}: has no gates to judge by; --config FILE judges it by the gates of another config\n"
    )
    assert not (finished / "junit.xml").exists()


def test_a_run_that_was_never_scored_is_scored_first(judged: Path, here: Command) -> None:
    """Without scores.jsonl there is nothing to judge, and one line names the command that makes it."""
    (judged / "scores.jsonl").unlink()
    ended = here("gate", "latest")
    assert ended.code == 2
    assert ended.err.endswith(
        f"{judged.name}: has no scores.jsonl: it was never scored; harness score latest\n"
    )


def test_a_run_without_a_summary_gets_one(judged: Path, here: Command) -> None:
    """The scores are enough."""
    (judged / "summary.json").unlink()
    assert here("gate", "latest").code == 0
    assert [how for _, how in verdicts(judged)] == ["pass", "pass", "fail"]


def test_another_config_brings_its_own_gates(gated: Path, judged: Path, here: Command) -> None:
    """`--config` judges by that file's gates and candidate; every file of the folder tells the new verdict."""
    other = other_config(gated, "  - {metric: right, at_least: 0.9, judge: point}\n")
    other.write_text(
        other.read_text(encoding="utf-8").replace("control: plain", "control: terse"), encoding="utf-8"
    )
    ended = here("gate", "latest", "--config", other)
    assert ended.code == 1
    assert (
        ended.err
        == "gate failed: plain: right on golden at least 0.9: by the value alone, whatever its interval\n"
    )
    assert verdicts(judged) == [("right on golden at least 0.9", "fail")]
    assert cases(judged) == {"right on golden at least 0.9 [plain]": "failure"}
    assert "gate fail: plain" in (judged / "report.md").read_text(encoding="utf-8")


def test_another_config_brings_its_own_prices(gated: Path, judged: Path, here: Command) -> None:
    """A cost gate is judged at the prices of the config that has it."""
    other = other_config(gated, "  - {metric: cost_usd_per_1k, at_most: 1}\n")
    text = other.read_text(encoding="utf-8").replace(
        "input_usd_per_mtok: 100, output_usd_per_mtok: 200", "request_usd: 0.5"
    )
    other.write_text(text, encoding="utf-8")
    assert here("gate", "latest", "--config", other).code == 1
    (one,) = json.loads((judged / "summary.json").read_text(encoding="utf-8"))["gates"]
    assert one["value"] == pytest.approx(500)


def test_a_metric_that_was_not_scored_is_scored_first(gated: Path, judged: Path, here: Command) -> None:
    """A gate of another config on a metric that the stored scores lack is a wrong request, not an open verdict."""
    other = other_config(
        gated, "  - {metric: near, at_least: 0.5, judge: point}\n", "  - {name: near, scorer: contains}\n"
    )
    ended = here("gate", "latest", "--config", other)
    assert ended.code == 2
    assert ended.err == (
        f"error: latest: the run's scores hold no 'near'; harness score latest --config {other}\n"
    )
    assert here("score", "latest", "--config", other).code == 0
    assert here("gate", "latest", "--config", other).code == 0


def test_scores_of_another_scorer_are_scored_first(gated: Path, judged: Path, here: Command) -> None:
    """A config that scores a metric otherwise cannot judge the stored scores, whose scorer they would be taken for."""
    other = other_config(gated, "  - {metric: right, at_least: 0.5, judge: point}\n")
    other.write_text(
        other.read_text(encoding="utf-8").replace("scorer: exact", "scorer: contains"), encoding="utf-8"
    )
    ended = here("gate", "latest", "--config", other)
    assert ended.code == 2
    assert ended.err == (
        "error: latest: the run's scores of 'right' are by another scorer, or other options; "
        f"harness score latest --config {other}\n"
    )
    assert here("score", "latest", "--config", other).code == 0
    assert here("gate", "latest", "--config", other).code == 0


def test_what_was_judged_again_stays_so(gated: Path, judged: Path, here: Command) -> None:
    """Its own gates are then held against the scores and prices that the folder has now, and told as such."""
    text = gated.read_text(encoding="utf-8").replace("scorer: exact", "scorer: contains")
    cost = text.replace(GATES, f"{GATES}  - {{metric: cost_usd_per_1k, versus: baseline, margin: 1}}\n")
    gated.with_name("cost.yaml").write_text(f"baseline: main.json\n{cost}", encoding="utf-8")
    priced = cost.replace("input_usd_per_mtok: 100, output_usd_per_mtok: 200", "request_usd: 0.5")
    other = gated.with_name("other.yaml")
    other.write_text(f"baseline: main.json\n{priced}", encoding="utf-8")
    assert here("score", "latest", "--config", gated.with_name("cost.yaml")).code == 2
    assert here("baseline", "latest", "--to", gated.with_name("main.json")).code == 0
    ended = here("score", "latest", "--config", other)
    assert ended.code == 3
    assert "the baseline was judged by other prices: write it again" in ended.err
    assert here("gate", "latest").code == 0
    summary = json.loads((judged / "summary.json").read_text(encoding="utf-8"))
    assert summary["metrics"]["right"] == "contains"
    assert summary["variants"]["terse"]["partitions"]["golden"]["cost"]["usd_per_1k"] == pytest.approx(500)
    assert here("verify", "latest").code == 0


def test_a_baseline_is_the_one_that_is_named(gated: Path, judged: Path, here: Command) -> None:
    """`--baseline` stands for the config's file; where no gate asks for one it is a wrong request."""
    assert here("baseline", "latest", "--to", "main.json").code == 0
    unasked = here("gate", "latest", "--baseline", "main.json")
    assert unasked.code == 2
    assert "--baseline main.json: no gate is held against a baseline" in unasked.err
    other = other_config(
        gated, "  - {metric: right, versus: baseline, margin: 0.5}\n", "baseline: none.json\n"
    )
    missing = here("gate", "latest", "--config", other)
    assert missing.code == 2
    assert "none.json" in missing.err
    ended = here("gate", "latest", "--config", other, "--baseline", "main.json")
    assert ended.code == 0, ended.err
    assert verdicts(judged)[0][1] == "pass"
    assert "was written by harness" not in ended.out
    text = Path("main.json").read_text(encoding="utf-8").replace('"harness": "', '"harness": "0.')
    Path("main.json").write_text(text, encoding="utf-8")
    ended = here("gate", "latest", "--config", other, "--baseline", "main.json")
    assert "was written by harness 0.0" in " ".join(ended.out.split())


def test_half_a_run_is_never_green(judged: Path, here: Command) -> None:
    """Where a planned trial has no record, gates may pass, and the run still ends in 3 and junit.xml in an error."""
    lines = (judged / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (judged / "records.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    ended = here("gate", "latest")
    assert (ended.code, ended.err) == (3, "undecided: planned trials were never tried\n")
    assert cases(judged)["the run can be decided on"] == "error"


def test_gates_that_judge_nobody_are_no_pass(gated: Path, here: Command, desk: ModuleType) -> None:
    """A run of the control alone has nothing that its gates could be about."""
    assert here("run", gated, "--quiet", "--variants", "plain").code == 0
    ended = here("gate", "latest")
    assert (ended.code, ended.err) == (
        3,
        "undecided: its gates are about variants that this run did not ask\n",
    )
    assert not (desk.run_folder(Path("results")) / "junit.xml").exists()


def test_files_of_gates_that_are_gone_go_with_them(gated: Path, judged: Path, here: Command) -> None:
    """Judged by a config without gates, a run keeps no file that says they were kept."""
    gated.write_text(gated.read_text(encoding="utf-8").replace(GATES, ""), encoding="utf-8")
    assert here("score", "latest").code == 0
    assert not (judged / "junit.xml").exists()
    assert not (judged / "gate.md").exists()
