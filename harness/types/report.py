"""What a report is made of, before it becomes terminal lines, Markdown or HTML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of a part."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One paragraph."""

    text: str
    tone: str = "plain"
    """plain, note, warning, good or bad."""
    brief: bool = False
    """True for what the terminal shows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text: units stand in the column's title, unknown is "–"."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    numeric: tuple[int, ...] = ()
    """Columns to be set right-aligned."""
    brief: bool = False
    """True for what the terminal shows too; the rest stands in the written reports only."""
    wide: tuple[int, ...] = ()
    """Columns drawn for a fixed pitch: a terminal with room shows them, a narrow one and the written reports do not."""


Block = Heading | Text | Table
