"""A run folder as plain JSON: what `harness verify` reads, beside the ledger and without its nouns."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from harness.errors import Fault, UsageError

Line = dict[str, Any]


def plain_lines(file: Path) -> Iterator[Line]:
    """Every whole line that holds an object, in order; a torn one is passed over. A file that is not there has none."""
    with suppress(FileNotFoundError), file.open("rb") as lines:
        for line in lines:
            with suppress(orjson.JSONDecodeError):
                held = orjson.loads(line)
                if isinstance(held, dict):
                    yield held


def plain_document(file: Path, *, hint: str = "") -> Line:
    """One JSON object. Raises UsageError, with the hint, where the file is missing or holds none."""
    try:
        held = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise UsageError(Fault(where=str(file), what="is not there", next=hint)) from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(Fault(where=str(file), what=f"cannot be read ({error})", next=hint)) from None
    if not isinstance(held, dict):
        raise UsageError(Fault(where=str(file), what="does not hold an object", next=hint))
    return held
