"""Verdicts as GitHub's workflow commands: one line each, shown beside the change that is judged."""

from collections.abc import Iterator, Mapping

from harness.text.inert import inert
from harness.text.verdicts import gravest_first, measured, reason
from harness.types.experiment import EDGE_REGRESSION
from harness.types.summary import Summary, Verdict

MOST = 10
"""Annotations of one level that GitHub shows of a step."""

_MOST_TEXT = 1000
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def annotations(summary: Summary, undecided: str | None = None) -> tuple[str, ...]:
    """Write an error for each gate that failed or left the run undecided, a warning for each that only warns.

    Passed gates have none; inconclusive ones that count as passed have a notice. Where there are more of one level than
    are shown, the last one counts the rest.
    """
    told: dict[str, list[tuple[str, str]]] = {"error": [], "warning": [], "notice": []}
    if undecided is not None:
        told["error"].append((f"{summary.run.experiment}: undecided", undecided))
    for level, title, message in _annotated(summary):
        told[level].append((title, message))
    return tuple(
        f"::{level} title={_escaped(title, _PROPERTY)}::{_escaped(message, _DATA)}"
        for level, lines in told.items()
        for title, message in _shown(lines)
    )


def _annotated(summary: Summary) -> Iterator[tuple[str, str, str]]:
    for notice in summary.warnings:
        if notice.code == EDGE_REGRESSION:
            yield "warning", f"{notice.variant or summary.run.experiment}: {notice.code}", notice.message
    for one in gravest_first(summary.gates):
        level = _level(one)
        if level is not None:
            value = "" if one.value is None else f"{measured(one)}: "
            yield level, f"gate {one.verdict}: {one.variant}", f"{one.gate}: {value}{reason(one)}"


def _level(one: Verdict) -> str | None:
    match one.counts:
        case "fail" | "undecided":
            return "error"
        case "warn":
            return "warning"
    return None if one.verdict == "pass" else "notice"


def _shown(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(lines) <= MOST:
        return lines
    rest = len(lines) - MOST + 1
    return [*lines[: MOST - 1], (f"{rest} more", "gate.md and junit.xml in the run folder hold them all")]


def _escaped(text: str, marks: Mapping[int, str]) -> str:
    """Line breaks become blanks before that: an annotation is one line."""
    return inert(text, _MOST_TEXT).translate(marks)
