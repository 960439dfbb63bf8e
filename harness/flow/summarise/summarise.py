"""The step itself: one pass over what a run left on disk, partition by partition."""

from harness.flow.summarise.cells import cell, partition
from harness.flow.summarise.notices import cell_notices, run_notices
from harness.stats.columns import columns
from harness.stats.overhead import overhead as weight
from harness.types.run import Manifest, Traces
from harness.types.summary import Notice, PartitionSummary, RunInfo, Summary, VariantSummary


def summarise(
    manifest: Manifest,
    traces: Traces,
    *,
    finished_at: str,
) -> Summary:
    """Compute summary.json from what a run left on disk.

    Each stream is read once, line by line. The last record of a trial counts; warm-ups never do. The example is the
    unit: its repeats are averaged first, over those that have a score; an example without any is left out of the value
    and stands as wrong in `worst_case`. Partitions are never pooled. What is unknown is None.
    """
    data = columns(traces.records, traces.judgements)
    overhead = weight(traces.probes, manifest.concurrency) if any(manifest.live.values()) else None
    variants: dict[str, VariantSummary] = {}
    notices: list[Notice] = []
    recorded = 0
    for variant, plan in manifest.plan.items():
        partitions: dict[str, PartitionSummary] = {}
        for name, planned in plan.items():
            rows = cell(data, variant, name, planned)
            partitions[name] = part = partition(manifest, rows, overhead)
            recorded += part.trials
            notices += cell_notices(rows, part)
        layers = tuple(manifest.layers.get(variant, ()))
        variants[variant] = VariantSummary(layers=layers, partitions=partitions)
    run = _run_info(manifest, recorded, finished_at)
    return Summary(
        run=run,
        variants=variants,
        warnings=(*run_notices(run, recorded, variants, overhead), *notices),
        overhead=overhead,
        control=manifest.control,
        metrics={metric.name: metric.scorer for metric in manifest.metrics},
        indexes=tuple(traces.indexes),
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
