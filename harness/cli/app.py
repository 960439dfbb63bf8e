"""The command `harness`: names the commands; each one's code is loaded when it is called."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from cyclopts import App

from harness.cli.voice import say
from harness.errors import HarnessError, Interrupted, UserError

COMMANDS = {
    "init": "harness.cli.init:init",
    "check": "harness.cli.check:check",
    "run": "harness.cli.run:run",
    "show": "harness.cli.show:show",
    "score": "harness.cli.score:score",
    "report": "harness.cli.report:report",
    "schema": "harness.cli.schema:schema",
    "reference": "harness.cli.reference:reference",
    "compare": "harness.cli.later:compare",
    "gate": "harness.cli.later:gate",
    "baseline": "harness.cli.later:baseline",
    "diagnose": "harness.cli.later:diagnose",
    "export": "harness.cli.later:export",
    "verify": "harness.cli.later:verify",
}


def app() -> App:
    """Build the command line."""
    from importlib.metadata import version

    built = App(
        name="harness",
        help="Decide on evidence between prompt-only, few-shot, RAG and fine-tuned variants.",
        version=lambda: version("variant-harness"),
        result_action="return_value",
    )
    for name, target in COMMANDS.items():
        built.command(target, name=name)
    return built


def main() -> NoReturn:
    """Run one command and end with the contract's exit code."""
    sys.path.insert(0, str(Path.cwd()))  # a config's own `package.module:Name` is looked for where one stands
    try:
        code = app()()
    except UserError as error:
        for fault in error.faults:
            say(f"error: {fault}")
        sys.exit(error.exit_code)
    except HarnessError as error:
        say(f"{'stopped' if isinstance(error, Interrupted) else 'undecided'}: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Interrupted.exit_code)
    except BrokenPipeError:
        # `harness ... | head` closed the pipe: nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
