"""How a command speaks: results to stdout, everything else to stderr, JSON where it is asked for, and never a key."""

import contextlib
import io
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from harness.calls.keys import KEYS


class _Discreet:
    """A stream that says everything but keys, whoever writes to it: a traceback, a library's log, a user's `print`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(KEYS.redacted(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def open_streams() -> None:
    """Make both streams writable whatever they are: closed ones lead nowhere, narrow encodings show "?". None says a key."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Discreet):
            continue
        if stream is None:
            stream = io.StringIO()
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
        setattr(sys, name, _Discreet(stream))


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
    document = KEYS.redacted_data(orjson.dumps(value, option=options))
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(document.decode())
    else:
        sys.stdout.flush()
        buffer.write(document)
