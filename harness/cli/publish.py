"""What a CI server reads of a run with gates: junit.xml, gate.md, and on GitHub annotations and the step's summary."""

import os
from dataclasses import replace
from pathlib import Path

from harness import registry
from harness.cli.voice import say
from harness.files.ledger import Ledger
from harness.files.step_summary import add_to_step_summary
from harness.flow.report import report
from harness.text.annotations import annotations
from harness.text.gate_comment import gate_comment
from harness.text.junit import junit
from harness.types.experiment import EDGE_REGRESSION
from harness.types.report import Block, Heading
from harness.types.summary import Summary

JUNIT, COMMENT = "junit.xml", "gate.md"


def publish(ledger: Ledger, summary: Summary, undecided: str | None) -> None:
    """Write both files, and tell GitHub where it listens; a run without verdicts keeps neither file.

    `undecided` says why the run as a whole cannot be decided on. GitHub reads workflow commands from both streams: they
    go to stderr, beside the result.
    """
    if not summary.gates:
        for name in (JUNIT, COMMENT):
            (ledger.folder / name).unlink(missing_ok=True)  # of gates that the run has no longer
        return
    comment = gate_comment(summary, _overview(summary), undecided)
    ledger.write(JUNIT, junit(summary, undecided).encode())
    ledger.write(COMMENT, comment.encode())
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(summary, undecided):
            say(line)
        _add_to_step(comment)


def _overview(summary: Summary) -> tuple[Block, ...]:
    """The report's overview, without its titles and without the trap that the comment opens with."""
    others = tuple(notice for notice in summary.warnings if notice.code != EDGE_REGRESSION)
    blocks = report(replace(summary, warnings=others), {"overview": registry.SECTIONS["overview"]})
    return tuple(block for block in blocks if not isinstance(block, Heading))


def _add_to_step(comment: str) -> None:
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    try:
        add_to_step_summary(Path(page), comment)
    except OSError as error:  # a page that is not there changes no verdict
        say(f"the step's summary cannot be written ({error.strerror})")
