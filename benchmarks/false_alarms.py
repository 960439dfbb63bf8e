"""How often a difference is claimed where there is none: many runs of equal variants, whose gates must not fail.

    python benchmarks/false_alarms.py [--seeds 1-400] [--modes calm,drift,sequential] [--variants 6] [--golden 100]
                                      [--edge 50] [--median-ms 5] [--load-sd 0.25] [--most 0.08] [--least 0.2] [--false-alarm P]
                                      [--keep FILE] [--json FILE]

Each run is the whole command, over HTTP, on an evalset drawn anew: variants by one law, golden and edge, a gate against the
control on each. Counted are runs that exit with 1, that call a variant faster or slower, better or worse, and that warn of
the edge trap. `calm` and `drift` are the harness as it is; behind `drift` stands a server whose load goes up and down.
`sequential` is the same server and the same harness but for one thing, which is taken from it here: its plan is sorted by variant,
so that they run one after another. No flag of the harness does that. It must go wrong: interleaving is what protects.

The harness claims nothing of times that it was itself late to take. On a busy machine that would leave little to count, so it is
switched off here, in every order: each run's times are judged as if they had been taken in time, which is harder to pass.

Ends with 1 where exit 1 or a claim of speed is rung by calm or drift in more than `--most` of the runs, or speed is claimed in fewer than `--least` of
the sequential ones; with `--false-alarm P` only where a rate of just that would do so with that chance or less.
`--keep` writes a line a seed, a file an order, and goes on where it was broken off.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scripted_runs import Design, Ended, Server, each, fewest_hits, ran, seeds, serving, show
from scripted_server import Law, Load

from harness.flow.plan import plan
from harness.stats.rates import wilson

CONCURRENCY = 24
MARGINS = {"golden": 0.05, "edge": 0.1}
"""Of the gates: what so many examples could keep at all. When a gate fails does not hang on it."""
TITLES = ("order", "alarm", "runs", "rung", "rate", "95 % of it", "verdict")
WIDTHS = (12, 18, 6, 6, 9, 16)


def _claims(family: str) -> Callable[[Ended], bool]:
    def told(ended: Ended) -> bool:
        return any(
            one["family"] == family and one["verdict"] in ("better", "worse")
            for one in ended.summary["comparisons"]
        )

    return told


ALARMS: Mapping[str, Callable[[Ended], bool]] = {
    "exit 1": lambda ended: ended.code == 1,
    "faster or slower": _claims("speed"),
    "better or worse": _claims("primary"),
    "edge trap": lambda ended: any(one["code"] == "edge_regression" for one in ended.summary["warnings"]),
}
"""What may be rung without cause, and how a run tells that it was."""
HELD = ("exit 1", "faster or slower")
"""What is held to a bar: these are adjusted over the whole run. The others are told: what decides is adjusted in each partition
apart, and a warning stops nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    order: str
    alarm: str
    runs: int
    rung: int
    holds: bool | None
    """None: it is told, and held to nothing."""

    def cells(self) -> tuple[str, ...]:
        """As text."""
        low, high = wilson(self.rung, self.runs)
        return (
            self.order,
            self.alarm,
            str(self.runs),
            str(self.rung),
            f"{100 * self.rung / self.runs:.1f} %",
            f"{100 * (low or 0):.1f}–{100 * (high or 0):.1f} %",
            "" if self.holds is None else "holds" if self.holds else "FAILS",
        )


def one_after_another(*asked: Any) -> tuple[Any, ...]:
    """The plan, sorted by variant: each one's trials keep their order."""
    return tuple(sorted(plan(*asked), key=lambda trial: (not trial.warmup, trial.variant)))


def alarms(server: Server, design: Design, order: str, flags: argparse.Namespace) -> list[dict[str, bool]]:
    """Run every seed: alarm → whether it was rung."""
    sorted_ = patch("harness.cli.run.plan", one_after_another) if order == "sequential" else nullcontext()
    trusted = patch("harness.flow.tally.late", lambda *_: "")
    keep = flags.keep and flags.keep.with_suffix(f".{order}{flags.keep.suffix}")

    def rung(seed: int) -> dict[str, bool]:
        ended = ran(Path(folder) / "run", server.url, design, seed)
        server.account()  # it begins anew, so that it does not grow
        return {name: told(ended) for name, told in ALARMS.items()}

    with sorted_, trusted, tempfile.TemporaryDirectory() as folder:
        return list(each(flags.seeds, keep, rung))


def lines(order: str, found: Sequence[Mapping[str, bool]], flags: argparse.Namespace) -> Iterator[Line]:
    """The table of one order."""
    runs = len(found)
    for alarm in ALARMS:
        rung = sum(one[alarm] for one in found)
        holds = None
        if order != "sequential" and alarm in HELD:
            holds = runs - rung >= fewest_hits(runs, 1 - flags.most, flags.false_alarm)
        elif order == "sequential" and alarm == "faster or slower":
            holds = rung >= fewest_hits(runs, flags.least, flags.false_alarm)
        yield Line(order=order, alarm=alarm, runs=runs, rung=rung, holds=holds)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=seeds, default=seeds("1-400"))
    parser.add_argument("--modes", default="calm,drift,sequential")
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--golden", type=int, default=100)
    parser.add_argument("--edge", type=int, default=50)
    parser.add_argument("--median-ms", type=float, default=5.0)
    parser.add_argument("--load-sd", type=float, default=Load().sd)
    parser.add_argument("--most", type=float, default=0.08)
    parser.add_argument("--least", type=float, default=0.2)
    parser.add_argument("--false-alarm", type=float, metavar="P")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    flags = parser.parse_args()
    law = Law(right=(0.0, 0.8), broken=0.04, median_ms=flags.median_ms, alike=0.6)
    names = [f"v{number}" for number in range(flags.variants)]
    design = Design(
        models={name: f"m-{name}" for name in names},
        sizes={"golden": flags.golden, "edge": flags.edge},
        concurrency=CONCURRENCY,
        gates=[
            {"metric": "answer", "partition": name, "versus": "control", "margin": margin}
            for name, margin in MARGINS.items()
        ],
    )
    laws, table = dict.fromkeys(design.models.values(), law), []
    show(TITLES, WIDTHS)
    for order in flags.modes.split(","):
        with serving(laws, None if order == "calm" else Load(sd=flags.load_sd)) as server:
            made = list(lines(order, alarms(server, design, order, flags), flags))
        for line in made:
            show(line.cells(), WIDTHS)
        table += made
    if flags.json:
        flags.json.write_text(json.dumps([asdict(line) for line in table], indent=2))
    return int(any(line.holds is False for line in table))


if __name__ == "__main__":
    sys.exit(main())
