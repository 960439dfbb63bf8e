"""The gates' part of a report: one line each, the gravest first, then their figures."""

import io
from dataclasses import replace

from harness.cli.terminal import print_blocks
from harness.sections.gates import gates
from harness.types.experiment import EDGE_REGRESSION, Gate
from harness.types.report import Table, Text
from tests.flow.gate.bench import judged, marks, side, summary

SIDES = (
    side(answer=marks(84, 100)),
    side("plain", answer=marks(95, 100)),
    side(partition="edge", answer=marks(40, 45)),
    side("plain", "edge", answer=marks(40, 45)),
)
GATES = (
    Gate(metric="answer", at_least=0.6),
    Gate(metric="answer", at_least=0.85, inconclusive="fail"),
    Gate(metric="answer", versus="control", margin=0.05),
    Gate(metric=EDGE_REGRESSION, partition="edge", versus="control", margin=0.1),
    Gate(metric="tokens", at_most=10, advisory=True),
)


def shown():
    """The blocks of a run that was judged."""
    return gates(replace(summary(*SIDES), gates=judged(GATES, *SIDES)))


def test_one_line_a_gate_says_all_the_gravest_first():
    """What fails the run, what leaves it undecided, what warns, what passes; each with its tone."""
    lines = [block for block in shown() if isinstance(block, Text) and block.brief]
    assert [(line.text.split(": ")[0], line.tone) for line in lines] == [
        ("gate fail", "bad"),
        ("gate undecided", "warning"),
        ("gate inconclusive", "warning"),
        ("gate pass", "good"),
        ("gate pass", "good"),
    ]
    assert lines[0].text == (
        "gate fail: rag: answer on golden no worse than control by 0.05: "
        "0 won and 11 lost of 100: 11.0 points worse than plain, which is shown (p <0.001, <0.001 over 2 such verdicts)."
    )
    assert lines[3].text == (
        "gate pass: rag: answer on golden at least 0.6: 84.0 %, shown to be at least 76.7 %, on 100 examples."
    )


def test_the_lines_fit_a_narrow_terminal():
    """80 columns, the further lines of one set in under its first; the table stays in the written report."""
    out = io.StringIO()
    print_blocks(shown(), width=80, colour=False, file=out)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "Detectable" not in out.getvalue()
    assert all(line[:2] in ("✗ ", "! ", "✓ ", "  ", "") for line in lines)


def test_the_table_has_every_figure_with_its_bound():
    """Differences in points with their sign, shares in per cent."""
    (table,) = (block for block in shown() if isinstance(block, Table))
    rows = {(row[0], row[2]): row for row in table.rows}
    assert len(rows) == 5
    worse = rows["answer on golden no worse than control by 0.05", "fail"]
    assert worse[3].startswith("-11.0 [-17.")
    assert worse[4:] == ("-5.0 points", "100", "<0.001", worse[7])
    assert worse[7].endswith(" points")
    assert rows["answer on golden at least 0.85", "undecided"][4] == "85.0 %"
    assert rows["tokens on golden at most 10 (advisory)", "inconclusive"][3] == "–"


def test_how_often_a_gate_is_wrong_is_said_once():
    """Family-wise for comparative gates, each for itself for the others."""
    said = [block.text for block in shown() if isinstance(block, Text) and "by chance" in block.text]
    assert len(said) == 1
    assert "over all comparative gates together" in said[0]
    assert gates(summary()) == ()
