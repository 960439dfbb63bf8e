"""Scorers of the user's own."""

import sys

import pytest

from harness.errors import UsageError
from harness.scorers.python import PythonScorer
from harness.types.score import Scored, Unscored

CODE = """
from harness.types.score import Scored, Unscored

def share(output, example): return 0.25 if output == example.expected else 0
def truth(output, example): return output == example.expected
def whole(record, example): return Scored(value=1.0, label=record.variant)
def mapped(output, example): return {"score": 1, "reason": "so it is", "parts": {"a": 1}, "label": "x"}
def none(output, example): return Unscored(reason="not mine to say")
def options(output, example, *, worth): return worth
def nothing(output, example): pass
def text(output, example): return "0.5"
def boom(output, example): raise KeyError("oh")
def leaves(output, example): raise SystemExit(3)
def odd(output, example): return {"value": 1, "parts": {"a": "b"}}
number = 7
"""


@pytest.fixture(autouse=True)
def own_module(tmp_path, monkeypatch):
    """A module of the user's, importable."""
    (tmp_path / "own_scoring.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_scoring", None)


def ask(judge, name, **options):
    """Judge "x" where "x" is expected, by one of the functions above."""
    return judge(PythonScorer(function=f"own_scoring:{name}", options=options), "x", "x")


def test_what_a_function_may_return(judge):
    """A number, a truth, a Scored or Unscored, a mapping; it gets the text, or the record by that name."""
    assert ask(judge, "share") == Scored(value=0.25)
    assert ask(judge, "truth") == Scored(value=1.0)
    assert ask(judge, "whole") == Scored(value=1.0, label="v")
    assert ask(judge, "mapped") == Scored(value=1.0, why="so it is", parts={"a": 1.0}, label="x")
    assert ask(judge, "none") == Unscored(reason="not mine to say")
    assert ask(judge, "options", worth=0.5) == Scored(value=0.5)


@pytest.mark.parametrize("name", ["nothing", "text", "boom", "leaves", "odd", "options"])
def test_a_fault_is_never_a_zero(judge, name):
    """A function that raises, or returns no number, leaves the answer unscored."""
    result = ask(judge, name)
    assert isinstance(result, Unscored)
    assert result.reason.startswith("scorer error: ")


def test_what_cannot_be_loaded_is_the_users_mistake():
    """A missing module, a missing name, and what cannot be called, are named when the scorer is built."""
    for function in ("no_such_module:f", "own_scoring:missing"):
        with pytest.raises(UsageError, match="cannot be loaded"):
            PythonScorer(function=function)
    with pytest.raises(ValueError, match="cannot be called"):
        PythonScorer(function="own_scoring:number")
