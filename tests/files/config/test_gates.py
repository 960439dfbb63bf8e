"""Gates as the file has them: what is left out, and what can be judged."""

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.files.config.read import read_config
from harness.types.experiment import EDGE_REGRESSION

CONFIG = """name: x
evalset: ev
variants:
  plain: {prompt: "say {{ q }}", model: reference/reference-base}
  other: {prompt: "tell {{ q }}", model: reference/reference-base}
metrics:
  - {name: answer, scorer: exact, primary: true}
  - {name: mine, scorer: "tests.files.config.test_gates:Quantity"}
  - {name: tokens, scorer: tokens}
gates:
"""


class Quantity:
    """A scorer of which nobody has said which way is better."""

    judges = "facts"


def gates_of(tmp_path: Path, *rows: str):
    """The gates of a config with these rows."""
    (tmp_path / "ev").mkdir(exist_ok=True)
    file = tmp_path / "c.yaml"
    file.write_text(CONFIG + "".join(f"  - {{{row}}}\n" for row in rows), encoding="utf-8")
    return read_config(file, environ={}).gates


def test_an_edge_gate_needs_no_more_than_its_name(tmp_path: Path) -> None:
    """On edge, versus the control, five points; each can be said."""
    short, whole = gates_of(
        tmp_path, "metric: edge_regression", "metric: edge_regression, versus: baseline, margin: 0.1"
    )
    assert (short.metric, short.partition, short.versus, short.margin, short.kind) == (
        EDGE_REGRESSION, "edge", "control", 0.05, "edge",
    )  # fmt: skip
    assert str(short) == "no edge regression versus control, margin 0.05"
    assert (whole.versus, whole.margin) == ("baseline", 0.1)


def test_every_kind_of_gate_is_told_by_its_criterion(tmp_path: Path) -> None:
    """One criterion each."""
    found = gates_of(
        tmp_path,
        "metric: answer, at_least: 0.8",
        "metric: answer, versus: control, margin: 0.05",
        "metric: tokens, versus: plain",
        "metric: latency_p95_ms, versus: control, margin: 100, stage: generate",
        "metric: schema_failure_rate, certify_below: 0.01",
    )
    assert [one.kind for one in found] == [
        "absolute",
        "comparative",
        "comparative",
        "comparative",
        "certificate",
    ]


def test_a_quantity_without_a_direction_is_compared_with_nothing(tmp_path: Path) -> None:
    """Nobody knows whether more of it is better; against a value it is judged all the same."""
    assert gates_of(tmp_path, "metric: mine, at_most: 3")
    with pytest.raises(ConfigError) as error:
        gates_of(tmp_path, "metric: mine, versus: control")
    assert "c.yaml:11: gates[0].metric: nobody has said which way of 'mine' is better" in str(error.value)
