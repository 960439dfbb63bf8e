"""Quality: every declared metric of every variant, with its interval and its worst case."""

from collections.abc import Iterator

from harness.text.figures import UNKNOWN, amount, bound_places, count, percent, share
from harness.types.figures import Estimate, PartitionSummary
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary


def quality(summary: Summary) -> tuple[Block, ...]:
    """Show one table a partition; nothing where the config declares no metric."""
    if not summary.metrics:
        return ()
    explained = (
        "Shares are in per cent, quantities in their own unit. The worst case counts every planned trial without a "
        "score as wrong. Rows stand in the order of the config: where intervals overlap, this is not a ranking."
    )
    blocks: list[Block] = [Heading(text="Quality"), Text(text=explained)]
    for partition, parts in summary.by_partition().items():
        rows = [row for metric in summary.metrics for row in _rows(metric, parts)]
        columns = (
            "Metric",
            "Variant",
            "Value [95 % CI]",
            "Interval",
            "Examples",
            "Unscored trials",
            "Worst case %",
        )
        blocks.append(Table(columns=columns, rows=tuple(rows), title=partition, numeric=(2, 4, 5, 6)))
    return tuple(blocks)


def _rows(metric: str, parts: dict[str, PartitionSummary]) -> Iterator[tuple[str, ...]]:
    estimates = {variant: part.metrics[metric] for variant, part in parts.items() if metric in part.metrics}
    places = bound_places(estimate.ci for estimate in estimates.values())
    for variant, estimate in estimates.items():
        quality = parts[variant].quality
        primary = quality if quality and quality.metric == metric else None
        yield (
            f"{metric} (primary)" if primary else metric,
            variant,
            _value(estimate, places),
            estimate.method if estimate.n else UNKNOWN,
            count(estimate.n),
            count(estimate.unscored),
            percent(primary.worst_case) if primary else "",
        )


def _value(estimate: Estimate, places: int) -> str:
    if estimate.method.startswith("Wilson"):
        return share(estimate.value, estimate.ci, places)
    return amount(estimate.value, estimate.ci)
