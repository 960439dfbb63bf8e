"""Early stopping on runs whose truth is known: how often a gate fails or passes, and how many calls that saved.

    python benchmarks/stop_early.py [--seeds 1-2000] [--runs 20] [--naive] [--false-alarm P] [--json FILE]

Two variants on EXAMPLES golden examples, 0 or 1 each, and one gate: no worse than the control by 0.05. Of the examples a share
DISCORDANT is flipped by chance alone, half of it either way; a true loss or gain flips more of them one way. First without
a call: sides as a look finds them go through the real levels, gate and decisions, a seed a run. Then --runs runs each way through
`harness run`, with answers that a function of the experiment's own looks up. Ends with 1 where a bar is missed.

With --naive every simulated look is judged as if it were the only one, by 95 %: what the bars must find out.
With --false-alarm the bars on shares are loosened to what a share of just the bar falls short of with that chance.
"""

import argparse
import io
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from harness.flow.decide import decide
from harness.flow.gate.gate import gate
from harness.flow.levels import levels
from harness.stats.sequential import LOOKS
from harness.types.comparison import Evidence, Side
from harness.types.experiment import Gate
from harness.types.figures import Cost, Latency, PartitionSummary
from harness.types.run import Manifest, MetricInfo
from harness.types.summary import RunInfo, Summary, VariantSummary

EXAMPLES, DISCORDANT, MARGIN = 500, 0.15, 0.05
CONTROL, CANDIDATE = "control", "candidate"
RARELY = 0.001
PROMISE = Gate(metric="right", versus="control", margin=MARGIN)

MANIFEST = Manifest(
    id="simulated", experiment="simulated", config_file="", config={}, config_digest="", evalset_digest="", digests={},
    started_at="", seed=0, concurrency=1, timeout_s=60.0, control=CONTROL, layers={CONTROL: (), CANDIDATE: ()},
    plan={CONTROL: {"golden": EXAMPLES}, CANDIDATE: {"golden": EXAMPLES}}, live={}, schema=None, gates=(PROMISE,),
    candidates=(CANDIDATE,), looks=LOOKS, metrics=(MetricInfo(name="right", scorer="exact", primary=True),),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """How much better the candidate is, and what the gate must make of it."""

    gain: float
    fail: tuple[float, float] = (0.0, 1.0)
    """Between which the share of failed runs must lie."""
    passed: tuple[float, float] = (0.0, 1.0)
    saved: float = 0.0
    """The least share of calls that is saved."""


TRUTHS = (
    Truth(gain=0.0, fail=(0.0, 0.06), saved=0.20),
    Truth(gain=-0.05, fail=(0.75, 1.0), passed=(0.0, 0.06), saved=0.15),
    Truth(gain=-0.10, fail=(0.99, 1.0), passed=(0.0, 0.06), saved=0.40),
    Truth(gain=0.05, fail=(0.0, 0.06), saved=0.40),
)
"""statistics.md has exact figures of the method: 5, 79, 100 and 0 % fail, 88, 5, 0 and 100 % pass, 26, 22, 47 and 50 % saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One run, over."""

    verdict: str
    tried: int
    """Calls, of all variants."""

    @property
    def saved(self) -> float:
        """Share of the planned calls."""
        return 1 - self.tried / (2 * EXAMPLES)


def marks(truth: Truth, seed: int) -> "Mapping[str, np.ndarray]":
    """What both variants score, example by example (EXAMPLES,), in the order in which they are asked."""
    draw = np.random.default_rng(seed)
    flip, level = draw.random(EXAMPLES), (draw.random(EXAMPLES) < 0.8).astype(float)
    lost = DISCORDANT / 2 + max(0.0, -truth.gain)
    won = DISCORDANT / 2 + max(0.0, truth.gain)
    control = np.where(flip < lost, 1.0, np.where(flip < lost + won, 0.0, level))
    candidate = np.where(flip < lost, 0.0, np.where(flip < lost + won, 1.0, level))
    return {CONTROL: control, CANDIDATE: candidate}


def simulated(truth: Truth, seed: int, naive: bool = False) -> Ended:
    """One run through the real levels, gate and decisions, without a call."""
    held = marks(truth, seed)
    for look, share in enumerate(LOOKS, 1):
        asked = ceil(share * EXAMPLES)
        passes, fails = ({}, {}) if naive else levels(MANIFEST, (), look)
        sides = {(name, "golden"): side(name, values[:asked]) for name, values in held.items()}
        [verdict] = gate(figures(asked), MANIFEST, Evidence(sides=sides, levels=passes, fails=fails))
        if look == len(LOOKS):
            break
        ruled = decide(MANIFEST, (CONTROL, CANDIDATE), (verdict,), (), {})
        if all(decision != "go on" for decision, _ in ruled.values()):
            break
    return Ended(verdict=verdict.verdict, tried=2 * asked)


def side(variant: str, values: "np.ndarray") -> Side:
    """What a look finds of one variant."""
    ids = tuple(f"g{at:04}" for at in range(values.size))
    return Side(
        variant=variant, partition="golden", run="simulated", examples=ids, digests=ids, tags=((),) * len(ids), repeats=1,
        marks={"right": values}, times={},
    )  # fmt: skip


def figures(asked: int) -> Summary:
    """The figures beside the sides, as far as a gate on quality reads them."""
    part = PartitionSummary(
        examples=asked, trials=asked, planned=asked, outcomes={"answered": asked}, errors={}, scored=asked, unscored=0,
        coverage=1.0, quality=None, metrics={}, schema=None, by_tag={},
        cost=Cost(usd_per_1k=None, ci=(None, None), total_usd=None, unpriced=0, by_stage={}, tokens={}),
        latency=Latency(
            p50_ms=None, p50_ci=(None, None), p95_ms=None, p95_ci=(None, None), n_live=0, n_cached=0, timed_out=0,
            method="", first_token=None, stages={}, unaccounted=None, valid=True,
        ),
    )  # fmt: skip
    run = RunInfo(
        id="simulated", experiment="simulated", evalset_digest="", config_digest="", started_at="", finished_at="",
        complete=True, seed=0, planned=2 * asked,
    )  # fmt: skip
    both = {name: VariantSummary(layers=(), partitions={"golden": part}) for name in (CONTROL, CANDIDATE)}
    return Summary(run=run, variants=both)


ANSWERS = f"""
def {CONTROL}(inputs):
    return inputs["question"].split()[1]

def {CANDIDATE}(inputs):
    return inputs["question"].split()[2]
"""


def driven(truth: Truth, seed: int) -> Ended:
    """One run through the command itself."""
    with tempfile.TemporaryDirectory(prefix="early-") as held:
        config = written(Path(held), truth, seed)
        code = harness("run", str(config), "--out", str(Path(held) / "runs"), "--quiet")
        found = json.loads(next((Path(held) / "runs").glob("*/summary.json")).read_text())
    sys.modules.pop(f"answers_{seed}", None)
    [verdict] = found["gates"]
    assert code == (verdict["verdict"] == "fail"), (code, verdict)
    assert found["run"]["complete"]
    return Ended(verdict=verdict["verdict"], tried=found["run"]["planned"])


def written(folder: Path, truth: Truth, seed: int) -> Path:
    """The experiment of one seed: its questions hold what both variants will answer."""
    (folder / "rows").mkdir()
    said = {
        name: ["yes" if value else "no" for value in values] for name, values in marks(truth, seed).items()
    }
    rows = (
        {"id": f"g{at:04}", "inputs": {"question": f"g{at:04} {one} {other}"}, "expected": "yes"}
        for at, (one, other) in enumerate(zip(said[CONTROL], said[CANDIDATE], strict=True))
    )
    (folder / "rows" / "golden.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / f"answers_{seed}.py").write_text(ANSWERS)
    experiment = {
        "name": "early",
        "evalset": "rows",
        "seed": seed,
        "stop_early": True,
        "control": CONTROL,
        "variants": {name: {"python": f"answers_{seed}:{name}"} for name in (CONTROL, CANDIDATE)},
        "metrics": [{"name": "right", "scorer": "exact", "primary": True}],
        "gates": [{"metric": "right", "versus": "control", "margin": MARGIN}],
    }
    config = folder / "early.yaml"
    config.write_text(json.dumps(experiment))
    return config


def harness(*words: str) -> int:
    """The whole command in this process; its exit code. What it says is shown if it goes wrong."""
    from harness.cli.app import main

    said, path = io.StringIO(), list(sys.path)
    try:
        with patch.object(sys, "argv", ["harness", *words]), redirect_stdout(said), redirect_stderr(said):
            main()
    except SystemExit as ended:
        if ended.code not in (None, 0, 1):
            raise RuntimeError(
                f"harness {' '.join(words)} ended with {ended.code}: {said.getvalue()}"
            ) from None
        return int(ended.code or 0)
    finally:
        sys.path[:] = path
    raise AssertionError("the command always exits")


def kept(truth: Truth, runs: Sequence[Ended], false_alarm: float | None) -> list[str]:
    """Which bars were missed, in words."""
    count = Counter(one.verdict for one in runs)
    saved = float(np.mean([one.saved for one in runs]))
    missed = [
        f"{name}: {count[name]} of {len(runs)}, not in {low:.0%} to {high:.0%}"
        for name, (low, high) in (("fail", truth.fail), ("pass", truth.passed))
        if not fewest(len(runs), low, false_alarm) <= count[name] <= most(len(runs), high, false_alarm)
    ]
    return missed + ([f"saved {saved:.1%}, not {truth.saved:.0%}"] if saved < truth.saved else [])


def fewest(runs: int, bar: float, false_alarm: float | None) -> int:
    """The fewest of `runs` that keep a lower bar."""
    from scipy.stats import binom

    return ceil(bar * runs - 1e-9) if false_alarm is None else int(binom.ppf(false_alarm, runs, bar))


def most(runs: int, bar: float, false_alarm: float | None) -> int:
    """The most of `runs` that keep an upper bar."""
    return runs - fewest(runs, 1 - bar, false_alarm)


def line(kind: str, truth: Truth, runs: Sequence[Ended], missed: Sequence[str]) -> dict[str, Any]:
    """One line of the table, shown and handed back."""
    count, of = Counter(one.verdict for one in runs), len(runs)
    shares = {name: count[name] / of for name in ("fail", "pass", "inconclusive")}
    shares["saved"] = float(np.mean([one.saved for one in runs]))
    cells = "".join(f"{share:8.1%}" for share in shares.values())
    print(f"{kind:10}{truth.gain * 100:+6.0f}{of:7}{cells}  {'; '.join(missed) or 'kept'}", flush=True)
    return {"kind": kind, "gain": truth.gain, "runs": of, **shares, "holds": not missed}


def main() -> int:
    """Both tables; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="1-2000")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--false-alarm", type=float)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    print(f"{'':10}{'gain':>6}{'runs':>7}{'fail':>8}{'pass':>8}{'open':>8}{'saved':>8}")
    table = []
    for truth in TRUTHS:
        runs = [simulated(truth, seed, given.naive) for seed in range(int(first), int(last or first) + 1)]
        table.append(line("simulated", truth, runs, kept(truth, runs, given.false_alarm)))
    for truth in TRUTHS if given.runs else ():
        runs = [driven(truth, seed) for seed in range(1, given.runs + 1)]
        # So few tell too little of what they save: they show that the command does as simulated.
        missed = kept(replace(truth, saved=0.0), runs, given.false_alarm or RARELY)
        table.append(line("driven", truth, runs, missed))
    if given.json:
        given.json.write_text(json.dumps(table))
    return int(not all(row["holds"] for row in table))


if __name__ == "__main__":
    sys.exit(main())
