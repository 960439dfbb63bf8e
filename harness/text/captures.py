"""What a pattern captures in a text, in time that no pattern and no text can blow up."""

import functools
from collections.abc import Iterator
from typing import Any

from harness.text.quote import clip, quote

MAX_CHARACTERS = 200_000
"""What stands behind them is not searched."""
_WINDOW = 4_000
"""Characters: an engine whose search is linear may still need the square of this to find all."""

_FIND = "SELECT regexp_extract_all(line, ?, 1) FROM (SELECT unnest(?::VARCHAR[]) AS line)"
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def captures(pattern: str, text: str) -> list[str]:
    """Everything that the first group of `pattern` captures in `text`, in order, repeats kept, empty ones left out.

    Patterns are RE2's (no look-around, no back-references) and match within a line. Raises ValueError for what is no
    such pattern, or has no group.
    """
    import duckdb

    lines = list(_windows(text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()))
    try:
        rows = _engine().execute(_FIND, [pattern, lines or [""]]).fetchall()
    except (duckdb.Error, UnicodeError) as error:
        what = str(error).partition("Error: ")[2] or str(error)
        raise ValueError(
            f"{quote(pattern)} is no pattern with a group, such as \\[doc:([^\\]]+)\\] ({clip(what, 120)})"
        ) from None
    return [found for (row,) in rows for found in row if found]


def _windows(text: str) -> Iterator[str]:
    """Lines; one that is too long is cut, at white space where there is some."""
    for line in text.splitlines():
        start = 0
        while len(line) - start > _WINDOW:
            space = line.rfind(" ", start + 1, start + _WINDOW)
            end = space if space > start else start + _WINDOW
            yield line[start:end]
            start = end
        yield line[start:]


@functools.cache
def _engine() -> Any:
    """RE2, which is linear, comes with DuckDB; Python's own engine can be stalled by a pattern."""
    import duckdb

    return duckdb.connect(config=_ALONE)
