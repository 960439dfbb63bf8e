"""Examples on which most variants give one and the same answer that is scored as wrong."""

from collections import Counter
from collections.abc import Iterator
from statistics import fmean
from typing import Any

from harness.flow.verify.estimating import is_fact, primary_of
from harness.flow.verify.trials import Held, Trial

_FEWEST_VARIANTS = 3
_RIGHT = 0.5


def suspects(held: Held) -> Iterator[dict[str, Any]]:
    """Rows of `suspects`; aids have no say, and a row that accepts a refusal is none."""
    primary = primary_of(held.manifest)
    if primary is None or is_fact(primary):
        return
    for (partition, example), asked in _asked(held).items():
        if held.examples.get(example, {}).get("accept_refusal"):
            continue
        rules = {variant: _as_a_rule(trials) for variant, trials in asked.items()}
        for heard in {rule for rule in rules.values() if rule is not None}:
            alike = [variant for variant in held.manifest["plan"] if rules.get(variant) == heard]
            marks = [_mark(asked[variant], heard, primary["name"]) for variant in alike]
            known = [mark for mark in marks if mark is not None]
            most = len(asked) >= _FEWEST_VARIANTS and 2 * len(alike) > len(asked)
            if most and known and fmean(known) < _RIGHT:
                yield {"partition": partition, "example_id": example, "variants": alike, "of": len(asked)}


def _asked(held: Held) -> dict[tuple[str, str], dict[str, list[Trial]]]:
    """Partition and example → variant → the trials in which it answered."""
    found: dict[tuple[str, str], dict[str, list[Trial]]] = {}
    for (variant, partition), cell in held.cells.items():
        if variant in (held.manifest.get("aid") or {}):
            continue
        for trial in cell:
            if trial.kind == "answered" and trial.heard is not None:
                found.setdefault((partition, trial.example), {}).setdefault(variant, []).append(trial)
    return found


def _as_a_rule(trials: list[Trial]) -> int | None:
    """What a variant says more than half of the time; None where it says nothing in particular."""
    heard, times = Counter(trial.heard for trial in trials).most_common(1)[0]
    return heard if 2 * times > len(trials) else None


def _mark(trials: list[Trial], heard: int, metric: str) -> float | None:
    marks = [trial.value(metric) for trial in trials if trial.heard == heard]
    known = [mark for mark in marks if mark is not None]
    return fmean(known) if known else None
