"""The step itself: every figure of summary.json once more, and whether both agree."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from harness.flow.verify.agreeing import SAID, Agreement, Complete, agree
from harness.flow.verify.estimating import (
    abstentions,
    by_tag,
    citations,
    estimate,
    primary_of,
    quality,
    schema,
)
from harness.flow.verify.gathering import SCORES, Files, gather
from harness.flow.verify.noticing import notices
from harness.flow.verify.searching import blame, retrieval
from harness.flow.verify.spending import cost
from harness.flow.verify.timing import latency
from harness.flow.verify.trials import Cell, Held, Line
from harness.flow.verify.weighing import context, overhead

OUTCOMES = ("answered", "refused", "truncated", "timed_out", "failed")
_MOST_REASONS = 5


def verify(files: Files, stated: Line) -> Agreement:
    """Recompute summary.json from the lines of its run folder, and hold `stated`, which is that file, against it.

    Which rows count, how they are grouped, censored, averaged and laid out is decided here anew; only the formulas of
    `stats/` are the summary's own. Where the judgements can be made again (`files.judged`) they are, and scores.jsonl is
    compared with them; figures then follow from the records alone. A value that nothing here recomputes is told as
    unverified, so that no figure can slip by. Raises UsageError for a line that cannot be read.
    """
    agreement = Agreement()
    if files.judged is not None:
        again, agreement.scores = files.judged, 0
        files = replace(files, judged=lambda: _watched(files.lines(SCORES), again(), agreement))
    held = gather(files)
    agree(_keyed(stated), _figures(held), agreement)
    return agreement


def _watched(stored: Iterator[Line], judged: Iterable[Line], agreement: Agreement) -> Iterator[Line]:
    """Hand on the judgements that were made again, each compared with its line; line by line, since both follow the records."""
    aligned = True
    for number, line in enumerate(judged, 1):
        yield line
        if not aligned:
            continue
        there = next(stored, None) or {}
        aligned = all(there.get(name) == line[name] for name in _WHOSE)
        where = f"{SCORES}:{number} ({', '.join(str(line[name]) for name in _WHOSE)})"
        names = _JUDGED if aligned else _WHOSE
        before = len(agreement.differences)
        found = Agreement()
        agree({name: there.get(name) for name in names}, {name: line[name] for name in names}, found, where)
        agreement.differences += found.differences
        agreement.scores = (agreement.scores or 0) + (len(agreement.differences) == before)


_WHOSE = ("variant", "partition", "example_id", "repeat", "metric")
_JUDGED = ("value", "label", "parts")


def _figures(held: Held) -> dict[str, Any]:
    """Everything that summary.json holds, as the records have it."""
    manifest, plan = held.manifest, _plan(held)
    measured = any(manifest["live"].values())
    weight = overhead(held.probes, manifest["concurrency"]) if measured else None
    variants = Complete(
        {
            variant: {
                "layers": list(manifest["layers"].get(variant) or ()),
                "aid": (manifest.get("aid") or {}).get(variant, ""),
                "partitions": Complete(
                    {
                        name: _partition(held, (variant, name), planned, weight)
                        for name, planned in parts.items()
                    }
                ),
            }
            for variant, parts in plan.items()
        }
    )
    run = _run(held, plan)
    told = notices(held, run, variants, weight)
    return {
        "run": run,
        "variants": variants,
        "warnings": Complete({_about(one): times for one, times in told.items()}),
        "overhead": weight,
        "control": manifest["control"],
        "metrics": Complete({metric["name"]: metric["scorer"] for metric in manifest["metrics"]}),
        "indexes": held.indexes,
        "spend": held.spend if measured else None,
    }


def _plan(held: Held) -> dict[str, dict[str, int]]:
    """Variant → partition → trials planned; of a variant that was stopped, those that were tried."""
    stopped = {look["variant"] for look in _last_looks(held) if look["decision"] != "go on"}
    return {
        variant: {
            name: len(held.cell(variant, name)) if variant in stopped else planned
            for name, planned in parts.items()
        }
        for variant, parts in held.manifest["plan"].items()
    }


def _last_looks(held: Held) -> list[Line]:
    return list({look["variant"]: look for look in held.looks}.values())


def _run(held: Held, plan: dict[str, dict[str, int]]) -> dict[str, Any]:
    told = ("id", "experiment", "evalset_digest", "config_digest", "started_at", "seed")
    planned = sum(trials for parts in plan.values() for trials in parts.values())
    tried = sum(len(held.cell(variant, name)) for variant, parts in plan.items() for name in parts)
    return {
        **{name: held.manifest[name] for name in told},
        "finished_at": SAID,
        "complete": tried >= planned,
        "planned": planned,
        "notes": held.manifest.get("notes") or [],
    }


def _partition(held: Held, whose: tuple[str, str], planned: int, weight: Line | None) -> dict[str, Any]:
    """Every figure of one variant on one partition."""
    variant, name = whose
    manifest, cell, primary = held.manifest, held.cell(*whose), primary_of(held.manifest)
    kinds = Counter(trial.kind for trial in cell)
    judged = (trial.came if primary is None else trial.value(primary["name"]) is not None for trial in cell)
    scored = sum(judged)
    return {
        "examples": len({trial.example for trial in cell}),
        "trials": len(cell),
        "planned": planned,
        "outcomes": Complete({kind: kinds[kind] for kind in OUTCOMES if kinds[kind]}),
        "errors": Complete(_reasons(cell)),
        "scored": scored,
        "unscored": len(cell) - scored,
        "coverage": scored / planned if planned else None,
        "quality": quality(cell, primary, planned),
        "metrics": Complete({metric["name"]: estimate(cell, metric) for metric in manifest["metrics"]}),
        "schema": schema(cell),
        "cost": cost(cell),
        "latency": latency(
            cell,
            limit_ms=manifest["timeout_s"] * 1000,
            first=held.first.get(variant, {}),
            overhead=weight if manifest["live"].get(variant, True) else None,
        ),
        "by_tag": Complete(by_tag(cell, primary)),
        "abstentions": abstentions(cell, manifest),
        "retrieval": None if (manifest.get("aid") or {}).get(variant) else retrieval(cell, held.examples),
        "blame": blame(held, variant, name),
        "context": context(cell),
        "citations": citations(cell, manifest),
    }


def _reasons(cell: Cell) -> dict[str, int]:
    """Why trials have no answer: the five most frequent reasons."""
    counts = Counter(trial.error for trial in cell if trial.error is not None)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_MOST_REASONS])


def _keyed(stated: Line) -> dict[str, Any]:
    """summary.json with its lists by what their rows are about, and of its warnings how many there are of each."""
    told = Counter((one["code"], one["variant"], one["partition"]) for one in stated["warnings"])
    return {**stated, "warnings": {_about(one): times for one, times in told.items()}}


def _about(one: tuple[str, str | None, str | None]) -> str:
    return ".".join(part for part in one if part is not None)
