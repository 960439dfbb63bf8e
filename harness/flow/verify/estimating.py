"""Estimates of one variant on one partition: quality, schema, tags, refusals, citations. The example is the unit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Any

from harness.flow.verify.trials import Cell, Line, Trial, codes
from harness.stats.estimates import amount, share
from harness.stats.rates import clopper_pearson_upper
from harness.types.figures import Estimate
from harness.types.panel import SCHEMA_METRIC

_KINDS = ("empty", "not_json", "fenced", "invalid", "truncated", "refused")
_CITED = ("fabricated", "out_of_context", "irrelevant", "incomplete", "uncited", "sound")
"""The worst first."""


def primary_of(manifest: Line) -> Line | None:
    """The metric that decides: the one that says so, or the first that is no fact."""
    metrics = manifest["metrics"]
    chosen = [metric for metric in metrics if metric["primary"]]
    return next(iter([*chosen, *(metric for metric in metrics if not is_fact(metric))]), None)


def is_fact(metric: Line) -> bool:
    """True for a quantity in a unit of its own."""
    return metric.get("judges") == "facts"


def figures(estimate: Estimate) -> dict[str, Any]:
    """An estimate as summary.json spells it."""
    names = ("value", "ci", "method", "n", "unscored")
    return {name: getattr(estimate, name) for name in names}


def mean(values: Sequence[tuple[str, float]], *, unscored: int = 0, fact: bool = False) -> dict[str, Any]:
    """The mean over examples of (example, value) pairs, in the order of the trials."""
    of = amount if fact else share
    numbers = [value for _, value in values]
    return figures(of(numbers, codes(example for example, _ in values), unscored=unscored))


def scored(cell: Iterable[Trial], metric: str) -> list[tuple[str, float]]:
    """(example, value) of the trials that a metric has a value of."""
    found = ((trial.example, trial.value(metric)) for trial in cell)
    return [(example, value) for example, value in found if value is not None]


def estimate(cell: Cell, metric: Line) -> dict[str, Any]:
    """One declared metric."""
    values = scored(cell, metric["name"])
    return mean(values, unscored=len(cell) - len(values), fact=is_fact(metric))


def quality(cell: Cell, metric: Line | None, planned: int) -> dict[str, Any] | None:
    """The primary metric, and what it would be if every planned trial without a value were wrong."""
    if metric is None:
        return None
    values = [value for _, value in scored(cell, metric["name"])]
    is_share = not is_fact(metric) and all(0 <= value <= 1 for value in values)
    worst = fsum(values) / planned if is_share and planned and cell else None
    return {**estimate(cell, metric), "metric": metric["name"], "worst_case": worst}


def schema(cell: Cell) -> dict[str, Any] | None:
    """How often the answer broke the schema; None where nothing was held against one."""
    if not any(SCHEMA_METRIC in trial.scores for trial in cell):
        return None
    rows = [
        (trial.example, trial.scores[SCHEMA_METRIC])
        for trial in cell
        if trial.value(SCHEMA_METRIC) is not None
    ]
    strict = [(example, 1 - _known(row.value)) for example, row in rows]
    lenient = [
        (example, 1 - _known(row.value if row.lenient is None else row.lenient)) for example, row in rows
    ]
    failed = [row for _, row in rows if _known(row.value) < 1]
    rate = mean(strict)
    kinds = Counter(row.label for row in failed if row.label is not None)
    return {
        "failures": len(failed),
        "n": len(rows),
        "rate": rate["value"],
        "ci": rate["ci"],
        "upper95": clopper_pearson_upper((rate["value"] or 0.0) * rate["n"], rate["n"]),
        "kinds": {**dict.fromkeys(_KINDS, 0), **kinds},
        "lenient_rate": mean(lenient)["value"],
    }


def _known(value: float | None) -> float:
    assert value is not None
    return value


def by_tag(cell: Cell, metric: Line | None) -> dict[str, Any]:
    """Each tag's own examples, quality and schema failures."""
    slices = {}
    for tag in sorted({tag for trial in cell for tag in trial.tags}):
        within = [trial for trial in cell if tag in trial.tags]
        broken = [(example, value) for example, value in scored(within, SCHEMA_METRIC)]
        slices[tag] = {
            "n": len({trial.example for trial in within}),
            "quality": None if metric is None else estimate(within, metric),
            "schema": _turned(mean(broken, unscored=len(within) - len(broken))) if broken else None,
        }
    return slices


def _turned(valid: dict[str, Any]) -> dict[str, Any]:
    """The share that is not valid: one less each, the ends of the interval changing places."""
    low, high = valid["ci"]
    turned = (None if high is None else 1 - high, None if low is None else 1 - low)
    return {**valid, "value": None if valid["value"] is None else 1 - valid["value"], "ci": turned}


def abstentions(cell: Cell, manifest: Line) -> dict[str, int] | None:
    """Who said that it does not know; right is what neither that metric nor the primary one calls wrong."""
    asked = [metric["name"] for metric in manifest["metrics"] if metric["scorer"] == "abstention"]
    if not asked:
        return None
    primary = primary_of(manifest)
    counts = dict.fromkeys(("right", "abstained_rightly", "abstained_wrongly", "confidently_wrong"), 0)
    for trial in cell:
        score = trial.scores.get(asked[0])
        if score is None or score.value is None:
            continue
        rightly = score.value >= 0.5
        mark = None if primary is None else trial.value(primary["name"])
        if (score.label or "").startswith("abstained"):
            counts["abstained_rightly" if rightly else "abstained_wrongly"] += 1
        else:
            counts["right" if rightly and not (mark is not None and mark < 0.5) else "confidently_wrong"] += 1
    return counts


def citations(cell: Cell, manifest: Line) -> dict[str, int] | None:
    """Answers by the worst label that a `citations` metric gave them; None without such a metric."""
    metrics = [metric["name"] for metric in manifest["metrics"] if metric["scorer"] == "citations"]
    if not metrics:
        return None
    worst: Counter[int] = Counter()
    for trial in cell:
        labels = [trial.scores[name].label for name in metrics if name in trial.scores]
        ranks = [_CITED.index(label) for label in labels if label is not None]
        worst.update([min(ranks)] if ranks else [])
    return {label: worst[rank] for rank, label in enumerate(_CITED)}
