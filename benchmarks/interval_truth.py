"""How often a reported 95 % interval covers the truth: many small runs against a server whose truth is known.

    python benchmarks/interval_truth.py [--seeds 1-1000] [--examples 100] [--repeats 1] [--median-ms 50]
                                        [--bar 0.93] [--false-alarm P] [--lie] [--json FILE]

For each seed an evalset is drawn anew, so that its examples are a random sample of all that there could be, and the whole
command runs: config, plan, calls over HTTP with the openai SDK, scores, summary.json. Two variants: `whole` is right or wrong,
`graded` field by field. The truth is that of scripted_server.py's laws, not of the sample; the times are also held against
what the server itself noted. A P95 is judged where n gives it both ends. Ends with 1 where a coverage lies under the bar;
with `--false-alarm P` only where it lies so far under it that a coverage of just the bar would do so with that chance or less.
`--lie` lets the server behave otherwise than is believed: everything must be found out then.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scripted_runs import (
    INPUT_USD_PER_MTOK,
    OUTPUT_USD_PER_MTOK,
    Design,
    Ended,
    Server,
    fewest_hits,
    ran,
    seeds,
    serving,
    show,
)
from scripted_server import INPUT_TOKENS, Law

from harness.stats.rates import wilson

MODELS = {"whole": "m-whole", "graded": "m-graded"}
CONCURRENCY = 16
TITLES = ("variant", "figure", "truth", "mean", "mean width", "runs", "covered", "95 % of it", "verdict")
WIDTHS = (9, 9, 10, 10, 12, 7, 10, 18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One figure of one run."""

    variant: str
    figure: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: a figure over all runs that told both ends of its interval."""

    variant: str
    figure: str
    truth: float
    mean: float
    width: float
    runs: int
    hits: int
    fewest: int
    """Hits that keep the bar."""

    @property
    def holds(self) -> bool:
        """True where it is not shown to lie under the bar."""
        return self.hits >= self.fewest

    def cells(self) -> tuple[str, ...]:
        """As text."""
        low, high = wilson(self.hits, self.runs)
        return (
            self.variant,
            self.figure,
            f"{self.truth:.4g}",
            f"{self.mean:.4g}",
            f"{self.width:.3g}",
            str(self.runs),
            f"{100 * self.hits / self.runs:.1f} %",
            f"{100 * (low or 0):.1f}–{100 * (high or 0):.1f} %",
            "holds" if self.holds else f"FAILS: fewer than {self.fewest}",
        )


def laws(median_ms: float, repeats: int) -> dict[str, Law]:
    """What is true. Repeats of one question resemble each other by half."""
    alike = 0.5 if repeats > 1 else 0.3
    whole = Law(right=(0.0, 0.8), broken=0.06, median_ms=median_ms, sigma=0.5, alike=alike, tokens_median=60)
    graded = replace(
        whole, right=(0.0, 0.7), by_field=True, broken=0.12, median_ms=1.2 * median_ms, tokens_median=90
    )
    return {"m-whole": whole, "m-graded": graded}


def lied(law: Law) -> Law:
    """Another truth: worse, more often broken, slower, dearer."""
    return replace(
        law,
        right=(0.0, law.right[1] - 0.2),
        broken=law.broken + 0.15,
        median_ms=1.5 * law.median_ms,
        tokens_median=1.4 * law.tokens_median,
    )


def truths(law: Law) -> Mapping[str, float]:
    """Figure → its true value."""
    per_call = (INPUT_USD_PER_MTOK * INPUT_TOKENS + OUTPUT_USD_PER_MTOK * law.tokens) / 1e6
    return {
        "quality": law.accuracy,
        "schema": law.broken,
        "p50_ms": law.quantile_ms(0.5),
        "p95_ms": law.quantile_ms(0.95),
        "usd_1k": 1000 * per_call,
    }


def sights(summary: Mapping[str, Any]) -> Iterator[Sight]:
    """What one run reports."""
    for variant, told in summary["variants"].items():
        part = told["partitions"]["golden"]
        quality, schema, latency, cost = (part[name] for name in ("quality", "schema", "latency", "cost"))
        found = {
            "quality": (quality["value"], quality["ci"]),
            "schema": (schema["rate"], schema["ci"]),
            "p50_ms": (latency["p50_ms"], latency["p50_ci"]),
            "p95_ms": (latency["p95_ms"], latency["p95_ci"]),
            "usd_1k": (cost["usd_per_1k"], cost["ci"]),
        }
        for figure, (value, (low, high)) in found.items():
            yield Sight(variant=variant, figure=figure, value=value, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What all runs have told."""

    sights: list[Sight]
    errors: list[tuple[float, float]]
    """Of P50 and P95, as shares: ours over what the server noted of the same calls, less 1."""
    invalid: int
    """Latencies of which the harness says itself that it was too late for them."""


def gathered(server: Server, design: Design, chosen: Sequence[int]) -> Gathered:
    """Run every seed."""
    found = Gathered(sights=[], errors=[], invalid=0)
    invalid = 0
    for seed in chosen:
        with tempfile.TemporaryDirectory() as folder:
            ended = ran(Path(folder) / "run", server.url, design, seed)
        account = server.account()
        found.sights.extend(sights(ended.summary))
        found.errors.extend(_errors(ended, account))
        invalid += sum(not latency["valid"] for latency in _latencies(ended).values())
        if seed % 50 == 0:
            print(f"seed {seed}", file=sys.stderr, flush=True)
    return replace(found, invalid=invalid)


def _latencies(ended: Ended) -> Mapping[str, Any]:
    return {name: told["partitions"]["golden"]["latency"] for name, told in ended.summary["variants"].items()}


def _errors(ended: Ended, account: Mapping[str, list[list[float]]]) -> Iterator[tuple[float, float]]:
    for variant, latency in _latencies(ended).items():
        served = [ms for _, ms in account[MODELS[variant]][1:]]  # the first one warmed up
        cuts = statistics.quantiles(served, n=100, method="inclusive")
        yield latency["p50_ms"] / cuts[49] - 1, latency["p95_ms"] / cuts[94] - 1


def lines(found: Sequence[Sight], believed: Mapping[str, Law], flags: argparse.Namespace) -> Iterator[Line]:
    """The table."""
    for variant, model in MODELS.items():
        for figure, truth in truths(believed[model]).items():
            both = [
                one
                for one in found
                if (one.variant, one.figure) == (variant, figure) and None not in (one.low, one.high)
            ]
            if not both:
                continue
            yield Line(
                variant=variant,
                figure=figure,
                truth=truth,
                mean=statistics.fmean(one.value for one in both),
                width=statistics.fmean(one.high - one.low for one in both),
                runs=len(both),
                hits=sum(one.low <= truth <= one.high for one in both),
                fewest=fewest_hits(len(both), flags.bar, flags.false_alarm),
            )


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=seeds, default=seeds("1-1000"))
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--median-ms", type=float, default=50.0)
    parser.add_argument("--bar", type=float, default=0.93)
    parser.add_argument("--false-alarm", type=float, metavar="P")
    parser.add_argument("--lie", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    flags = parser.parse_args()
    believed = laws(flags.median_ms, flags.repeats)
    served = {name: lied(law) for name, law in believed.items()} if flags.lie else believed
    design = Design(
        models=MODELS,
        sizes={"golden": flags.examples},
        repeats=flags.repeats,
        concurrency=CONCURRENCY,
    )
    with serving(served) as server:
        found = gathered(server, design, flags.seeds)
    table = list(lines(found.sights, believed, flags))
    show(TITLES, WIDTHS)
    for line in table:
        show(line.cells(), WIDTHS)
    for name, errors in zip(("P50", "P95"), zip(*found.errors, strict=True), strict=True):
        print(
            f"{name} against the server's own notes: median error {100 * statistics.median(errors):+.2f} %, "
            f"largest {100 * max(errors, key=abs):+.2f} %"
        )
    print(f"{found.invalid} of {len(found.errors)} latencies were called invalid by the harness itself")
    if flags.json:
        flags.json.write_text(json.dumps([{**asdict(line), "holds": line.holds} for line in table], indent=2))
    return int(not all(line.holds for line in table))


if __name__ == "__main__":
    sys.exit(main())
