"""What `harness --help` costs beside the help of a bare app of the same CLI library: CPU of both, as a ratio.

    python benchmarks/help_cpu.py [ROUNDS]

Each round starts both as fresh processes, one after the other, so that a busy machine slows both; the least of each
counts. Ends with 1 where the ratio exceeds LIMIT.
"""

import os
import subprocess
import sys

LIMIT = 1.3
BARE = """
from cyclopts import App
app = App(name="bare", help="A bare app.")
@app.command
def run(config: str) -> None:
    "Run it."
app(["--help"])
"""


def cpu_ms(command: list[str]) -> float:
    """User and system CPU of one child process, in ms."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main() -> int:
    """Measure, print, judge."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    ours = [sys.executable, "-m", "harness", "--help"]
    bare = [sys.executable, "-c", BARE]
    pairs = [(cpu_ms(bare), cpu_ms(ours)) for _ in range(rounds + 1)][1:]  # the first one writes bytecode
    bare_ms, ours_ms = (min(times) for times in zip(*pairs, strict=True))
    ratio = ours_ms / bare_ms
    print(
        f"bare {bare_ms:.0f} ms, harness {ours_ms:.0f} ms, ratio {ratio:.2f} (limit {LIMIT}, least of {rounds})"
    )
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
