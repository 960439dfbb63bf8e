"""How often a reported 95 % interval covers the truth: many small runs against a server whose truth is known.

    python benchmarks/interval_truth.py [--seeds 1-1000] [--examples 100] [--repeats 1] [--median-ms 50]
                                        [--sigma 0.5] [--bar 0.93] [--false-alarm P] [--lie] [--keep FILE] [--json FILE]

For each seed an evalset is drawn anew, so that its examples are a random sample of all that there could be, and the whole
command runs: config, plan, calls over HTTP with the openai SDK, scores, summary.json. Two variants: `whole` is right or wrong,
`graded` field by field. The truth is that of scripted_server.py's laws, not of the sample; the times are also held against
what the server itself noted. A P95 is judged where n gives it both ends, a time where the harness does not call it invalid. Ends with 1 where a coverage lies under the bar;
with `--false-alarm P` only where it lies so far under it that a coverage of just the bar would do so with that chance or less.
`--lie` lets the server behave otherwise than is believed: everything must be found out then. `--keep` writes a line a seed, and
goes on where it was broken off.
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
    each,
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
    error: float | None = None
    """Of a time: how far it lies from what the server itself noted of the same calls, as a share."""
    late_ms: float | None = None
    """By how much the server wrote its answers later than its law has it, on average: the machine's doing, and no client's."""
    valid: bool = True
    """False for a time of which the harness says itself that it was too late for it."""

    @property
    def bounded(self) -> bool:
        """True where its interval has both ends."""
        return self.low is not None and self.high is not None

    def covers(self, truth: float) -> bool:
        """True where the interval holds it."""
        return self.low <= truth <= self.high


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


def laws(median_ms: float, sigma: float) -> dict[str, Law]:
    """What is true. Half of what an answer is, its question decides: repeats of one resemble each other."""
    whole = Law(right=(0.0, 0.8), broken=0.06, median_ms=median_ms, sigma=sigma, alike=0.5)
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
        median_ms=2 * law.median_ms,
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


def sights(summary: Mapping[str, Any], account: Mapping[str, list[list[float]]]) -> Iterator[Sight]:
    """What one run reports, and how true its times are."""
    for variant, told in summary["variants"].items():
        part = told["partitions"]["golden"]
        quality, schema, latency, cost = (part[name] for name in ("quality", "schema", "latency", "cost"))
        for figure, value, (low, high) in (
            ("quality", quality["value"], quality["ci"]),
            ("schema", schema["rate"], schema["ci"]),
            ("usd_1k", cost["usd_per_1k"], cost["ci"]),
        ):
            yield Sight(variant=variant, figure=figure, value=value, low=low, high=high)
        planned, served = zip(*account[MODELS[variant]][1:], strict=True)  # the first one warmed up
        cuts = statistics.quantiles(served, n=100, method="inclusive")
        for figure, noted in (("p50_ms", cuts[49]), ("p95_ms", cuts[94])):
            value, (low, high) = latency[figure], latency[figure.replace("ms", "ci")]
            yield Sight(
                variant=variant,
                figure=figure,
                value=value,
                low=low,
                high=high,
                error=value / noted - 1,
                late_ms=statistics.fmean(served) - statistics.fmean(planned),
                valid=latency["valid"],
            )


def lines(found: Sequence[Sight], believed: Mapping[str, Law], flags: argparse.Namespace) -> Iterator[Line]:
    """The table."""
    for variant, model in MODELS.items():
        for figure, truth in truths(believed[model]).items():
            told = [
                one
                for one in found
                if (one.variant, one.figure) == (variant, figure) and one.bounded and one.valid
            ]
            if told:
                yield Line(
                    variant=variant,
                    figure=figure,
                    truth=truth,
                    mean=statistics.fmean(one.value for one in told),
                    width=statistics.fmean(one.high - one.low for one in told),
                    runs=len(told),
                    hits=sum(one.covers(truth) for one in told),
                    fewest=fewest_hits(len(told), flags.bar, flags.false_alarm),
                )


def of_the_times(found: Sequence[Sight], believed: Mapping[str, Law]) -> Iterator[str]:
    """How true they are beside the server's notes, and what those are worth that were called invalid."""
    for figure in ("p50_ms", "p95_ms"):
        told = [one for one in found if one.figure == figure]
        errors = [one.error for one in told if one.valid]
        invalid = [one for one in told if not one.valid and one.bounded]
        covered = sum(one.covers(truths(believed[MODELS[one.variant]])[figure]) for one in invalid)
        if errors:
            late_ms = statistics.fmean(one.late_ms for one in told if one.valid)
            yield (
                f"{figure} against the server's own notes: median error {100 * statistics.median(errors):+.2f} %, "
                f"nine in ten within {100 * statistics.quantiles(map(abs, errors), n=10)[-1]:.2f} %, "
                f"which were {late_ms:.2f} ms late on average"
            )
        if invalid:
            share = f"{covered} of {len(invalid)} ({100 * covered / len(invalid):.1f} %)"
            yield f"{figure} called invalid by the harness itself, and left out above: {share} cover the truth"


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=seeds, default=seeds("1-1000"))
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--median-ms", type=float, default=50.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    parser.add_argument("--bar", type=float, default=0.93)
    parser.add_argument("--false-alarm", type=float, metavar="P")
    parser.add_argument("--lie", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    flags = parser.parse_args()
    believed = laws(flags.median_ms, flags.sigma)
    served = {name: lied(law) for name, law in believed.items()} if flags.lie else believed
    design = Design(
        models=MODELS,
        sizes={"golden": flags.examples},
        repeats=flags.repeats,
        concurrency=CONCURRENCY,
    )
    with serving(served) as server, tempfile.TemporaryDirectory() as folder:

        def told(seed: int) -> list[dict[str, Any]]:
            ended = ran(Path(folder) / "run", server.url, design, seed)
            return [asdict(one) for one in sights(ended.summary, server.account())]

        found = [Sight(**one) for run in each(flags.seeds, flags.keep, told) for one in run]
    table = list(lines(found, believed, flags))
    show(TITLES, WIDTHS)
    for line in table:
        show(line.cells(), WIDTHS)
    print(*of_the_times(found, believed), sep="\n")
    if flags.json:
        flags.json.write_text(json.dumps([{**asdict(line), "holds": line.holds} for line in table], indent=2))
    return int(not all(line.holds for line in table))


if __name__ == "__main__":
    sys.exit(main())
