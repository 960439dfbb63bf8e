"""How often a gate finds a loss that was planted, held against the exact power of its test.

    python benchmarks/gate_power.py [--seeds 1-400] [--examples 100] [--wins 0.05] [--losses 0.15] [--points 5]
                                    [--false-alarm P] [--lie] [--keep FILE] [--json FILE]

Each run is the whole command, over HTTP, on an evalset drawn anew. The candidate alone is right on the share `--wins` of all questions,
the control alone on the share `--losses`; a gate holds the candidate against the control. The exact power is the sum over
all tables. Ends with 1 where the share of failed runs lies more than `--points` from it; with `--false-alarm P` where a share of
just the power would lie so far off with that chance or less. `--lie` plants nothing, and must be found out. `--keep` writes a
line a seed, and goes on where it was broken off.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from scipy.stats import binom
from scripted_runs import Design, each, ran, seeds, serving
from scripted_server import Law

from harness.stats.power import mcnemar_power
from harness.stats.rates import wilson

RIGHT, LEVEL = 0.8, 0.05
"""Of the control; of the gate, which is the only comparative one."""


def tolerated(flags: argparse.Namespace, power: float) -> tuple[float, float]:
    """Between which numbers of failed runs all is well."""
    runs = len(flags.seeds)
    if flags.false_alarm is None:
        return runs * (power - flags.points / 100), runs * (power + flags.points / 100)
    return binom.ppf(flags.false_alarm / 2, runs, power), binom.isf(flags.false_alarm / 2, runs, power)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=seeds, default=seeds("1-400"))
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--wins", type=float, default=0.05)
    parser.add_argument("--losses", type=float, default=0.15)
    parser.add_argument("--points", type=float, default=5.0)
    parser.add_argument("--false-alarm", type=float, metavar="P")
    parser.add_argument("--lie", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    flags = parser.parse_args()
    design = Design(
        models={"control": "m-control", "candidate": "m-candidate"},
        sizes={"golden": flags.examples},
        gates=[{"metric": "answer", "partition": "golden", "versus": "control", "margin": 0.05}],
    )
    laws = {
        "m-control": Law(right=(0.0, RIGHT), median_ms=2, alike=1),
        "m-candidate": Law(right=(flags.losses, RIGHT + flags.wins), median_ms=2, alike=1),
    }
    if flags.lie:
        laws["m-candidate"] = laws["m-control"]
    with serving(laws) as server, tempfile.TemporaryDirectory() as folder:

        def told(seed: int) -> tuple[int, str]:
            ended = ran(Path(folder) / "run", server.url, design, seed)
            (verdict,) = ended.summary["gates"]
            return ended.code, verdict["verdict"]

        found = list(each(flags.seeds, flags.keep, told))
    codes, verdicts = (Counter(told) for told in zip(*found, strict=True))
    runs, failed = len(flags.seeds), codes[1]
    power = mcnemar_power(flags.examples, flags.wins, flags.losses, level=LEVEL)
    low, high = wilson(failed, runs)
    least, most = tolerated(flags, power)
    holds = bool(least <= failed <= most)
    print(
        f"{runs} runs of {flags.examples} examples, {100 * (flags.wins - flags.losses):+.0f} points planted"
    )
    print(f"verdicts: {dict(verdicts)}; exit codes: {dict(codes)}")
    print(
        f"failed {100 * failed / runs:.1f} % (95 %: {100 * (low or 0):.1f}–{100 * (high or 0):.1f} %), "
        f"exact power {100 * power:.1f} %: {'holds' if holds else 'FAILS'}"
    )
    if flags.json:
        told = {"runs": runs, "failed": failed, "power": power, "verdicts": verdicts, "holds": holds}
        flags.json.write_text(json.dumps(told, indent=2))
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
