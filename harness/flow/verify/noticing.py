"""Which warnings the figures call for: codes with the variant and partition that they are about, never their words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.flow.verify.trials import Cell, Held, Line

Told = tuple[str, str | None, str | None]
"""Code, variant, partition."""

DRIFT = "provider_drift"
BESIDE = frozenset({"baseline_stale", "held_out_changed"})
"""What warns of files beside the run, as they were then: nothing in its folder tells of them."""

_FEW_EXAMPLES, _FEW_ANSWERS, _FEW_SAMPLES = 50, 5, 20
_LARGE_INPUT_TOKENS, _MANY_CHUNKS = 50_000, 200_000
_LEAST_MS, _LEAST_RATIO, _TIMES_OTHERS, _LEAST_TAIL, _LEAST_SHARE, _OF_ITS_CALL = (
    5.0,
    3.0,
    2.0,
    0.10,
    0.40,
    0.5,
)


def notices(held: Held, run: Line, variants: Mapping[str, Any], overhead: Line | None) -> Counter[Told]:
    """Every warning that the figures of a run call for, and how many times; `variants` are the figures."""
    told: Counter[Told] = Counter((code, None, None) for code in _of_indexes(held))
    parts = [
        (variant, name, part) for variant, one in variants.items() for name, part in one["partitions"].items()
    ]
    names = {name for _, name, _ in parts}
    golden = max((part["examples"] for _, name, part in parts if name == "golden"), default=0)
    told["run_incomplete", None, None] += not run["complete"]
    told["no_edge_partition", None, None] += "edge" not in names
    told["few_examples", None, "golden"] += run["complete"] and 0 < golden < _FEW_EXAMPLES
    if overhead is not None:
        reached = overhead["in_flight_p95"]
        slowed = overhead["lowered"] and reached is not None and reached < 0.9 * overhead["concurrency"]
        told["pace_lowered", None, None] += slowed
        told["latency_invalid", None, None] += not overhead["valid"]
    for variant, name, part in parts:
        weighed = overhead is not None and overhead["valid"]
        for code in _of_cell(held.cell(variant, name), part, weighed=weighed):
            told[code, variant, name] += 1
        if variant in (held.manifest.get("absent") or {}) and _finds_nothing(held.cell(variant, name)):
            told["nothing_found", variant, name] += 1
    lacking = {tuple(ids) for ids in (held.manifest.get("absent") or {}).values() if ids}
    told["documents_absent", None, None] += len(lacking)
    return +told


def _of_cell(cell: Cell, part: Line, *, weighed: bool) -> Iterator[str]:
    """One variant on one partition."""
    latency, context = part["latency"], part["context"]
    if cell:
        yield from _of_outcomes(cell, part)
        if latency["n_live"] == 0:
            yield "no_live_samples"
        elif latency["p95_ci"][1] is None:
            yield "p95_upper_not_estimable"
        if latency["method"].startswith("on the client's clock"):
            yield "clients_clock"
    if weighed and latency["n_live"] and not latency["valid"]:
        yield "latency_invalid"
    yield from ["dropped_parameters"] * len({trial.dropped for trial in cell} - {None})
    failed = {metric for trial in cell for metric, score in trial.scores.items() if score.fault is not None}
    yield from ["scorer_failed"] * len(failed)
    answering = {stage.name for trial in cell for stage in trial.stages if stage.answers}
    yield from ["latency_surprise"] * len(_surprising(latency, {"generate", *answering}))
    if (context["input_tokens_p95"] or 0) > _LARGE_INPUT_TOKENS:
        yield "large_context"


def _of_outcomes(cell: Cell, part: Line) -> Iterator[str]:
    said = [trial for trial in cell if trial.answer is not None]
    if part["scored"] == 0:
        yield "nothing_scored"
    elif part["unscored"]:
        yield "incomplete_coverage"
    if len({trial.example for trial in said}) >= _FEW_ANSWERS and len({trial.answer for trial in said}) == 1:
        yield "identical_answers"
    if part["outcomes"].get("truncated"):
        yield "truncated"
    if part["cost"]["unpriced"]:
        yield "unpriced"


def _finds_nothing(cell: Cell) -> bool:
    reached = {trial.reach for trial in cell} - {None}
    return reached == {"nothing"}


def _of_indexes(held: Held) -> Iterator[str]:
    """Of several starts of a run the last one speaks for an index; what was cut counts over all."""
    for index, report in {report["index"]: report for report in held.indexes}.items():
        if any(one["cut"] for one in held.indexes if one["index"] == index):
            yield "texts_cut"
        if report["store"] == "memory" and report["model"] is not None and report["chunks"] > _MANY_CHUNKS:
            yield "index_large"


def _surprising(latency: Line, answering: set[str]) -> set[str]:
    """Stages whose tail, or whose share of the time, stands out."""
    if latency["n_live"] < _FEW_SAMPLES:
        return set()
    stages = latency["stages"]
    seen = {
        name: stage
        for name, stage in stages.items()
        if stage["n"] >= _FEW_SAMPLES and (stage["p95_ms"] or 0.0) >= _LEAST_MS
    }
    found = _long_tails(seen, latency["p95_ms"])
    shares = {name: stage["share"] for name, stage in stages.items() if stage["share"] is not None}
    largest = max(shares, key=lambda name: shares[name], default="")
    if largest in seen and shares[largest] >= _LEAST_SHARE and largest not in answering:
        found.add(largest)
    return found


def _long_tails(seen: Mapping[str, Line], whole_ms: float | None) -> set[str]:
    """P95 far above P50, and above what the steadiest of the others has; a part is named before the call around it."""
    ratios = {name: stage["p95_ms"] / max(stage["p50_ms"], 1e-3) for name, stage in seen.items()}
    tails = {
        name: (stage["p95_ms"] - stage["p50_ms"]) / whole_ms if whole_ms else 0.0
        for name, stage in seen.items()
    }
    far = {
        name
        for name, ratio in ratios.items()
        if len(ratios) > 1
        and tails[name] >= _LEAST_TAIL
        and ratio >= _LEAST_RATIO
        and ratio >= _TIMES_OTHERS * min(other for beside, other in ratios.items() if beside != name)
    }
    inner = max((tails[name] for name in far if seen[name]["share"] is None), default=0.0)
    return {name for name in far if seen[name]["share"] is None or inner < _OF_ITS_CALL * tails[name]}
