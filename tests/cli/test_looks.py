"""A run that may stop early, as a user has it: asked no more than it takes, judged by the look that it ended at, resumable."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.files.ledger import Ledger

Command = Callable[..., Any]

EXAMPLES = 200
ANSWERS = """
def plain(inputs):
    return '{"a": "yes"}'

def same(inputs):
    return plain(inputs)

def bad(inputs):
    return '{"a": "no"}'

def breaking(inputs):
    return "oh" if inputs["question"].endswith("3") else plain(inputs)
"""
SCHEMA = '{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}'
GATE = {"metric": "right", "versus": "control", "margin": 0.1}


def experiment(
    folder: Path, variants: Sequence[str], gates: Sequence[Mapping[str, Any]], **more: Any
) -> Path:
    """Write one: `same` answers as the control does, `bad` wrongly, `breaking` breaks the schema on every tenth example."""
    (folder / "rows").mkdir(parents=True)
    (folder / "answers.py").write_text(ANSWERS)
    rows = (
        {"id": f"g{n:03}", "inputs": {"question": str(n)}, "expected": {"a": "yes"}} for n in range(EXAMPLES)
    )
    (folder / "rows" / "golden.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / "rows" / "output.schema.json").write_text(SCHEMA)
    held = {
        "name": "early", "evalset": "rows", "seed": 5, "stop_early": True, "concurrency": 4, "control": "plain",
        "variants": {name: {"python": f"answers:{name}"} for name in variants},
        "metrics": [{"name": "right", "scorer": "json_fields", "primary": True}], "gates": list(gates),
    }  # fmt: skip
    config = folder / "early.yaml"
    config.write_text(json.dumps(held | more))
    return config


@dataclass(frozen=True)
class Whole:
    """A run that has ended, in its own time: whoever changes it takes a copy."""

    config: Path
    folder: Path
    ended: Any

    def copied(self, to: Path) -> Path:
        """The same run in a folder of runs of its own."""
        return Path(shutil.copytree(self.folder.parent, to)) / self.folder.name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, desk: ModuleType) -> Whole:
    """Of a control, a variant that is as good, and one that is hopeless."""
    home = tmp_path_factory.mktemp("early")
    config = experiment(home / "x", ("plain", "same", "bad"), [GATE])
    ended = desk.harness("run", config, "--out", home / "runs", cwd=home)
    return Whole(config, desk.run_folder(home / "runs"), ended)


def asked(folder: Path) -> Counter[str]:
    """Variant → trials with a record."""
    return Counter(record.variant for record in Ledger(folder).records() if not record.warmup)


def lines(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of looks.jsonl without their times."""
    held = [line for line in (folder / "looks.jsonl").read_text().splitlines() if line.endswith("}")]
    return [{key: value for key, value in json.loads(line).items() if key != "at"} for line in held]


def summary(folder: Path) -> dict[str, Any]:
    """summary.json."""
    return dict(json.loads((folder / "summary.json").read_text()))


def told(folder: Path) -> list[Any]:
    """What must not depend on how a run came to its end."""
    found = summary(folder)
    looks = [{key: value for key, value in one.items() if key != "at"} for one in found["looks"]]
    return [found["gates"], looks, found["run"]["planned"], found["run"]["complete"]]


def test_what_is_decided_is_asked_no_more(whole: Whole) -> None:
    """The hopeless one ends at the first look, the equal one when it is shown, and the control with the last of them.

    The run is complete, its plan is what was tried, and each gate stands on the level of the look that it was decided at.
    """
    assert whole.ended.code == 1, whole.ended.err
    assert asked(whole.folder) == {"bad": 40, "plain": 80, "same": 80}
    found = summary(whole.folder)
    assert found["run"]["complete"] is True
    assert found["run"]["planned"] == 200
    assert {one["variant"]: (one["look"], one["decision"]) for one in found["looks"]} == {
        "plain": (2, "not needed"),
        "same": (2, "shown"),
        "bad": (1, "hopeless"),
    }
    levels = {(one["variant"], one["verdict"]): one["level"] for one in found["gates"]}
    assert levels["bad", "fail"] == pytest.approx(0.99999, abs=1e-5)
    assert levels["same", "pass"] == pytest.approx(0.99806, abs=1e-5)
    assert all("repeated interval" in one["why"] for one in found["gates"])
    assert {
        part["coverage"] for one in found["variants"].values() for part in one["partitions"].values()
    } == {1.0}


def test_what_it_saved_is_told(whole: Whole) -> None:
    """While it runs, in the terminal, and in the report: who stopped where, why, and how many trials that saved."""
    assert "'bad' stops at look 1 of 5, hopeless: right on golden" in whole.ended.err
    said = " ".join(whole.ended.out.split())
    assert "bad stopped at look 1 of 5 (40 of 200 trials): hopeless." in said
    assert "Stopping early saved 400 of 600 trials (67 %)." in said
    assert "## Stopping early" in (whole.folder / "report.md").read_text()


def test_who_judges_it_again_comes_to_the_same(here: Command, whole: Whole) -> None:
    """`gate`, `score` and `verify` know what was stopped, and at which level; to a resume it is finished."""
    folder = whole.copied(Path("runs"))
    before = told(folder)
    for words, code in ((("gate", "latest"), 1), (("score", "latest"), 1), (("verify", "latest"), 0)):
        ended = here(*words, "--out", "runs")
        assert ended.code == code, ended.err + ended.out
        assert told(folder) == before, words
    ended = here("run", whole.config, "--resume", "--out", "runs")
    assert "is finished" in ended.err
    assert sum(asked(folder).values()) == 200


def records_until(folder: Path, trials: int) -> None:
    """Leave so many counted trials, as a kill would, and a torn line."""
    file = folder / "records.jsonl"
    held = file.read_bytes().splitlines(keepends=True)
    warm = sum(b'"warmup":true' in line for line in held[:10])
    kept = held[: warm + trials]
    file.write_bytes(b"".join(kept) + (held[len(kept)][:30] if len(held) > len(kept) else b""))


@pytest.mark.parametrize(
    ("trials", "looks"),
    [(50, 0), (120, 0), (120, 1), (150, 3), (200, 4), (200, 5)],
    ids=[
        "amid the first examples", "before the first look's lines", "after one of its lines", "amid the second",
        "after one of the second look's lines", "before the summary",
    ],
)  # fmt: skip
def test_a_killed_run_decides_the_same(here: Command, whole: Whole, trials: int, looks: int) -> None:
    """Decisions that have their line stand; a look that has none is taken again, and comes to the same."""
    folder = whole.copied(Path("runs"))
    records_until(folder, trials)
    held = (folder / "looks.jsonl").read_bytes().splitlines(keepends=True)
    torn = held[looks][:20] if looks < len(held) else b""
    (folder / "looks.jsonl").write_bytes(b"".join(held[:looks]) + torn)
    for name in ("scores.jsonl", "summary.json", "report.md"):
        (folder / name).unlink()
    ended = here("run", whole.config, "--resume", "--out", "runs")
    assert ended.code == 1, ended.err
    assert told(folder) == told(whole.folder)
    assert lines(folder) == lines(whole.folder)
    assert asked(folder) == {"bad": 40, "plain": 80, "same": 80}


def test_a_certificate_ends_with_the_failure_that_decides_it(
    here: Command, tmp_path: Path, desk: ModuleType
) -> None:
    """Of 200 examples 2 % allows none to break the schema: the first one stops the variant, and with it the run.

    What is in flight then still ends.
    """
    gates = [{"metric": "schema_failure_rate", "certify_below": 0.02}]
    config = experiment(tmp_path / "x", ("plain", "breaking"), gates)
    ended = here("run", config, "--out", "runs")
    folder = desk.run_folder(Path("runs"))
    found = summary(folder)
    last = {one["variant"]: one for one in found["looks"]}
    assert (last["breaking"]["look"], last["breaking"]["decision"]) == (0, "hopeless")
    assert (last["plain"]["look"], last["plain"]["decision"]) == (0, "not needed")
    first = next(
        number
        for number, record in enumerate(
            (
                record
                for record in Ledger(folder).records()
                if record.variant == "breaking" and not record.warmup
            ),
            1,
        )
        if record.outcome.text == "oh"
    )
    assert first <= asked(folder)["breaking"] <= first + 4 + 2
    assert found["run"]["complete"] is True
    assert found["gates"][0]["verdict"] != "pass"
    assert "its certificate allows 0" in ended.err


def test_a_certificate_is_counted_on_after_a_kill(here: Command, tmp_path: Path, desk: ModuleType) -> None:
    """A run that was killed between the failure and its line stops as soon as it goes on."""
    gates = [{"metric": "schema_failure_rate", "certify_below": 0.02}]
    config = experiment(tmp_path / "x", ("plain", "breaking"), gates)
    here("run", config, "--out", "runs")
    folder = desk.run_folder(Path("runs"))
    before = asked(folder)
    for name in ("looks.jsonl", "summary.json"):
        (folder / name).unlink()
    ended = here("run", config, "--resume", "--out", "runs")
    assert "'breaking' stops after" in ended.err
    assert asked(folder) == before
    assert summary(folder)["run"]["complete"] is True


def test_a_good_certificate_is_won_at_the_end(here: Command, tmp_path: Path, desk: ModuleType) -> None:
    """By the plain 95 % bound of a count that was looked at once: no look may give it, and none makes it harder."""
    gates = [{"metric": "schema_failure_rate", "certify_below": 0.02}]
    config = experiment(tmp_path / "x", ("plain", "same"), gates)
    ended = here("run", config, "--out", "runs")
    assert ended.code == 0, ended.err
    found = summary(desk.run_folder(Path("runs")))
    assert [(one["verdict"], one["level"], one["n"]) for one in found["gates"]] == [("pass", 0.95, EXAMPLES)]
    assert {one["why"] for one in found["looks"]} == {"it ran to the end"}


def test_repeats_of_an_example_break_a_schema_once(here: Command, tmp_path: Path, desk: ModuleType) -> None:
    """3 % of 200 examples allows one to fail: two repeats of one example are not two of them."""
    gates = [{"metric": "schema_failure_rate", "certify_below": 0.03}]
    config = experiment(tmp_path / "x", ("plain", "breaking"), gates, repeats=2)
    here("run", config, "--out", "runs")
    records = [one for one in Ledger(desk.run_folder(Path("runs"))).records() if one.variant == "breaking"]
    assert len({one.example_id for one in records if one.outcome.text == "oh"}) >= 2


@pytest.mark.parametrize("words", [(), ("--no-gate",)], ids=["without gates", "--no-gate"])
def test_without_a_gate_nothing_stops(
    here: Command, tmp_path: Path, desk: ModuleType, words: tuple[str, ...]
) -> None:
    """There is nothing that could be decided: all is asked, and no look taken."""
    config = experiment(tmp_path / "x", ("plain", "bad"), [GATE] if words else [])
    ended = here("run", config, "--out", "runs", *words)
    assert ended.code == 0, ended.err
    folder = desk.run_folder(Path("runs"))
    assert asked(folder) == {"plain": EXAMPLES, "bad": EXAMPLES}
    assert not (folder / "looks.jsonl").exists()
    assert summary(folder)["looks"] == []


def test_a_run_that_does_not_stop_early_knows_nothing_of_it(
    here: Command, tmp_path: Path, desk: ModuleType
) -> None:
    """The same experiment without the key: every trial, 95 % bounds, and no word of looks."""
    config = experiment(tmp_path / "x", ("plain", "same", "bad"), [GATE], stop_early=False)
    here("run", config, "--out", "runs")
    folder = desk.run_folder(Path("runs"))
    assert asked(folder) == {"plain": EXAMPLES, "same": EXAMPLES, "bad": EXAMPLES}
    assert not (folder / "looks.jsonl").exists()
    assert {one["level"] for one in summary(folder)["gates"]} == {0.95}
    assert "Stopping early" not in (folder / "report.md").read_text()
