"""GitHub's workflow commands: one line a verdict that somebody must see."""

from hypothesis import given
from hypothesis import strategies as st

from harness.text.annotations import MOST, annotations
from harness.types.summary import Notice
from tests.text.made_verdicts import ADVISORY, FAILED, INCONCLUSIVE, UNDECIDED, compared, summary, verdict


def test_each_verdict_has_its_level():
    """Failed and undecided gates are errors, warnings warn, an inconclusive pass is noticed, a pass says nothing."""
    made = summary(
        verdict(variant="a"), verdict(variant="b", verdict="inconclusive"), verdict(variant="c", **INCONCLUSIVE),
        verdict(variant="d", **ADVISORY), verdict(variant="e", **UNDECIDED), compared(variant="f"),
    )  # fmt: skip
    lines = annotations(made)
    assert [line.split("::")[1] for line in lines] == [
        "error title=gate fail%3A f", "error title=gate inconclusive%3A e", "warning title=gate inconclusive%3A c",
        "warning title=gate fail%3A d", "notice title=gate inconclusive%3A b",
    ]  # fmt: skip
    assert lines[0].split("::")[2] == (
        "answer on edge no worse than plain by 0.05: -15.0 [-23.0, -7.1] points: it is shown to be worse"
    )


def test_what_would_end_the_line_or_the_property_is_escaped():
    """Per cent signs everywhere; colons and commas in the title; a line break is a blank before it comes to that."""
    (line,) = annotations(summary(verdict(variant="a,b:c%", value=None, why="100 %\r\nof it: no", **FAILED)))
    assert line == (
        "::error title=gate fail%3A a%2Cb%3Ac%25::answer on golden at least 0.8: 100 %25 of it: no"
    )


@given(st.text(st.characters(), max_size=40))
def test_any_text_stays_one_command(text):
    """No text ends its line, and so none begins a command of its own."""
    (line,) = annotations(summary(verdict(gate=text, variant=text, why=f"\n::error::{text}", **FAILED)))
    assert len(line.splitlines()) == 1
    assert line.startswith("::error title=gate fail%3A")


def test_the_edge_trap_and_an_undecided_run_are_said_beside_the_gates():
    """Both are shown though every gate passed; other warnings of a run are not."""
    trapped = Notice(code="edge_regression", message="better on golden, worse on edge", variant="rag")
    other = Notice(code="few_examples", message="few")
    made = summary(verdict(), warnings=(other, trapped))
    assert annotations(made, "planned trials were never tried") == (
        "::error title=support-triage%3A undecided::planned trials were never tried",
        "::warning title=rag%3A edge_regression::better on golden, worse on edge",
    )


def test_more_than_github_shows_are_counted():
    """Of one level ten are shown: the tenth says how many more there are."""
    failed = [verdict(variant=str(number), **FAILED) for number in range(15)]
    warned = [verdict(**INCONCLUSIVE) for _ in range(MOST)]
    lines = annotations(summary(*failed, *warned))
    assert [line.split(" ")[0] for line in lines] == ["::error"] * MOST + ["::warning"] * MOST
    assert lines[MOST - 1] == "::error title=6 more::gate.md and junit.xml in the run folder hold them all"
