"""How a command speaks: results to stdout, everything else to stderr, JSON where it is asked for."""

import sys
from typing import Any


def tell(line: str = "") -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")


def say(line: str) -> None:
    """One line beside the result."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def tell_json(value: Any) -> None:
    """The result as one JSON document."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options).decode())
