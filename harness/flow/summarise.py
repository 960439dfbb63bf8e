"""From records and judgements to a Summary: every figure of summary.json, and nothing that is not on disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.columns import Columns, columns
from harness.stats.costs import cost
from harness.stats.estimates import amount, share
from harness.stats.latencies import CLIENTS_CLOCK, latency
from harness.stats.overhead import overhead as weight
from harness.stats.power import detectable_difference
from harness.stats.rates import clopper_pearson_upper
from harness.stats.reasons import reasons
from harness.text.figures import count, percent
from harness.types.panel import SCHEMA_METRIC
from harness.types.record import OUTCOMES, Record
from harness.types.run import Manifest, MetricInfo, Probe
from harness.types.score import Judgement
from harness.types.summary import (
    Abstentions,
    Estimate,
    Notice,
    Overhead,
    PartitionSummary,
    Quality,
    RunInfo,
    SchemaHealth,
    Summary,
    TagSlice,
    VariantSummary,
)

if TYPE_CHECKING:
    import pandas as pd

_VALIDITY = MetricInfo(name=SCHEMA_METRIC, scorer="schema", primary=False)
_KINDS = ("empty", "not_json", "fenced", "invalid", "truncated", "refused")
_P95_SAMPLES = 72
_FEW_EXAMPLES = 50


def summarise(
    manifest: Manifest,
    records: Iterable[Record],
    judgements: Iterable[Judgement],
    probes: Iterable[Probe],
    *,
    finished_at: str,
) -> Summary:
    """Compute summary.json from what a run left on disk.

    Each stream is read once, line by line. The last record of a trial counts; warm-ups never do. The example is the
    unit: its repeats are averaged first, over those that have a score; an example without any is left out of the value
    and stands as wrong in `worst_case`. Partitions are never pooled. What is unknown is None.
    """
    data = columns(records, judgements)
    overhead = weight(probes, manifest.concurrency) if any(manifest.live.values()) else None
    variants: dict[str, VariantSummary] = {}
    notices: list[Notice] = []
    recorded = 0
    for variant, plan in manifest.plan.items():
        partitions: dict[str, PartitionSummary] = {}
        for partition, planned in plan.items():
            cell = _cell(data, variant, partition, planned)
            partitions[partition] = part = _partition(manifest, cell, overhead)
            recorded += part.trials
            notices += _cell_notices(cell, part)
        layers = tuple(manifest.layers.get(variant, ()))
        variants[variant] = VariantSummary(layers=layers, partitions=partitions)
    run = _run_info(manifest, recorded, finished_at)
    return Summary(
        run=run,
        variants=variants,
        warnings=(*_run_notices(run, recorded, variants, overhead), *notices),
        overhead=overhead,
        control=manifest.control,
        metrics={metric.name: metric.scorer for metric in manifest.metrics},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One variant on one partition: frames as in Columns, `scores` with the example and tags of its trial."""

    variant: str
    partition: str
    planned: int
    trials: "pd.DataFrame"
    stages: "pd.DataFrame"
    scores: "pd.DataFrame"
    tags: tuple[tuple[str, ...], ...]

    def scored(self, metric: str) -> "pd.DataFrame":
        """The rows of one metric that have a value."""
        return self.scores[self.scores["metric"] == metric].dropna(subset=["value"])


def _cell(data: Columns, variant: str, partition: str, planned: int) -> _Cell:
    trials = data.trials[(data.trials["variant"] == variant) & (data.trials["partition"] == partition)]
    scores = data.scores[data.scores.index.isin(trials.index)]
    return _Cell(
        variant=variant,
        partition=partition,
        planned=planned,
        trials=trials,
        stages=data.stages[data.stages.index.isin(trials.index)],
        scores=scores.join(trials[["example", "tags"]]),
        tags=data.tags,
    )


def _run_info(manifest: Manifest, recorded: int, finished_at: str) -> RunInfo:
    planned = sum(trials for plan in manifest.plan.values() for trials in plan.values())
    return RunInfo(
        id=manifest.id,
        experiment=manifest.experiment,
        evalset_digest=manifest.evalset_digest,
        config_digest=manifest.config_digest,
        started_at=manifest.started_at,
        finished_at=finished_at,
        complete=recorded >= planned,
        seed=manifest.seed,
        planned=planned,
        notes=tuple(manifest.notes),
    )


def _partition(manifest: Manifest, cell: _Cell, overhead: Overhead | None) -> PartitionSummary:
    trials = cell.trials
    kinds = trials["kind"].value_counts()
    primary = _primary(manifest)
    quality = _quality(cell, primary) if primary else None
    scored = len(trials) - quality.unscored if quality else _came(trials)
    measured = overhead if manifest.live.get(cell.variant, True) else None
    return PartitionSummary(
        examples=int(trials["example"].nunique()),
        trials=len(trials),
        planned=cell.planned,
        outcomes={kind: int(kinds[kind]) for kind in OUTCOMES if kinds.get(kind, 0)},
        errors=reasons(cell.trials["error"]),
        scored=scored,
        unscored=len(trials) - scored,
        coverage=scored / cell.planned if cell.planned else None,
        quality=quality,
        metrics={metric.name: _estimate(cell, metric) for metric in manifest.metrics},
        schema=_schema(cell),
        cost=cost(trials, cell.stages),
        latency=latency(trials, cell.stages, timeout_s=manifest.timeout_s, overhead=measured),
        by_tag=_by_tag(cell, primary),
        abstentions=_abstentions(manifest, cell, primary),
    )


def _primary(manifest: Manifest) -> MetricInfo | None:
    judged = [metric for metric in manifest.metrics if metric.judges != "facts"]
    return next((metric for metric in manifest.metrics if metric.primary), judged[0] if judged else None)


def _came(trials: "pd.DataFrame") -> int:
    return int((~trials["kind"].isin(("failed", "timed_out"))).sum())


def _estimate(cell: _Cell, metric: MetricInfo, within: "pd.Series | None" = None) -> Estimate:
    """Estimate one metric, over the trials `within` (a mask on the trials) or over all."""
    trials = cell.trials if within is None else cell.trials[within]
    rows = cell.scored(metric.name)
    rows = rows if within is None else rows[rows.index.isin(trials.index)]
    estimate = amount if metric.judges == "facts" else share
    return estimate(rows["value"].to_numpy(), rows["example"].to_numpy(), unscored=len(trials) - len(rows))


def _quality(cell: _Cell, metric: MetricInfo) -> Quality:
    """A partition plans the same number of repeats of each example: wrong ones add nothing to the sum."""
    estimate = _estimate(cell, metric)
    values = cell.scored(metric.name)["value"]
    total = float(values.sum())
    bounded = metric.judges != "facts" and bool(values.between(0, 1).all())
    return Quality(
        value=estimate.value,
        ci=estimate.ci,
        method=estimate.method,
        n=estimate.n,
        unscored=estimate.unscored,
        metric=metric.name,
        worst_case=total / cell.planned if bounded and cell.planned and len(cell.trials) else None,
    )


def _schema(cell: _Cell) -> SchemaHealth | None:
    """None where the answer is free text: nothing was held against a schema."""
    if not (cell.scores["metric"] == SCHEMA_METRIC).any():
        return None
    rows = cell.scored(SCHEMA_METRIC)
    examples = rows["example"].to_numpy()
    strict = share(1 - rows["value"].to_numpy(), examples)
    lenient = share(1 - rows["lenient"].fillna(rows["value"]).to_numpy(), examples)
    failed = rows[rows["value"] < 1]
    kinds = {str(kind): int(number) for kind, number in failed["label"].value_counts().items() if number}
    return SchemaHealth(
        failures=len(failed),
        n=len(rows),
        rate=strict.value,
        ci=strict.ci,
        upper95=clopper_pearson_upper((strict.value or 0.0) * strict.n, strict.n),
        kinds={**dict.fromkeys(_KINDS, 0), **kinds},
        lenient_rate=lenient.value,
    )


def _by_tag(cell: _Cell, primary: MetricInfo | None) -> dict[str, TagSlice]:
    present = [int(code) for code in cell.trials["tags"].unique()]
    slices: dict[str, TagSlice] = {}
    for tag in sorted({tag for code in present for tag in cell.tags[code]}):
        within = cell.trials["tags"].isin([code for code in present if tag in cell.tags[code]])
        validity = _estimate(cell, _VALIDITY, within)
        slices[tag] = TagSlice(
            n=int(cell.trials["example"][within].nunique()),
            quality=_estimate(cell, primary, within) if primary else None,
            schema=_complement(validity) if validity.n else None,
        )
    return slices


def _complement(estimate: Estimate) -> Estimate:
    """Turn the share that is valid into the share that is not."""
    value, (low, high) = estimate.value, estimate.ci
    return Estimate(
        value=None if value is None else 1 - value,
        ci=(None if high is None else 1 - high, None if low is None else 1 - low),
        method=estimate.method,
        n=estimate.n,
        unscored=estimate.unscored,
    )


def _abstentions(manifest: Manifest, cell: _Cell, primary: MetricInfo | None) -> Abstentions | None:
    """An answer is right where neither metric says that it is wrong."""
    metric = next((metric for metric in manifest.metrics if metric.scorer == "abstention"), None)
    if metric is None:
        return None
    rows = cell.scored(metric.name)
    abstained, rightly = rows["label"].astype(str).str.startswith("abstained"), rows["value"] >= 0.5
    right = rightly
    if primary is not None:
        marks = cell.scored(primary.name)["value"].reindex(rows.index)
        right = rightly & ~(marks < 0.5)
    return Abstentions(
        right=int((~abstained & right).sum()),
        abstained_rightly=int((abstained & rightly).sum()),
        abstained_wrongly=int((abstained & ~rightly).sum()),
        confidently_wrong=int((~abstained & ~right).sum()),
    )


def _run_notices(
    run: RunInfo, recorded: int, variants: Mapping[str, VariantSummary], overhead: Overhead | None
) -> Iterator[Notice]:
    if not run.complete:
        message = f"{count(recorded)} of {count(run.planned)} planned trials have a record"
        yield Notice(code="run_incomplete", message=message)
    parts = [(name, part) for one in variants.values() for name, part in one.partitions.items()]
    if not any(name == "edge" for name, _ in parts):
        yield Notice(code="no_edge_partition", message="no edge cases: nothing is known of unusual input")
    golden = max((part.examples for name, part in parts if name == "golden"), default=0)
    if run.complete and 0 < golden < _FEW_EXAMPLES:
        shown = detectable_difference(golden)
        least = (
            "even a large difference" if shown is None else f"a difference of under {100 * shown:.0f} points"
        )
        message = f"{golden} golden examples are too few to show {least}"
        yield Notice(code="few_examples", message=message, partition="golden")
    if overhead is not None:
        yield from _overhead_notices(overhead, variants)


def _overhead_notices(overhead: Overhead, variants: Mapping[str, VariantSummary]) -> Iterator[Notice]:
    """Say once what holds for the whole run, else where the times are too short for what the harness weighs."""
    invalid = "latencies cannot be trusted"
    if not overhead.valid:
        yield Notice(code="latency_invalid", message=f"{invalid}: {overhead.why}")
    else:
        for variant, one in variants.items():
            for name, part in one.partitions.items():
                if part.latency.n_live and not part.latency.valid:
                    message = f"{invalid}: {part.latency.why}"
                    yield Notice(code="latency_invalid", message=message, variant=variant, partition=name)
    reached, asked = overhead.in_flight_p95, overhead.concurrency
    if overhead.lowered and reached is not None and reached < 0.9 * asked:
        message = (
            f"{count(reached)} trials were in flight, not the {count(asked)} that were asked for: the harness lowered "
            "its own pace, since more would have made its clock come late"
        )
        yield Notice(code="pace_lowered", message=message)


def _cell_notices(cell: _Cell, part: PartitionSummary) -> Iterator[Notice]:
    for code, applies, message in _CHECKS:
        if part.trials and applies(cell, part):
            yield Notice(code=code, message=message(part), variant=cell.variant, partition=cell.partition)
    for dropped in cell.trials["dropped"].dropna().unique():
        told = f"asked without {dropped}, which the model does not take: its default stood instead"
        yield Notice(code="dropped_parameters", message=told, variant=cell.variant, partition=cell.partition)
    for metric, scores in cell.scores.groupby("metric", observed=True):
        if found := reasons(scores["fault"]):
            lost = f"{count(int(scores['fault'].notna().sum()))} of {count(len(scores))} trials"
            told = f"metric '{metric}' could not judge {lost}{_most_often(found)}"
            yield Notice(code="scorer_failed", message=told, variant=cell.variant, partition=cell.partition)


def _most_often(found: Mapping[str, int]) -> str:
    """The commonest reason, in words that go on a sentence; nothing where there is none."""
    return f"; {'most often ' if len(found) > 1 else ''}{next(iter(found))}" if found else ""


def _is_identical(cell: _Cell, _: PartitionSummary) -> bool:
    came = cell.trials[cell.trials["answer"] >= 0]
    return came["example"].nunique() >= 5 and came["answer"].nunique() == 1


def _is_uncovered(_: _Cell, part: PartitionSummary) -> bool:
    return part.scored > 0 and part.trials > part.scored


def _has_open_p95(_: _Cell, part: PartitionSummary) -> bool:
    return part.latency.n_live > 0 and part.latency.p95_ci[1] is None


def _open_p95_message(part: PartitionSummary) -> str:
    if part.latency.timed_out and part.latency.n_live >= _P95_SAMPLES:
        return "P95 has no upper bound: time-outs reach it, and how long they would have taken is unknown"
    return f"P95 has no upper bound: a two-sided 95 % interval needs {_P95_SAMPLES} independent samples"


def _coverage_message(part: PartitionSummary) -> str:
    lost = [
        f"{count(part.outcomes[kind])} {kind}" for kind in ("failed", "timed_out") if kind in part.outcomes
    ]
    unjudged = part.unscored - sum(part.outcomes.get(kind, 0) for kind in ("failed", "timed_out"))
    lost += [f"{count(unjudged)} answered without a score"] if unjudged > 0 else []
    worst = part.quality.worst_case if part.quality else None
    bound = "" if worst is None else f"; {percent(worst)} % if the rest were wrong"
    return (
        f"{count(part.scored)} of {count(part.planned)} planned trials are scored ({', '.join(lost)}){bound}"
        f"{_most_often(part.errors)}"
    )


_Check = tuple[str, Callable[[_Cell, PartitionSummary], bool], Callable[[PartitionSummary], str]]

_CHECKS: tuple[_Check, ...] = (
    (
        "nothing_scored",
        lambda _, part: part.scored == 0,
        lambda part: (
            f"no trial has a score ({', '.join(f'{count(n)} {kind}' for kind, n in part.outcomes.items())})"
            f"{_most_often(part.errors)}"
        ),
    ),
    ("incomplete_coverage", _is_uncovered, _coverage_message),
    ("identical_answers", _is_identical, lambda _: "every answer is the same text"),
    (
        "truncated",
        lambda _, part: part.outcomes.get("truncated", 0) > 0,
        lambda part: f"{count(part.outcomes['truncated'])} answers ran into the output limit (max_tokens)",
    ),
    (
        "unpriced",
        lambda _, part: part.cost.unpriced > 0,
        lambda part: f"{count(part.cost.unpriced)} of {count(part.trials)} trials have no known price",
    ),
    (
        "no_live_samples",
        lambda _, part: part.latency.n_live == 0,
        lambda part: f"no latency: {part.latency.why}",
    ),
    ("p95_upper_not_estimable", _has_open_p95, _open_p95_message),
    (
        "clients_clock",
        lambda _, part: part.latency.method.startswith(CLIENTS_CLOCK),
        lambda _: (
            "latency is on the client's clock: its own work on each call is in it, unlike in times of the wire"
        ),
    ),
)
