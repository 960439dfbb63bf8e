"""Money: what a variant's trials cost on a partition, and what the run made its owner pay."""

from collections.abc import Iterable
from math import fsum
from typing import Any

from harness.flow.verify.estimating import figures
from harness.flow.verify.trials import TOKENS, Cell, Line, codes
from harness.stats.estimates import amount

_A_ROUNDING_USD = 1e-9


def cost(cell: Cell) -> dict[str, Any]:
    """`cost` of a partition: unknown wherever a trial that brought an answer, or that may have been billed, has no price."""
    came = [trial for trial in cell if trial.came]
    priced = [trial.usd for trial in cell if trial.usd is not None]
    found: dict[str, Any] = {"value": None, "ci": (None, None)}
    if came and all(trial.usd is not None for trial in came):
        usd = [trial.usd * 1000 for trial in came if trial.usd is not None]
        found = figures(amount(usd, codes(trial.example for trial in came)))
    low, high = found["ci"]
    return {
        "usd_per_1k": found["value"],
        "ci": (None if low is None else max(0.0, low), high),
        "total_usd": fsum(priced) if priced else None,
        "unpriced": sum(trial.usd is None and trial.kind != "failed" for trial in cell),
        "by_stage": _by_stage(cell),
        "tokens": {name: _tokens(came, place) for place, name in enumerate(TOKENS)},
    }


def _by_stage(cell: Cell) -> dict[str, float | None]:
    """What each stage that costs adds up to; None where it is not known of one that may have been billed."""
    sums: dict[str, list[float]] = {}
    unknown: set[str] = set()
    for trial in cell:
        for stage in trial.stages:
            if not stage.costs:
                continue
            known = sums.setdefault(stage.name, [])
            if stage.usd is not None:
                known.append(stage.usd)
            elif trial.kind != "failed":
                unknown.add(stage.name)
    return {name: None if name in unknown or not usd else fsum(usd) for name, usd in sums.items()}


def _tokens(came: Cell, place: int) -> int | None:
    told = [trial.tokens[place] for trial in came]
    known = [count for count in told if count is not None]
    return sum(known) if known and len(known) == len(told) else None


def spend(records: Iterable[Line], indexes: Iterable[Line], accounts: Iterable[Line]) -> dict[str, Any]:
    """What was paid: every line counts, warm-ups and trials that were run again among them, and every index.

    `accounts` are the lines of held.jsonl: what the newest says beyond the records is of calls that left none.
    """
    paid: list[tuple[float | None, float | None]] = []
    uncached: list[float] = []
    cached = 0
    for line in records:
        paid.append((line.get("spent_usd"), line.get("spent_at_most_usd")))
        cached += bool(line.get("cached"))
        if line.get("cost_usd") is not None:
            uncached.append(line["cost_usd"])
    paid += [(line.get("cost_usd"), line.get("spent_at_most_usd")) for line in indexes]
    spent = [usd for usd, _ in paid if usd is not None]
    bounds = [usd for _, usd in paid if usd is not None]
    most = sum(bounds) if len(bounds) == len(paid) else None
    lost = _lost(list(accounts), most)
    return {
        "spent_usd": sum(spent) if spent or not paid else None,
        "spent_at_most_usd": None if most is None else most + lost,
        "lost_usd": lost,
        "unknown": len(paid) - len(spent),
        "cached": cached,
        "uncached_usd": sum(uncached) if uncached else None,
    }


def _lost(accounts: list[Line], recorded_usd: float | None) -> float:
    if not accounts:
        return 0.0
    lost: float = accounts[-1]["lost_usd"]
    beyond = 0.0 if recorded_usd is None else accounts[-1]["at_most_usd"] - recorded_usd
    return float(max(lost, beyond if beyond > _A_ROUNDING_USD else 0.0))
