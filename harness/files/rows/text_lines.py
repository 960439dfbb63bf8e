"""A text file as numbered lines: UTF-8 with or without a byte order mark, plain or gzip, whatever the locale."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from harness.files.rows.faults import DataFaults, shown

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SAVE = "save the file as UTF-8"
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xfe\x00\x00", "is UTF-32, not UTF-8", _SAVE),
    (b"\x00\x00\xfe\xff", "is UTF-32, not UTF-8", _SAVE),
    (b"\xff\xfe", "is UTF-16, not UTF-8", _SAVE),
    (b"\xfe\xff", "is UTF-16, not UTF-8", _SAVE),
    (b"\x1f\x8b", "is gzip data", "name it with .gz at the end"),
    (b"PAR1", "is a Parquet file", "name it with .parquet at the end"),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet", "export it as CSV or JSONL"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One physical line."""

    number: int
    """From 1."""
    text: str
    """Its end of line included; where it is not sound, a best guess."""
    sound: bool = True
    """False where a fault of this line is noted already."""


def read_lines(path: str, faults: DataFaults) -> Iterator[Line]:
    """Yield the lines of a file one by one; what cannot be read is noted with its line, never raised."""
    where = shown(path)
    number = 0
    try:
        with open_binary(path) as stream:
            for number, raw in enumerate(stream, 1):
                if number == 1 and (known := _signature(raw)):
                    faults.add(f"{where}:1", *known)
                    return
                yield _line(raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw, number, where, faults)
    except (OSError, EOFError, zlib.error) as error:
        faults.add(f"{where}:{number}" if number else where, _why(error), "look whether the file is whole")


def open_binary(path: str) -> BinaryIO:
    """Open a file for reading, through gzip where its name ends in .gz. Raises OSError."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.lower().endswith(".gz") else Path(path).open("rb")


def read_text(path: str, faults: DataFaults) -> str | None:
    """Read a whole text file, line ends unified; None where it cannot be read, which is noted."""
    before = len(faults)
    text = "".join(line.text for line in read_lines(path, faults))
    return text.replace("\r\n", "\n").replace("\r", "\n") if len(faults) == before else None


def _line(raw: bytes, number: int, where: str, faults: DataFaults) -> Line:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add(f"{where}:{number}", *_encoding(raw, error.start))
        return Line(number=number, text=raw.decode("utf-8", "replace"), sound=False)
    if "\0" not in text:
        return Line(number=number, text=text)
    faults.add(f"{where}:{number}", *_nul(raw))
    return Line(number=number, text=text.replace("\0", ""), sound=False)


def _signature(raw: bytes) -> tuple[str, str] | None:
    return next(((what, hint) for sign, what, hint in _SIGNATURES if raw.startswith(sign)), None)


def _encoding(raw: bytes, at: int) -> tuple[str, str]:
    if _looks_wide(raw):
        return "is UTF-16, not UTF-8", _SAVE
    what = f"not UTF-8: byte 0x{raw[at]:02X} at byte {at + 1} of the line"
    around = raw[max(0, at - 12) : at + 12]
    try:
        guess = " ".join(around.decode("cp1252").split())
    except UnicodeDecodeError:
        return what, _SAVE
    return f"{what}; it seems to be Windows-1252 ('…{guess}…')", _SAVE


def _nul(raw: bytes) -> tuple[str, str]:
    if _looks_wide(raw):
        return "is UTF-16, not UTF-8", _SAVE
    return (
        f"a NUL byte at byte {raw.index(0) + 1} of the line",
        "the file is damaged there; write the row again",
    )


def _looks_wide(raw: bytes) -> bool:
    """Text of two bytes a character has a NUL beside nearly every letter of a Latin script."""
    return 3 * raw.count(0) > len(raw)


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, EOFError):
        return "the gzip data ends too early"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return f"not sound gzip data ({error})"
    return f"cannot be read ({error.strerror if isinstance(error, OSError) else error})"
