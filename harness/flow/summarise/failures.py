"""Where one retrieval variant fails on one partition, from its own trials and from those of its controls."""

from typing import TYPE_CHECKING

from harness.flow.summarise.cells import Cell, cell, primary_of
from harness.stats.blame import blame
from harness.stats.columns import Columns
from harness.types.panel import SCHEMA_METRIC
from harness.types.run import Manifest, MetricInfo
from harness.types.summary import Blame

if TYPE_CHECKING:
    import pandas as pd


def failures(manifest: Manifest, data: Columns, own: Cell) -> Blame | None:
    """Split the wrong answers of a variant by their cause.

    None for a variant that looks nothing up, for one that the harness added, and where the primary metric is no share.
    """
    primary = primary_of(manifest)
    if primary is None or primary.judges == "facts" or own.variant in manifest.aid:
        return None
    reach = own.trials["reach"]
    if own.variant not in manifest.absent and not (reach.notna() & (reach != "nothing")).any():
        return None
    trials = own.trials[["example", "repeat", "reach"]].assign(
        mark=own.scored(primary.name)["value"].reindex(own.trials.index), broken=_broken(own, primary)
    )
    aided = manifest.aided.get(own.variant, {})
    controls = {aid: _marks(manifest, data, (name, own.partition), primary) for aid, name in aided.items()}
    return blame(trials, controls)


def _broken(own: Cell, primary: MetricInfo) -> "pd.Series":
    """Trials whose answer has the wrong form, as far as the metric minds; a refusal is none of them."""
    cut_off = own.trials["kind"] == "truncated"
    if primary.judges != "answer":
        return cut_off
    schema = own.scored(SCHEMA_METRIC)
    against = schema[(schema["value"] < 1) & (schema["label"] != "refused")]
    if primary.lenient:
        against = against[against["lenient"] != 1]
    return cut_off | own.trials.index.isin(against.index)


def _marks(manifest: Manifest, data: Columns, at: tuple[str, str], primary: MetricInfo) -> "pd.Series | None":
    """The control's marks by example and repeat; None where it was not asked on this partition."""
    variant, partition = at
    planned = manifest.plan.get(variant, {}).get(partition)
    if not planned:
        return None
    control = cell(data, variant, partition, planned)
    marks = control.trials[["example", "repeat"]].join(control.scored(primary.name)["value"])
    return marks.set_index(["example", "repeat"])["value"]
