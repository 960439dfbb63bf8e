"""One variant on one partition: its rows of the columns, and the figures that they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.columns import Columns
from harness.stats.contexts import context_size
from harness.stats.costs import cost
from harness.stats.estimates import amount, share
from harness.stats.latencies import latency
from harness.stats.rates import clopper_pearson_upper
from harness.stats.reasons import reasons
from harness.types.figures import Abstentions, Estimate, PartitionSummary, Quality, SchemaHealth, TagSlice
from harness.types.panel import SCHEMA_METRIC
from harness.types.record import OUTCOMES
from harness.types.run import Manifest, MetricInfo
from harness.types.summary import Overhead

if TYPE_CHECKING:
    import pandas as pd

_VALIDITY = MetricInfo(name=SCHEMA_METRIC, scorer="schema", primary=False)
_CITED = ("fabricated", "out_of_context", "irrelevant", "incomplete", "uncited", "sound")
"""Labels of the scorer `citations`, the worst first."""
_KINDS = ("empty", "not_json", "fenced", "invalid", "truncated", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One variant on one partition: frames as in Columns, `scores` with the example and tags of its trial."""

    variant: str
    partition: str
    planned: int
    trials: "pd.DataFrame"
    stages: "pd.DataFrame"
    scores: "pd.DataFrame"
    tags: tuple[tuple[str, ...], ...]
    first: Mapping[str, float]
    """Stage → milliseconds of the variant's warm-up."""

    def scored(self, metric: str) -> "pd.DataFrame":
        """The rows of one metric that have a value."""
        return self.scores[self.scores["metric"] == metric].dropna(subset=["value"])


def cell(data: Columns, variant: str, partition: str, planned: int) -> Cell:
    """Cut one out of the columns."""
    trials = data.trials[(data.trials["variant"] == variant) & (data.trials["partition"] == partition)]
    scores = data.scores[data.scores.index.isin(trials.index)]
    return Cell(
        variant=variant,
        partition=partition,
        planned=planned,
        trials=trials,
        stages=data.stages[data.stages.index.isin(trials.index)],
        scores=scores.join(trials[["example", "tags"]]),
        tags=data.tags,
        first=data.first.get(variant, {}),
    )


def partition(manifest: Manifest, cell: Cell, overhead: Overhead | None) -> PartitionSummary:
    """Every figure of one variant on one partition."""
    trials = cell.trials
    kinds = trials["kind"].value_counts()
    primary = manifest.primary
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
        latency=latency(
            trials, cell.stages, timeout_s=manifest.timeout_s, overhead=measured, first=cell.first
        ),
        by_tag=_by_tag(cell, primary),
        abstentions=_abstentions(manifest, cell, primary),
        context=context_size(trials),
        citations=_citations(manifest, cell),
    )


def _came(trials: "pd.DataFrame") -> int:
    return int((~trials["kind"].isin(("failed", "timed_out"))).sum())


def _estimate(cell: Cell, metric: MetricInfo, within: "pd.Series | None" = None) -> Estimate:
    """Estimate one metric, over the trials `within` (a mask on the trials) or over all."""
    trials = cell.trials if within is None else cell.trials[within]
    rows = cell.scored(metric.name)
    rows = rows if within is None else rows[rows.index.isin(trials.index)]
    estimate = amount if metric.judges == "facts" else share
    return estimate(rows["value"].to_numpy(), rows["example"].to_numpy(), unscored=len(trials) - len(rows))


def _quality(cell: Cell, metric: MetricInfo) -> Quality:
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


def _schema(cell: Cell) -> SchemaHealth | None:
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


def _by_tag(cell: Cell, primary: MetricInfo | None) -> dict[str, TagSlice]:
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


def _abstentions(manifest: Manifest, cell: Cell, primary: MetricInfo | None) -> Abstentions | None:
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


def _citations(manifest: Manifest, cell: Cell) -> dict[str, int] | None:
    metrics = [metric.name for metric in manifest.metrics if metric.scorer == "citations"]
    if not metrics:
        return None
    labels = cell.scores[cell.scores["metric"].isin(metrics)]["label"].dropna().astype(str)
    worst = labels.map(_CITED.index).groupby(level=0).min().value_counts()
    return {label: int(worst.get(rank, 0)) for rank, label in enumerate(_CITED)}
