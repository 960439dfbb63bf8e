"""A schema check that can be ended: the validator in a process of its own, which stops itself at a deadline.

The two speak in lines of JSON: first the schema, then value after value; each is answered {"fault": text or null}.
"""

import faulthandler
import json
import os
import subprocess
import sys
import weakref
from typing import Any

from harness.text.validator import compile_schema, first_fault

DEADLINE_S = 2.0
"""For one value, or for the schema itself; a usual one takes a hundred-thousandth of it."""


class SchemaOverrun(Exception):
    """The check was not over at its deadline, or brought the validator down: there is no verdict."""


class ValidatorChild:
    """One schema in one process, started anew where it had to stop."""

    def __init__(self, schema: str) -> None:
        """Start and compile. Raises ValueError where the schema cannot be used."""
        self._schema = schema
        self._process = self._start()

    def fault(self, value: Any) -> str | None:
        """Check one value: `$.path: what`; None where it is valid. Raises SchemaOverrun."""
        if self._process.poll() is not None:
            self._process = self._start()
        try:
            return _ask(self._process, json.dumps(value))
        except EOFError:
            raise SchemaOverrun(f"the schema could not be checked within {DEADLINE_S:g} s") from None

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(  # noqa: S603 - this very module, no shell
            [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.curdir for entry in sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        weakref.finalize(self, _end, process)
        try:
            fault = _ask(process, self._schema)
        except EOFError:
            fault = f"the schema could not be compiled within {DEADLINE_S:g} s"
        if fault is not None:
            _end(process)
            raise ValueError(fault)
        return process


def serve() -> None:
    """Be the child: answer every line until the input ends."""
    validator = None
    for line in sys.stdin:
        # A thread without the interpreter's lock ends the process: native code cannot be interrupted otherwise.
        faulthandler.dump_traceback_later(DEADLINE_S, exit=True)
        fault = None
        try:
            if validator is None:
                validator = compile_schema(line, backtracking=True)
            else:
                fault = first_fault(validator, json.loads(line))
        except ValueError as error:
            fault = str(error)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps({"fault": fault}) + "\n")
        sys.stdout.flush()


def _ask(process: "subprocess.Popen[str]", line: str) -> str | None:
    """One line there, one line back. Raises EOFError where the child ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        reply = process.stdout.readline()
    except OSError:
        reply = ""
    if not reply.endswith("\n"):
        _end(process)
        raise EOFError
    fault: str | None = json.loads(reply)["fault"]
    return fault


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            continue  # what was still in the buffer has nobody to go to
