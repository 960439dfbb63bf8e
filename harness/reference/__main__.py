"""The child process: one line of JSON in, one line with the port out, then it serves until stdin ends."""

import argparse
import signal
import sys

import orjson

from harness.errors import UserError
from harness.reference.serve import options_from_flags, serve_child
from harness.reference.server import Endpoint

WANTED = 'the first line of stdin must be {"train": [{"inputs": {...}, "expected": ...}, ...], "schema": {...} or null}'


def main() -> int:
    """Serve until the parent closes stdin or sends SIGTERM; Ctrl-C is the parent's to judge."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(prog="python -m harness.reference")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", default="")
    parser.add_argument("--time-scale", type=float, default=1.0)
    flags = parser.parse_args()
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return 0
    given = _given(line)
    if given is None:
        sys.stderr.write(WANTED + "\n")
        return 2
    try:
        defaults = options_from_flags(flags.faults, flags.time_scale)
        serve_child(Endpoint(train=given[0], schema=given[1], defaults=defaults), flags.port)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _given(line: bytes) -> tuple[list[dict[str, object]], dict[str, object] | None] | None:
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(given, dict):
        return None
    train, schema = given.get("train"), given.get("schema")
    if not isinstance(train, list) or not (schema is None or isinstance(schema, dict)):
        return None
    whole = all(isinstance(row, dict) and isinstance(row.get("inputs"), dict) for row in train)
    return (train, schema) if whole else None


if __name__ == "__main__":
    sys.exit(main())
