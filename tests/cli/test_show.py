"""`harness show`, `score` and `report`: what was sent, what came, and judging it again without a call."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Command = Callable[..., Any]
HOSTILE = "say \u001b[31mred\u001b[0m \u202egnihton \u001b]0;owned\u0007"


def test_an_example_is_shown_as_it_would_be_sent(here: Command, config: Path) -> None:
    """`show CONFIG` prints the messages, or the same as JSON, and sends nothing."""
    shown = here("show", config, "--variant", "terse", "--example", "e-04")
    assert shown.code == 0
    assert shown.out.splitlines() == ["── system", "  Terse.", "── user", "  e-04: say blue"]
    found = json.loads(here("show", config, "--variant", "terse", "--example", "e-04", "--json").out)
    assert [message["role"] for message in found["messages"]] == ["system", "user"]


def test_what_an_application_is_asked_is_shown(here: Command, config: Path) -> None:
    """A service's request as it would be sent, and a function's inputs; nothing is called."""
    text = config.read_text(encoding="utf-8")
    own = (
        '  app: {http: {url: "http://127.0.0.1:9/ask", request: {q: "Say: {{ question }}", n: 1}}}\n'
        '  code: {python: "json:dumps"}\n'
    )
    config.write_text(text.replace("metrics:", f"{own}metrics:"), encoding="utf-8")
    shown = here("show", config, "--variant", "app", "--example", "e-04")
    assert shown.out.splitlines() == [
        "── POST http://127.0.0.1:9/ask",
        '  {"q":"Say: e-04: say blue","n":1}',
    ]
    found = json.loads(here("show", config, "--variant", "code", "--example", "e-04", "--json").out)
    assert found["request"] == {"to": "json:dumps", "sent": {"question": "e-04: say blue"}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--variant", "ters", "--example", "g-00"),
            "--variant: unknown variant 'ters'; did you mean 'terse'?",
        ),
        (("--variant", "terse", "--example", "g-0O"), "--example: unknown example 'g-0O'; did you mean 'g-"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(
    here: Command, config: Path, finished: Path, words: tuple[str, ...], told: str
) -> None:
    """Both of a config and of a run."""
    for target in (config, finished):
        ended = here("show", target, *words)
        assert ended.code == 2
        assert told in ended.err


def test_a_trial_is_shown_whole(here: Command, finished: Path) -> None:
    """`show RUN` prints messages, answer, what was expected, each score, the times and the cost."""
    shown = here("show", finished, "--variant", "plain", "--example", "g-03")
    assert shown.code == 0
    for part in ("Plain.", "g-03: say white", "── answered", "  white", "── expected", "  violet"):
        assert part in shown.out
    assert "right: 0" in shown.out
    assert "latency" in shown.out
    assert "cost $0.0014" in shown.out
    (trial,) = json.loads(here("show", finished, "--variant", "plain", "--example", "g-03", "--json").out)
    assert trial["record"]["outcome"]["text"] == "white"
    assert [score["value"] for score in trial["scores"] if score["metric"] == "right"] == [0.0]


def test_an_applications_stages_and_its_error_are_shown(here: Command, config: Path) -> None:
    """What it says of its own stages stands under its call, and an error is a sentence."""
    code = (
        "def well(inputs, trial):\n    with trial.stage('look'):\n        return 'red'\n"
        "def ill(inputs):\n    raise ValueError('away')\n"
    )
    (config.parent / "shown_app.py").write_text(code, encoding="utf-8")
    own = '  well: {python: "shown_app:well"}\n  ill: {python: "shown_app:ill"}\n'
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("metrics:", f"{own}metrics:"), encoding="utf-8")
    assert here("run", config, "--variants", "well,ill", "--limit", "1").code == 3
    well = here("show", "latest", "--variant", "well", "--example", "g-00").out.splitlines()
    (whole,) = (line for line in well if line.startswith("  generate: "))
    assert well[well.index(whole) + 1].startswith("    look: ")
    ill = here("show", "latest", "--variant", "ill", "--example", "g-00").out.splitlines()
    assert ill[ill.index("── failed") + 1] == "  application: ValueError: away (shown_app.py:5)"


def test_passages_are_shown_with_their_rank_and_score(here: Command) -> None:
    """A retrieval variant's trial names each passage, its score, and whether it was used."""
    here("init", "desk")
    quick = (
        "--set",
        "models.base.extra.reference.time_scale=0",
        "--limit",
        "1",
        "--quiet",
        "--variants",
        "rag",
    )
    assert here("run", "desk/experiment.yaml", *quick).code == 0
    shown = here("show", "latest", "--variant", "rag", "--example", "g-01")
    assert "── passage 1: " in shown.out
    assert ", used" in shown.out
    assert "  retrieve: " in shown.out
    as_json = json.loads(here("show", "latest", "--variant", "rag", "--example", "g-01", "--json").out)
    assert as_json[0]["passages"][0]["text"]


def test_hostile_text_is_shown_and_not_obeyed(here: Command, desk: ModuleType, config: Path) -> None:
    """Escape sequences and hidden reordering, asked and answered, never reach the terminal."""
    hostile = {"id": "g-00", "inputs": {"question": HOSTILE}, "expected": HOSTILE}
    desk.write_rows(config.parent / "rows" / "golden.jsonl", [hostile])
    outputs = [
        here("check", config),
        here("run", config, "--quiet"),
        here("show", config, "--variant", "plain", "--example", "g-00"),
        here("show", "latest", "--variant", "plain", "--example", "g-00"),
    ]
    for ended in outputs:
        assert ended.code == 0
        assert not {"\x1b", "\u202e", "\x07"} & set(ended.out + ended.err)
    report = (
        Path("results") / Path("results/latest").read_text(encoding="utf-8").strip() / "report.md"
    ).read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e", "\x07"} & set(report)


def test_stored_records_are_judged_again_by_changed_metrics(
    here: Command, config: Path, finished: Path, echo: Any
) -> None:
    """`score --config` with another metric gives other figures, with no call, and leaves the records alone."""
    before = echo.asked()
    records = (finished / "records.jsonl").read_bytes()
    other = config.with_name("other.yaml")
    text = config.read_text(encoding="utf-8")
    other.write_text(text.replace("scorer: exact", 'scorer: regex, pattern: "^w"'), encoding="utf-8")
    ended = here("score", finished, "--config", other)
    assert ended.code == 0, ended.err
    golden = json.loads((finished / "summary.json").read_text(encoding="utf-8"))["variants"]["plain"][
        "partitions"
    ]["golden"]
    assert golden["quality"]["value"] == pytest.approx(3 / 12)
    assert "25.0" in ended.out
    assert (finished / "records.jsonl").read_bytes() == records
    assert echo.asked() == before


def test_a_changed_price_prices_the_stored_tokens_again(here: Command, config: Path, finished: Path) -> None:
    """Twice the price is twice the cost; no price is no cost, and is not zero."""
    text = config.read_text(encoding="utf-8")

    def cost_by(prices: str) -> Any:
        other = config.with_name("priced.yaml")
        other.write_text(
            text.replace(", price: {input_usd_per_mtok: 100, output_usd_per_mtok: 200}", prices),
            encoding="utf-8",
        )
        summary = json.loads(here("score", finished, "--config", other, "--json").out)
        return summary["variants"]["terse"]["partitions"]["golden"]["cost"]

    assert cost_by(", price: {input_usd_per_mtok: 200, output_usd_per_mtok: 400}")[
        "usd_per_1k"
    ] == pytest.approx(2.8)
    unpriced = cost_by("")
    assert unpriced["usd_per_1k"] is None
    assert unpriced["unpriced"] == 12


def test_a_run_is_scored_by_the_config_it_began_with(here: Command, config: Path, finished: Path) -> None:
    """Without --config the run's own is read; where that has gone, the line says what to name."""
    assert here("score", finished).code == 0
    config.rename(config.with_name("moved.yaml"))
    ended = here("score", finished)
    assert ended.code == 2
    assert "--config FILE" in ended.err


def test_the_report_is_written_again(here: Command, finished: Path) -> None:
    """`report` makes report.md anew from summary.json, and names the files it was asked for."""
    (finished / "report.md").unlink()
    ended = here("report", finished, "--format", "md,json")
    assert ended.code == 0
    assert [Path(line).name for line in ended.out.splitlines()] == ["report.md", "summary.json"]
    assert "# " in (finished / "report.md").read_text(encoding="utf-8")
    (finished / "summary.json").unlink()
    assert "harness score" in here("report", finished).err


def test_scoring_again_changes_no_cost(here: Command, tmp_path: Path, echo: Any, desk: ModuleType) -> None:
    """Two variants at two prices for one model, and a price set on the command line, cost what they did."""
    config = desk.experiment(tmp_path / "priced", echo.url)
    text = config.read_text(encoding="utf-8")
    model = '{provider: openai, model: echo-1, base_url: "%s", price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}}'
    config.write_text(
        text.replace(
            "  terse:\n    extends: plain\n", f"  terse:\n    extends: plain\n    model: {model % echo.url}\n"
        ),
        encoding="utf-8",
    )
    dear = "models.base.price.input_usd_per_mtok=5000"
    assert here("run", config, "--quiet", "--set", dear, "--out", "runs").code == 0
    before = desk.summary_in(Path("runs"))
    assert here("score", desk.run_folder(Path("runs"))).code == 0
    after = desk.summary_in(Path("runs"))
    costs = [
        [part["cost"] for variant in found["variants"].values() for part in variant["partitions"].values()]
        for found in (before, after)
    ]
    assert costs[0] == costs[1]
    assert len({cost["usd_per_1k"] for cost in costs[0]}) > 1
    assert before["run"]["finished_at"] == after["run"]["finished_at"]


def test_scoring_by_a_config_that_cannot_judge_the_run_is_refused(
    here: Command, config: Path, finished: Path
) -> None:
    """A variant that the config no longer has is named; a config that has changed is said to have."""
    text = config.read_text(encoding="utf-8")
    other = config.with_name("other.yaml")
    other.write_text(text.replace("terse:", "tersely:"), encoding="utf-8")
    ended = here("score", finished, "--config", other)
    assert ended.code == 2
    assert "variant 'terse' is not in the config; did you rename it to 'tersely'?" in ended.err
    other.write_text(text.replace("scorer: exact", "scorer: contains"), encoding="utf-8")
    ended = here("score", finished, "--config", other)
    assert ended.code == 0
    assert "is not the config that the run began with" in ended.err
