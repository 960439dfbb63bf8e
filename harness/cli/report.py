"""`harness report RUN`: write the report again."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.conclude import REPORT, write_report
from harness.cli.flags import listed
from harness.cli.voice import tell
from harness.errors import Fault, NotAvailable, UsageError
from harness.files.ledger import SUMMARY, find_run
from harness.files.summary_lines import summary_of

BUILT = ("md", "json")
LATER = ("html", "csv")


def report(
    *runs: str,
    format: str = "md",  # noqa: A002 -- the flag's name is the contract's
    out: Path = Path("results"),
    open: Annotated[bool, Parameter(negative="")] = False,  # noqa: A002
) -> int:
    """Write a run's report again from its summary.

    Args:
        runs: A run folder, a run id, or latest.
        format: md or json, or both, comma-separated; html and csv are not available yet.
        out: The folder that holds the runs.
        open: Open the report with the system's viewer.
    """
    if len(runs) != 1:
        what = "name one run" if not runs else "reports over several runs are not available yet"
        raise UsageError(Fault(where="harness report", what=what, next="harness report latest"))
    formats = _formats(format)
    ledger = find_run(runs[0], out)
    found = ledger.summary()
    if found is None:
        what, hint = "has no summary.json", f"harness score {runs[0]}"
        raise UsageError(Fault(where=str(ledger.folder), what=what, next=hint))
    if "md" in formats:
        tell(str(write_report(ledger, summary_of(found))))
    if "json" in formats:
        tell(str(ledger.folder / SUMMARY))
    if open:
        import webbrowser

        webbrowser.open((ledger.folder / REPORT).resolve().as_uri())
    return 0


def _formats(text: str) -> tuple[str, ...]:
    for name in listed(text):
        if name in LATER:
            raise NotAvailable(Fault(where=f"--format {name}", what="not available yet", next="use md"))
        if name not in BUILT:
            hint = f"known: {', '.join(BUILT)}"
            raise UsageError(Fault(where="--format", what=f"unknown format '{name}'", next=hint))
    return listed(text)
