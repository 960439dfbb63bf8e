"""The comment of a pull request."""

from harness.text.gate_comment import MOST_CHARACTERS, gate_comment, marker
from harness.types.report import Table, Text
from harness.types.summary import Notice
from tests.text.made_verdicts import INCONCLUSIVE, compared, summary, verdict

OVERVIEW = (
    Table(columns=("Variant", "answer %"), rows=(("plain", "80.0 [72, 86]"),), title="golden · 120 examples"),
    Text(text="edge has 60 examples.", brief=True),
)


def rows(text: str) -> list[list[str]]:
    """The cells of every table's row, titles and rules among them."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_first_line_is_the_same_for_every_run_of_an_experiment():
    """A bot finds its comment by it; it is a comment of Markdown, whatever the name holds."""
    text = gate_comment(summary(verdict()), OVERVIEW)
    assert text.splitlines()[0] == "<!-- variant-harness gate: support-triage -->"
    assert (
        marker(summary(verdict(), experiment="a --> <b>\nc")) == "<!-- variant-harness gate: a ~~ ~b~ c -->"
    )


def test_a_comment_says_all_that_a_reviewer_needs():
    """The count, every verdict with figures and the gravest first, the examples that were lost, and the overview."""
    trap = Notice(code="edge_regression", message="better on golden and worse on edge: e-1", variant="rag")
    made = summary(verdict(), verdict(**INCONCLUSIVE), compared(), warnings=(trap,))
    text = gate_comment(made, OVERVIEW)
    said = text.split("\n\n")
    assert said[:3] == [
        "<!-- variant-harness gate: support-triage -->\n## support-triage",
        "✗ Gates: 1 failed, 1 only warned, 1 passed.",
        "✗ rag: better on golden and worse on edge: e-1",
    ]
    table = rows(text)
    assert table[0] == ["Verdict", "Variant", "Gate", "Measured [bounds]", "n", "Detectable", "Why"]
    assert [row[0] for row in table[2:5]] == ["✗ fail", "⚠ inconclusive", "✓ pass"]
    assert table[2] == [
        "✗ fail", "rag", "answer on edge no worse than plain by 0.05", "-15.0 [-23.0, -7.1] points", "60",
        "10.1 points", "it is shown to be worse",
    ]  # fmt: skip
    assert "worse on e-00, e-01, e-02, e-03, e-04, e-05, e-06, e-07, e-08, e-09 and 1 more." in text
    assert ["plain", "80.0 [72, 86]"] in table
    assert "edge has 60 examples." in said[-1]


def test_a_run_that_cannot_be_decided_on_says_so_first():
    """Passed gates of a half of a run are no pass."""
    text = gate_comment(summary(verdict()), (), "planned trials were never tried")
    assert "\n✗ The run cannot be decided on: planned trials were never tried.\n\n✓ Gates: 1 passed." in text


def test_names_neither_format_nor_notify():
    """No mark-up, no link, no HTML and no mention comes out of a name."""
    evil = "@octocat | <img src=x> [x](http://x) **b**"
    text = gate_comment(summary(compared(variant=evil, lost=("@team/all",))), ())
    assert "@octocat" not in text
    assert "@team" not in text
    assert "<img" not in text
    assert "[x](" not in text
    assert "**" not in text.replace("\\*\\*", "")
    assert len(rows(text)[2]) == 7


def test_three_thousand_verdicts_fit():
    """What fails stays, what is left out is counted, and the run that has the rest is named."""
    passed = [verdict(variant=f"variant-{number}") for number in range(2990)]
    text = gate_comment(
        summary(*passed, *(compared(variant=f"bad-{number}") for number in range(10))), OVERVIEW
    )
    assert len(text) <= MOST_CHARACTERS
    assert sum(row[0] == "✗ fail" for row in rows(text)) == 10
    shown = sum(row[0] in ("✗ fail", "✓ pass") for row in rows(text))
    assert f"There is no room for {3000 - shown:,} more verdicts: junit.xml of run 20260102T030405Z" in text
    assert ["plain", "80.0 [72, 86]"] in rows(text)


def test_an_overview_without_end_is_cut_at_a_line():
    """Whatever is too long, the comment can be posted, and says that it was cut."""
    endless = [Text(text=f"Line {number}: {'x' * 100}") for number in range(2000)]
    text = gate_comment(summary(verdict()), endless)
    assert MOST_CHARACTERS - 200 < len(text) <= MOST_CHARACTERS
    assert text.endswith("report.md of run 20260102T030405Z-support-triage-1a2b3c4d has the rest.\n")
    assert text.split("\n\n")[-2].endswith("x")
