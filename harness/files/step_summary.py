"""The page that GitHub shows of a step: Markdown appended to the file that it names."""

from pathlib import Path

from harness.calls.keys import KEYS


def add_to_step_summary(file: Path, text: str) -> None:
    """Append; OSError where the file cannot be written."""
    with file.open("ab") as page:
        page.write(KEYS.redacted_data(text.encode("utf-8", "replace")))
