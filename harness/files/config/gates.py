"""Gates: the rows that can be judged, and those that wait for a later version."""

from collections.abc import Iterator, Sequence

from harness.files.config.shape import Gate as Row
from harness.files.config.site import Site
from harness.types.experiment import Gate

JUDGED = ("latency_p50_ms", "latency_p95_ms")
"""Metrics that can be held against an absolute bound, of a whole trial or of one of its stages."""


def gates(rows: Sequence[Row], site: Site) -> tuple[Gate, ...]:
    """Every gate that can be judged."""
    return tuple(
        Gate(
            metric=row.metric,
            partition=row.partition or "golden",
            variant=row.variant,
            stage=row.stage,
            at_least=row.at_least,
            at_most=row.at_most,
            judge=row.judge,
            inconclusive=row.inconclusive,
            advisory=row.advisory,
            where=site.where("gates", n),
        )
        for n, row in enumerate(rows)
        if _is_judged(row)
    )


def waiting(rows: Sequence[Row]) -> Iterator[int]:
    """The places of those that cannot be judged yet."""
    return (n for n, row in enumerate(rows) if not _is_judged(row))


def _is_judged(row: Row) -> bool:
    return row.metric in JUDGED and (row.at_least is not None or row.at_most is not None)
