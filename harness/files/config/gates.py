"""Gates: the promises that a run is judged by."""

from collections.abc import Sequence

from harness.files.config.shape import Gate as Row
from harness.files.config.site import Site
from harness.types.experiment import Gate


def gates(rows: Sequence[Row], site: Site) -> tuple[Gate, ...]:
    """Every row under `gates:`."""
    return tuple(
        Gate(
            metric=row.metric,
            partition=row.partition or "golden",
            variant=row.variant,
            stage=row.stage,
            at_least=row.at_least,
            at_most=row.at_most,
            versus=row.versus,
            margin=row.margin,
            certify_below=row.certify_below,
            judge=row.judge,
            inconclusive=row.inconclusive,
            advisory=row.advisory,
            where=site.where("gates", n),
        )
        for n, row in enumerate(rows)
    )
