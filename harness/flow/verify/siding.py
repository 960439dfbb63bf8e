"""One variant on one partition by example, and which examples of two of them are pairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan

from harness.flow.verify.estimating import primary_of, scored
from harness.flow.verify.timing import first_token, live, stage_times
from harness.flow.verify.trials import Cell, Held, Line, codes
from harness.stats.means import example_means
from harness.text.canonical import digest
from harness.types.comparison import Baseline, Side
from harness.types.panel import SCHEMA_METRIC

WHOLE, FIRST_TOKEN = "", "first token"
"""Keys of times beside the names of stages."""
SCHEMA, COST, COVERAGE = "schema_failure_rate", "cost_usd_per_1k", "coverage"
_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSide:
    """One variant on one partition, in mappings by example."""

    variant: str
    partition: str
    examples: tuple[str, ...]
    """Planned, sorted."""
    rows: Mapping[str, str]
    """Example → digest of its row."""
    tags: Mapping[str, Sequence[str]]
    repeats: int
    marks: Mapping[str, Mapping[str, float]]
    """Metric → example → the mean of its repeats; an example without a value is not in it."""
    times: Mapping[str, Mapping[str, Sequence[float]]]
    """WHOLE, FIRST_TOKEN or a stage → example → milliseconds of its live repeats."""
    hung: frozenset[str] = frozenset()
    """Keys of times of which a sample stands at the limit."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """Metric, `schema` and `prices` → digest of what it was judged by; empty where nobody will ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBaseline:
    """What is kept of an earlier run."""

    sides: Mapping[tuple[str, str], PlainSide]
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """One metric of two sides: the examples that both have a value of, and the others."""

    ids: Sequence[str]
    a: Sequence[float]
    b: Sequence[float]
    missing: Sequence[str]
    """a was asked and has no value, b has one."""
    absent: Sequence[str]
    """a was never asked, b has a value."""
    new: Sequence[str]
    changed: Sequence[str]


def side_of(held: Held, variant: str, partition: str) -> PlainSide:
    """Lay out one side; an example that was planned and never tried has no value."""
    cell, examples = held.cell(variant, partition), _planned(held, variant, partition)
    known = frozenset(examples)
    marks = {metric["name"]: _means(scored(cell, metric["name"])) for metric in held.manifest["metrics"]}
    if any(SCHEMA_METRIC in trial.scores for trial in cell):
        valid = _means(scored(cell, SCHEMA_METRIC))
        marks[SCHEMA] = {example: 1 - value for example, value in valid.items()}
    marks[COST] = _costs(cell)
    marks[COVERAGE] = _coverage(held, cell, examples)
    times, hung = _times(cell, held.manifest["timeout_s"] * 1000, known)
    return PlainSide(
        variant=variant,
        partition=partition,
        examples=examples,
        rows={example: held.examples[example]["digest"][:_DIGITS] for example in examples},
        tags={example: held.examples[example].get("tags") or () for example in examples},
        repeats=held.manifest.get("repeats") or 1,
        marks={
            name: {one: value for one, value in found.items() if one in known}
            for name, found in marks.items()
        },
        times=times,
        hung=hung,
        identity=_identity(held.manifest, variant),
    )


def _identity(manifest: Line, variant: str) -> dict[str, str]:
    told = {metric["name"]: metric.get("digest", "") for metric in manifest["metrics"]}
    prices = (manifest.get("prices") or {}).get(variant) or {}
    return {**told, "schema": digest(manifest["schema"])[:_DIGITS], "prices": digest(prices)[:_DIGITS]}


def plain_baseline(baseline: Baseline) -> PlainBaseline:
    """A baseline in mappings by example."""
    return PlainBaseline(
        sides={whose: _plain(side) for whose, side in baseline.sides.items()}, control=baseline.control
    )


def _plain(side: Side) -> PlainSide:
    return PlainSide(
        variant=side.variant,
        partition=side.partition,
        examples=side.examples,
        rows=dict(zip(side.examples, side.digests, strict=True)),
        tags=dict(zip(side.examples, side.tags, strict=True)),
        repeats=side.repeats,
        marks={
            metric: {
                example: float(mark)
                for example, mark in zip(side.examples, marks, strict=True)
                if not isnan(mark)
            }
            for metric, marks in side.marks.items()
        },
        times={
            key: _by_example(
                (side.examples[at], float(ms)) for ms, at in zip(times.ms, times.examples, strict=True)
            )
            for key, times in side.times.items()
        },
        identity=side.identity,
    )


def _planned(held: Held, variant: str, partition: str) -> tuple[str, ...]:
    """Of a run of chosen trials, of a sampled variant and of one that was stopped, the examples that it was asked."""
    manifest = held.manifest
    ids = {name for name, line in held.examples.items() if line["partition"] == partition}
    only = (manifest.get("selection") or {}).get("only")
    if only is not None:
        ids &= {trial[2] for trial in only if trial[0] == variant}
    sampled = (manifest.get("sampled") or {}).get(variant)
    if sampled is not None:
        ids &= set(sampled)
    if variant in held.stopped:
        ids &= {trial.example for trial in held.cell(variant, partition)}
    return tuple(sorted(ids))


def _means(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    rows = list(values)
    names = [example for example, _ in rows]
    means = example_means([value for _, value in rows], codes(names))
    return dict(zip(sorted(set(names)), means.tolist(), strict=True))


def _costs(cell: Cell) -> dict[str, float]:
    """Dollars for a thousand, of what brought an answer; an example of which one is unpriced has none."""
    came = [trial for trial in cell if trial.came]
    unpriced = {trial.example for trial in came if trial.usd is None}
    priced = [(trial.example, trial.usd * 1000) for trial in came if trial.usd is not None]
    return {example: usd for example, usd in _means(priced).items() if example not in unpriced}


def _coverage(held: Held, cell: Cell, examples: Sequence[str]) -> dict[str, float]:
    """The share of an example's planned trials that were scored."""
    primary, repeats = primary_of(held.manifest), max(held.manifest.get("repeats") or 1, 1)
    counts = dict.fromkeys(examples, 0)
    for trial in cell:
        judged = trial.came if primary is None else trial.value(primary["name"]) is not None
        if trial.example in counts:
            counts[trial.example] += judged
    return {example: count / repeats for example, count in counts.items()}


def _times(
    cell: Cell, limit_ms: float, known: frozenset[str]
) -> tuple[dict[str, dict[str, list[float]]], frozenset[str]]:
    """The live times of the planned examples, and which of them have a sample at the limit."""
    timed = live(cell, limit_ms)
    samples = [trial for trial, _ in timed]
    found = {
        key: [(trial.example, ms) for trial, ms in rows]
        for key, rows in {WHOLE: timed, **stage_times(samples)}.items()
    }
    hung = {
        key
        for trial in samples
        if trial.kind == "timed_out"
        for key in (WHOLE, *(stage.name for stage in trial.stages if stage.ended))
    }
    token = first_token(samples, limit_ms)
    if token is not None:
        found[FIRST_TOKEN] = list(zip(token.examples, token.ms, strict=True))
        hung |= {FIRST_TOKEN} if token.ceiling_ms is not None else set()
    times = {key: _by_example(row for row in rows if row[0] in known) for key, rows in found.items()}
    return {key: rows for key, rows in times.items() if rows}, frozenset(hung)


def _by_example(rows: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for example, ms in rows:
        found.setdefault(example, []).append(ms)
    return found


def paired(a: PlainSide, b: PlainSide, metric: str) -> Paired:
    """Pair the examples whose row is the same and that both have a value of."""
    ours, theirs = a.marks.get(metric, {}), b.marks.get(metric, {})
    shared = [example for example in a.examples if example in b.rows]
    same = [example for example in shared if a.rows[example] == b.rows[example]]
    ids = [example for example in same if example in ours and example in theirs]
    beside = {example for example in a.examples if example not in b.rows}
    beside |= {example for example in same if example not in theirs}
    return Paired(
        ids=ids,
        a=[ours[example] for example in ids],
        b=[theirs[example] for example in ids],
        missing=[example for example in same if example not in ours and example in theirs],
        absent=[example for example in b.examples if example not in a.rows and example in theirs],
        new=sorted(example for example in beside if example in ours),
        changed=[example for example in shared if a.rows[example] != b.rows[example]],
    )


def paired_times(a: PlainSide, b: PlainSide, key: str) -> tuple[list[Sequence[float]], list[Sequence[float]]]:
    """The times of both, example by example, of those that both have one of."""
    ours, theirs = a.times.get(key, {}), b.times.get(key, {})
    ids = [
        example
        for example in a.examples
        if example in b.rows
        and a.rows[example] == b.rows[example]
        and ours.get(example)
        and theirs.get(example)
    ]
    return [ours[example] for example in ids], [theirs[example] for example in ids]


def shares_of(manifest: Line) -> frozenset[str]:
    """The metrics that are shares in [0, 1]."""
    declared = (metric["name"] for metric in manifest["metrics"] if metric.get("judges") != "facts")
    return frozenset((*declared, SCHEMA, COVERAGE))


def betters_of(manifest: Line) -> dict[str, str]:
    """Metric → which way is better; one of which nobody has said it is not in it."""
    declared = {one["name"]: one.get("better", "higher") for one in manifest["metrics"]}
    always = {SCHEMA: "lower", COST: "lower", COVERAGE: "higher"}
    return {name: better for name, better in {**declared, **always}.items() if better is not None}
