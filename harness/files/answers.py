"""The response cache: answers kept from earlier runs."""

from collections.abc import Callable
from pathlib import Path

from harness.files.keyed import KeyedFile, Kind, open_keyed

ANSWERS = Kind(
    noun="response cache", table="answers", ours=0x76686172, layout=1, without="or run with --cache off"
)


def open_answers(
    path: str | Path,
    *,
    redact: Callable[[bytes], bytes] = bytes,
    tell: Callable[[str], None] = lambda _: None,
) -> KeyedFile:
    """Open the file, made with its folder where there is none; see `open_keyed`."""
    return open_keyed(path, ANSWERS, redact=redact, tell=tell)
