"""A run's verdicts as the Markdown of one pull-request comment, which a bot finds again by its first line."""

from collections.abc import Iterator, Sequence

from harness.text.differences import some
from harness.text.figures import count
from harness.text.inert import inert
from harness.text.markdown import markdown
from harness.text.verdicts import detectable, gravest_first, measured, reason
from harness.types.experiment import EDGE_REGRESSION
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary, Verdict

MOST_CHARACTERS = 65_536
"""What GitHub takes as one comment."""

_MOST_LOST = 10
_TONES = {"fail": "bad", "undecided": "bad", "warn": "warning", "pass": "good"}
_MARKS = {"fail": "✗", "undecided": "✗", "warn": "⚠", "pass": "✓"}
_COUNTED = {
    "fail": "failed",
    "undecided": "could not be decided",
    "warn": "only warned",
    "pass": "passed",
}


def gate_comment(summary: Summary, overview: Sequence[Block], undecided: str | None = None) -> str:
    """Write the comment: what came of the gates, the edge trap, verdicts, flipped examples, then the overview's blocks.

    Its first line is `marker(summary)`. At most MOST_CHARACTERS long: where there is no room for all verdicts the
    gravest stay, and a line says how many are left out and where they are. Names are data: they neither format
    anything nor notify anybody. `undecided` says why the run as a whole cannot be decided on.
    """
    verdicts = gravest_first(summary.gates)
    most = len(verdicts)
    while len(text := _comment(summary, overview, undecided, verdicts[:most])) > MOST_CHARACTERS and most:
        most //= 2
    return text if len(text) <= MOST_CHARACTERS else _cut(text, summary)


def marker(summary: Summary) -> str:
    """The comment's first line: the same for every run of an experiment, and invisible."""
    name = inert(summary.run.experiment, 100)
    for mark in ("--", "<", ">"):
        name = name.replace(mark, "~")
    return f"<!-- variant-harness gate: {name} -->"


def _comment(
    summary: Summary, overview: Sequence[Block], undecided: str | None, shown: Sequence[Verdict]
) -> str:
    told = markdown((*_head(summary, undecided), *_verdicts(summary, shown), *overview))
    return f"{marker(summary)}\n{_unmentioning(told)}"


def _head(summary: Summary, undecided: str | None) -> Iterator[Block]:
    yield Heading(text=summary.run.experiment)
    if undecided is not None:
        yield Text(text=f"The run cannot be decided on: {undecided}.", tone="bad")
    numbers = {counts: sum(one.counts == counts for one in summary.gates) for counts in _COUNTED}
    said = [f"{count(number)} {_COUNTED[counts]}" for counts, number in numbers.items() if number]
    gravest = next((counts for counts, number in numbers.items() if number), "pass")
    yield Text(text=f"Gates: {', '.join(said)}.", tone=_TONES[gravest])
    for notice in summary.warnings:
        if notice.code == EDGE_REGRESSION:
            yield Text(text=f"{notice.variant}: {notice.message}", tone="bad")


def _verdicts(summary: Summary, shown: Sequence[Verdict]) -> Iterator[Block]:
    yield _table(shown)
    left = len(summary.gates) - len(shown)
    if left:
        text = f"There is no room for {count(left)} more verdicts: junit.xml of run {summary.run.id} has them all."
        yield Text(text=text, tone="warning")
    for one in shown:
        if one.lost and one.verdict != "pass":
            yield Text(text=f"{one.variant}: {one.gate}: worse on {some(one.lost, _MOST_LOST)}.")


def _table(verdicts: Sequence[Verdict]) -> Table:
    return Table(
        columns=("Verdict", "Variant", "Gate", "Measured [bounds]", "n", "Detectable", "Why"),
        rows=tuple(
            (
                f"{_MARKS[one.counts]} {one.verdict}",
                one.variant,
                one.gate,
                measured(one),
                count(one.n),
                detectable(one),
                reason(one),
            )
            for one in verdicts
        ),
        numeric=(4,),
    )


def _unmentioning(text: str) -> str:
    """Put a word joiner behind each @: nobody is notified by a name in an evalset."""
    return text.replace("@", "@\u2060")


def _cut(text: str, summary: Summary) -> str:
    note = f"\n\nCut, since a comment holds no more: report.md of run {inert(summary.run.id)} has the rest.\n"
    whole = text[: MOST_CHARACTERS - len(note)]
    return whole[: whole.rindex("\n")] + note
