"""What was found, and where wrong answers went wrong: rankings by trec_eval's measures, and one cause a wrong answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.flow.verify.estimating import is_fact, mean, primary_of
from harness.flow.verify.trials import Cell, Held, Line, Trial
from harness.stats.rankings import MEASURES, ranking_values
from harness.types.panel import SCHEMA_METRIC

_CAUSES = ("not_in_corpus", "not_retrieved", "cut", "not_used", "wrong_format")
_RIGHT = 0.5
_NEVER_SEEN = {"absent": "not_in_corpus", "missed": "not_retrieved", "nothing": "not_retrieved", "cut": "cut"}

Values = Sequence[tuple[float, ...] | None]
"""By trial, in the order of MEASURES; None where there is nothing to measure."""


def retrieval(cell: Cell, examples: Mapping[str, Line]) -> dict[str, Any] | None:
    """`retrieval`: what was found, what was used, and what lies between; None where nothing was looked up."""
    sought = [trial for trial in cell if trial.lookup is not None]
    looked = [trial.lookup for trial in sought if trial.lookup is not None]
    if all(one.retrieved is None for one in looked):
        return None
    grades = [_grades(examples[trial.example]) for trial in sought]
    nothing = [() if one.silent else None for one in looked]
    found = _measured(
        [_either(one.retrieved, none) for one, none in zip(looked, nothing, strict=True)], grades
    )
    used = _measured([_either(one.used, none) for one, none in zip(looked, nothing, strict=True)], grades)
    reordered = any(one.used is not None and one.between for one in looked)
    return {
        "retrieved": _means(sought, found, fact=False),
        "used": _means(sought, used, fact=False),
        "added": _means(sought, _less(used, found), fact=True) if reordered else {},
    }


def _either(ranking: tuple[str, ...] | None, nothing: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return nothing if ranking is None else ranking


def _grades(example: Line) -> Mapping[str, int]:
    return example.get("grades") or dict.fromkeys(example["relevant"], 1)


def _measured(rankings: Sequence[tuple[str, ...] | None], grades: Sequence[Mapping[str, int]]) -> Values:
    there = [place for place, ranking in enumerate(rankings) if ranking is not None]
    if not there:
        return [None] * len(rankings)
    values = ranking_values([rankings[place] or () for place in there], [grades[place] for place in there])
    found = dict(zip(there, values, strict=True))
    return [found.get(place) for place in range(len(rankings))]


def _less(used: Values, found: Values) -> Values:
    """Trial by trial, where both are known."""
    return [
        None if after is None or before is None else tuple(a - b for a, b in zip(after, before, strict=True))
        for after, before in zip(used, found, strict=True)
    ]


def _means(sought: Cell, values: Values, *, fact: bool) -> dict[str, Any]:
    known = [(trial.example, row) for trial, row in zip(sought, values, strict=True) if row is not None]
    unscored = len(sought) - len(known)
    return {
        measure: mean([(example, row[place]) for example, row in known], unscored=unscored, fact=fact)
        for place, measure in enumerate(MEASURES)
    }


def blame(held: Held, variant: str, partition: str) -> dict[str, Any] | None:
    """`blame`: None for what looks nothing up or was added by the harness, and where the primary metric is no share."""
    manifest, cell = held.manifest, held.cell(variant, partition)
    primary = primary_of(manifest)
    if primary is None or is_fact(primary) or variant in (manifest.get("aid") or {}):
        return None
    finds = any(trial.reach not in (None, "nothing") for trial in cell)
    if variant not in (manifest.get("absent") or {}) and not finds:
        return None
    marked = [(trial, trial.value(primary["name"])) for trial in cell if trial.reach is not None]
    judged = [(trial, mark) for trial, mark in marked if mark is not None]
    if not judged:
        return None
    wrong = [(trial, _cause(trial, primary)) for trial, mark in judged if mark < _RIGHT]
    causes = Counter(cause for _, cause in wrong)
    oracle = _rescued(held, wrong, (variant, partition, "oracle"))
    return {
        "wrong": len(wrong),
        "causes": {cause: causes[cause] for cause in _CAUSES},
        "oracle_right": {**oracle, "not_in_corpus": None},
        "closed_book_right": _rescued(held, wrong, (variant, partition, "closed-book")),
    }


def _cause(trial: Trial, primary: Line) -> str:
    unseen = _NEVER_SEEN.get(trial.reach or "")
    return unseen or ("wrong_format" if _misshapen(trial, primary) else "not_used")


def _misshapen(trial: Trial, primary: Line) -> bool:
    """Cut off, or against its schema as far as the metric minds; a refusal is neither."""
    if trial.kind == "truncated" or primary.get("judges", "answer") != "answer":
        return trial.kind == "truncated"
    schema = trial.scores.get(SCHEMA_METRIC)
    if schema is None or schema.value is None or schema.value >= 1 or schema.label == "refused":
        return False
    return not (primary.get("lenient") and schema.lenient == 1)


def _rescued(
    held: Held, wrong: Sequence[tuple[Trial, str]], control: tuple[str, str, str]
) -> dict[str, int | None]:
    """Cause → how many of its trials the control answered rightly; None throughout where it was not asked."""
    variant, partition, aid = control
    manifest, primary = held.manifest, primary_of(held.manifest)
    name = ((manifest.get("aided") or {}).get(variant) or {}).get(aid, "")
    if primary is None or not (manifest["plan"].get(name) or {}).get(partition):
        return dict.fromkeys(_CAUSES)
    marks = {(one.example, one.repeat): one.value(primary["name"]) for one in held.cell(name, partition)}
    right = Counter(
        cause for trial, cause in wrong if (marks.get((trial.example, trial.repeat)) or 0.0) >= _RIGHT
    )
    return {cause: right[cause] for cause in _CAUSES}
