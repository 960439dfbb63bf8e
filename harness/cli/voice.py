"""How a command speaks: results to stdout, everything else to stderr, JSON where it is asked for."""

import contextlib
import io
import sys
from typing import Any


def open_streams() -> None:
    """Make both streams writable whatever they are: closed ones lead nowhere, narrow encodings show "?"."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tell(line: str = "") -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")


def say(line: str) -> None:
    """One line beside the result. Nobody need listen: a closed stderr never ends a run."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def tell_json(value: Any) -> None:
    """The result as one JSON document, in UTF-8 whatever the locale."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    document = orjson.dumps(value, option=options)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        sys.stdout.buffer.write(document)
    else:
        sys.stdout.write(document.decode())
