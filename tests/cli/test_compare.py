"""`harness compare`: two runs, two variants of one, a run against itself; read, refused by name, never written."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Command = Callable[..., Any]
GOLDEN, EDGE = 60, 30
TAGS = ("adversarial", "out_of_domain", "malformed")
CONFIG = """\
name: desk
evalset: rows
{more}variants:
  plain: {{recorded: {{file: plain.jsonl, map: {{latency_ms: ms, repeat: run}}}}}}
  tuned: {{recorded: {{file: tuned.jsonl, map: {{latency_ms: ms, repeat: run}}}}}}
metrics:
  - {{name: right, scorer: {scorer}, primary: true}}
"""


class Lab:
    """A folder with an evalset, recorded outputs and a config; every run is one command."""

    def __init__(self, here: Command, desk: ModuleType, folder: Path) -> None:
        self.here, self.desk, self.folder = here, desk, folder
        (folder / "rows").mkdir(parents=True)
        self.rows = {"golden": self.made("g", GOLDEN), "edge": self.made("e", EDGE)}
        self.wrong: dict[str, set[str]] = {"plain": set(), "tuned": set()}

    @staticmethod
    def made(letter: str, size: int) -> list[dict[str, Any]]:
        """Rows of golden (g) or edge (e)."""
        tags = {"e": lambda n: {"tags": [TAGS[n % 3]]}, "g": lambda _: {}}[letter]
        return [
            {"id": f"{letter}-{n:02}", "inputs": {"q": f"{letter}{n}"}, "expected": "yes", **tags(n)}
            for n in range(size)
        ]

    def run(self, *flags: object, more: str = "", scorer: str = "exact", repeats: int = 1) -> str:
        """Write everything and run it; returns the run's id."""
        for name, rows in self.rows.items():
            self.desk.write_rows(self.folder / "rows" / f"{name}.jsonl", rows)
        for variant, wrong in self.wrong.items():
            self.desk.write_rows(
                self.folder / f"{variant}.jsonl",
                [
                    {"id": row["id"], "output": self.said(row["id"], wrong, run), "ms": 100 + at, "run": run}
                    for rows in self.rows.values()
                    for at, row in enumerate(rows)
                    for run in range(repeats)
                ],
            )
        config = self.folder / "desk.yaml"
        config.write_text(CONFIG.format(more=more, scorer=scorer), encoding="utf-8")
        known = self.runs()
        ended = self.here("run", config, "--quiet", "--out", "runs", "--repeats", repeats, *flags)
        assert ended.code == 0, ended.err
        (made,) = self.runs() - known
        return made

    @staticmethod
    def said(id_: str, wrong: set[str], run: int) -> str:
        """What a variant says: the first trial of a row that it has wrong is no."""
        return "no" if id_ in wrong and run == 0 else "yes"

    @staticmethod
    def runs() -> set[str]:
        """Ids of all runs so far."""
        return {path.parent.name for path in Path("runs").glob("*/manifest.json")}


@pytest.fixture
def lab(here: Command, desk: ModuleType, tmp_path: Path) -> Lab:
    """Nothing is wrong yet."""
    return Lab(here, desk, tmp_path / "lab")


def ids(letter: str, *span: int) -> set[str]:
    """Ids of a span of rows."""
    return {f"{letter}-{n:02}" for n in range(*span)}


def one_line(ended: Any) -> str:
    """The one line of a request that was wrong."""
    assert (ended.code, ended.out) == (2, ""), ended
    (line,) = ended.err.splitlines()
    return line


def words(ended: Any) -> str:
    """What was printed, with single spaces: columns are as wide as their widest cell."""
    assert ended.code == 0, ended.err
    return " ".join(ended.out.split())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_run_is_compared_with_its_control_everywhere(lab: Lab) -> None:
    """The run's own table, summary and report, and `compare RUN`, tell the same differences; the trap stands on top."""
    lab.wrong = {"plain": ids("g", 0, 20), "tuned": ids("e", 0, 12)}
    run = lab.run()
    folder = Path("runs") / run
    before = contents(folder)
    shown = lab.here("compare", run, "--out", "runs")
    assert shown.code == 0, shown.err
    assert "tuned 100.0 +33.3 [+23, +46] <0.001 20/0/40" in words(shown)
    told = json.loads(lab.here("compare", "latest", "--out", "runs", "--json").out)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert told["comparisons"] == summary["comparisons"]
    assert told["runs"] == [run]
    assert [warning["code"] for warning in told["warnings"]] == ["edge_regression"]
    assert summary["warnings"][0] == told["warnings"][0]
    report = (folder / "report.md").read_text(encoding="utf-8")
    trap = "tuned: ahead of plain on golden by 33.3 points, but worse on edge by 40.0 points"
    assert report.index(trap) < report.index("## Overview") < report.index("## Comparisons")
    assert shown.out.index("✗ tuned: ahead of plain") < shown.out.index("golden · right against plain")
    assert contents(folder) == before


def test_two_variants_of_one_run(lab: Lab) -> None:
    """The first against the second, whichever is the control; other numbers of names are refused."""
    lab.wrong["tuned"] = ids("g", 0, 6)
    run = lab.run()
    shown = lab.here("compare", run, "--variants", "plain,tuned", "--out", "runs")
    assert "golden · right against tuned · 60 examples in both" in words(shown)
    assert "plain is better on g-00, g-01, g-02, g-03, g-04, g-05." in words(shown)
    assert "of one run two variants are compared, not 1" in one_line(
        lab.here("compare", run, "--variants", "plain", "--out", "runs")
    )
    assert "did you mean 'tuned'?" in one_line(
        lab.here("compare", run, "--variants", "plain,tunned", "--out", "runs")
    )


def test_two_runs_are_paired_by_id_and_row(lab: Lab) -> None:
    """Each variant with its namesake, A less B; changed, missing and new rows are listed, and not compared."""
    lab.wrong["tuned"] = ids("g", 0, 10)
    first = lab.run()
    lab.wrong["tuned"] = set()
    lab.rows["golden"][0]["inputs"] = {"q": "another question"}
    lab.rows["golden"] = [
        *lab.rows["golden"][:57],
        {**lab.rows["golden"][57], "id": "h-57"},
    ]
    second = lab.run()
    shown = lab.here("compare", second, first, "--out", "runs")
    assert shown.code == 0, shown.err
    assert f"A is {second} B is {first} golden" in words(shown)
    assert "tuned 100.0 +16.1 [" in words(shown)
    assert (
        "plain, tuned on golden: 3 examples missing here, with a value on the other side: g-57, g-58, g-59."
        in words(shown)
    )
    assert "plain, tuned on golden: 1 example new here, with no value on the other side: h-57." in words(
        shown
    )
    assert "plain, tuned on golden: 1 example left out, since the row has changed: g-00." in words(shown)
    assert "! the runs were not measured side by side" in words(shown)
    told = json.loads(
        lab.here("compare", second, first, "--out", "runs", "--variants", "tuned", "--json").out
    )
    assert {one["a"] for one in told["comparisons"]} == {"tuned"}
    golden = next(
        one for one in told["comparisons"] if (one["partition"], one["metric"]) == ("golden", "right")
    )
    assert (golden["n"], golden["wins"], golden["run_a"], golden["run_b"]) == (56, 9, second, first)
    assert golden["missing"] == ["g-57", "g-58", "g-59"]


def test_what_was_judged_otherwise_is_refused_by_name(lab: Lab) -> None:
    """A run that was scored again by another scorer differs from one that was not; --force compares, and says so."""
    first, second = lab.run(), lab.run()
    config = lab.folder / "again.yaml"
    config.write_text(CONFIG.format(more="", scorer="squad_f1"), encoding="utf-8")
    assert lab.here("score", second, "--config", config, "--out", "runs").code == 0
    line = one_line(lab.here("compare", first, second, "--out", "runs"))
    assert "metric 'right' was judged by another scorer, judge or options" in line
    assert "--force" in line
    forced = lab.here("compare", first, second, "--out", "runs", "--force")
    assert forced.code == 0
    assert "! compared by force: metric 'right' was judged by another scorer" in forced.out
    assert forced.out.index("compared by force") < forced.out.index("golden · right")
    assert lab.here("score", first, "--config", config, "--out", "runs").code == 0
    assert lab.here("compare", first, second, "--out", "runs").code == 0


def test_a_config_sets_other_terms(lab: Lab) -> None:
    """What decides, the margin and alpha come from it; a metric that the run was not scored by is refused."""
    run = lab.run()
    config = lab.folder / "terms.yaml"
    gates = "gates:\n  - {metric: right, partition: golden, versus: control, margin: 0.1, advisory: true}\n"
    config.write_text(CONFIG.format(more=gates, scorer="exact"), encoding="utf-8")
    assert "cannot tell" in lab.here("compare", run, "--out", "runs").out
    assert "no worse than the margin" in lab.here("compare", run, "--out", "runs", "--config", config).out
    text = CONFIG.format(more="control: tuned\n", scorer="exact")
    config.write_text(text, encoding="utf-8")
    assert "against tuned" in lab.here("compare", run, "--out", "runs", "--config", config).out
    config.write_text(text.replace("name: right", "name: other"), encoding="utf-8")
    line = one_line(lab.here("compare", run, "--out", "runs", "--config", config))
    assert "'other' decides, and the run has no such metric" in line


def test_the_noise_between_repeats(lab: Lab) -> None:
    """Every example's two trials are a pair; a run of one trial an example has none, and says what to do."""
    lab.wrong["tuned"] = ids("g", 0, 15)
    run = lab.run(repeats=2)
    shown = lab.here("compare", "--aa", run, "--out", "runs")
    assert shown.code == 0, shown.err
    assert "tuned 15 of 60 25.0 [15.8, 37.2]" in words(shown)
    (noise,) = [
        one
        for one in json.loads(lab.here("compare", "--aa", run, "--out", "runs", "--json").out)["noise"]
        if (one["variant"], one["partition"]) == ("tuned", "golden")
    ]
    assert (noise["flips"], noise["pairs"], noise["rate"]) == (15, 60, 0.25)
    single = lab.run()
    line = one_line(lab.here("compare", "--aa", single, "--out", "runs"))
    assert "one trial an example" in line
    assert "--repeats 2" in line


def test_the_noise_between_two_runs_of_one_config(lab: Lab) -> None:
    """Flips are counted pair by pair, and it says whether anything was called better or worse; another config is refused."""
    lab.wrong["tuned"] = ids("g", 0, 5)
    first = lab.run()
    lab.wrong["tuned"] = ids("g", 3, 8)
    second = lab.run()
    shown = lab.here("compare", first, second, "--aa", "--out", "runs")
    assert shown.code == 0, shown.err
    assert "tuned 6 of 60" in words(shown)
    assert "✓ Of 4 differences that decide, none was called better or worse." in words(shown)
    assert "Time on golden (not side by side; 1x is as long): cannot tell: plain 1.00x" in words(shown)
    other = lab.run(more="seed: 5\n")
    line = one_line(lab.here("compare", first, other, "--aa", "--out", "runs"))
    assert "its config is not that of" in line
    assert lab.here("compare", first, other, "--aa", "--out", "runs", "--force").code == 0


def test_what_never_changes_has_no_noise_however_it_is_graded(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs of answers that are graded 0.4 on each of two repeats: not one of 240 pairs flips, since none is right."""
    monkeypatch.setattr(lab, "said", lambda *_: "yes no no no")
    first, second = (lab.run(scorer="squad_f1", repeats=2) for _ in range(2))
    told = json.loads(lab.here("compare", first, second, "--aa", "--out", "runs", "--json").out)["noise"]
    assert [(one["flips"], one["pairs"]) for one in told if one["partition"] == "golden"] == [(0, 240)] * 2


def test_what_cannot_be_compared_is_one_line(lab: Lab) -> None:
    """No run, too many, one that was never scored, none of its rows or variants in common."""
    run = lab.run()
    assert "name one run, or two" in one_line(lab.here("compare", "--out", "runs"))
    assert "two runs at most, not 3" in one_line(lab.here("compare", run, run, run, "--out", "runs"))
    assert "no such run" in one_line(lab.here("compare", run, "nowhere", "--out", "runs"))
    for name in ("golden", "edge"):
        lab.rows[name] = lab.made(name[0], 20)
        for row in lab.rows[name]:
            row["id"] += "-x"
    other = lab.run()
    line = one_line(lab.here("compare", run, other, "--out", "runs"))
    assert "they have no example in common" in line
    (Path("runs") / other / "summary.json").unlink()
    assert "it was never scored" in one_line(lab.here("compare", run, other, "--out", "runs"))
