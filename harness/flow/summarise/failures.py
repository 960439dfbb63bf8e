"""Where one retrieval variant fails on one partition, from its own trials and from those of its controls."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.flow.summarise.cells import Cell, cell
from harness.stats.blame import blame
from harness.stats.columns import Columns
from harness.text.figures import count
from harness.types.figures import Blame
from harness.types.panel import SCHEMA_METRIC
from harness.types.run import Manifest, MetricInfo
from harness.types.summary import Notice

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3
"""Documents that a notice names; all of them stand in the manifest."""


def failures(manifest: Manifest, data: Columns, own: Cell) -> Blame | None:
    """Split the wrong answers of a variant by their cause.

    None for a variant that looks nothing up, for one that the harness added, and where the primary metric is no share.
    """
    primary = manifest.primary
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


def nothing_found(manifest: Manifest, own: Cell) -> Iterator[Notice]:
    """A search that found nothing for any example is more often a slip in the config than a corpus without an answer."""
    reach = own.trials["reach"].dropna()
    if own.variant in manifest.absent and len(reach) and (reach == "nothing").all():
        message = f"its search found nothing at all in {count(len(reach))} trials: look at where, query and the retriever"
        yield Notice(code="nothing_found", message=message, variant=own.variant, partition=own.partition)


def absent_notices(manifest: Manifest) -> Iterator[Notice]:
    """Relevant documents that no search could have found, once for all variants that search the same corpus."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for variant, ids in manifest.absent.items():
        if ids:
            lacking.setdefault(ids, []).append(variant)
    for ids, variants in lacking.items():
        more = f" and {count(len(ids) - _SHOWN)} more" if len(ids) > _SHOWN else ""
        message = f"{', '.join(variants)}: relevant documents that are not in the corpus: {', '.join(ids[:_SHOWN])}{more}"
        yield Notice(code="documents_absent", message=message)


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
