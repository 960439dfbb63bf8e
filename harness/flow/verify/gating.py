"""Every verdict of the run's gates once more, from their definitions in the manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from harness.flow.verify.agreeing import SAID
from harness.flow.verify.measuring import Bench, Case, NoBaseline, Reading, read
from harness.flow.verify.recounting import Plan
from harness.flow.verify.trials import Held, Line
from harness.stats.multiple import holm
from harness.stats.sequential import bounds, level
from harness.types.experiment import Gate

_ONE_SIDED = 0.05
"""What bounds spend over all looks."""
_NAMES = frozenset(field.name for field in fields(Gate))


def gate_of(line: Mapping[str, Any]) -> Gate:
    """A gate as the manifest keeps it."""
    return Gate(**{name: value for name, value in line.items() if name in _NAMES})


def verdicts(gates: Sequence[Gate], bench: Bench) -> list[dict[str, Any]]:
    """One row a gate and variant, in their order; nothing but both in it where its baseline is not at hand."""
    cases = [Case(gate=one, variant=variant, bench=bench) for one in gates for variant in _judged(one, bench)]
    readings = [_read(case) for case in cases]
    tested = {
        at: found.p
        for at, (case, found) in enumerate(zip(cases, readings, strict=True))
        if found is not None and found.p is not None and not found.void and case.gate.judge == "interval"
    }
    adjusted: dict[int, float] = {}
    for advisory in (False, True):  # advice weakens no gate that can fail the run
        own = {at: p for at, p in tested.items() if cases[at].gate.advisory == advisory}
        adjusted |= dict(zip(own, holm(list(own.values())), strict=True))
    if None in readings:  # nobody knows how many they are adjusted among
        readings = [None if at in tested else found for at, found in enumerate(readings)]
    return [
        {"gate": str(case.gate), "variant": case.variant}
        if found is None
        else _row(case, found, adjusted.get(at))
        for at, (case, found) in enumerate(zip(cases, readings, strict=True))
    ]


def _read(case: Case) -> Reading | None:
    try:
        return read(case)
    except NoBaseline:
        return None


def _judged(one: Gate, bench: Bench) -> Iterator[str]:
    """Its own variant, or every candidate that was run; of a gate on a stage those that have the stage."""
    manifest = bench.held.manifest
    other = bench.terms.control if one.versus == "control" else one.versus
    for name in [one.variant] if one.variant else manifest.get("candidates") or ():
        if name not in bench.variants or name == other:
            continue
        parts = bench.variants[name]["partitions"].values()
        stages = {stage for part in parts for stage in part["latency"]["stages"]}
        stages.update((manifest.get("stages") or {}).get(name) or ())
        if one.variant or one.stage is None or one.stage in stages:
            yield name


def _row(case: Case, found: Reading, p_adjusted: float | None) -> dict[str, Any]:
    one, most = case.gate, case.bench.fails.get(case.variant)
    shown = p_adjusted is not None and p_adjusted <= case.bench.terms.alpha
    if most is not None and found.p is not None and p_adjusted is not None:
        shown = found.p <= most
    keeps = None if found.void or found.value is None else _keeps(case, found, shown=shown)
    return {
        "gate": str(one),
        "variant": case.variant,
        "verdict": {None: "inconclusive", True: "pass", False: "fail"}[keeps],
        "value": found.value,
        "ci": (None, None) if one.judge == "point" else found.ci,
        "bound": one.bound,
        "why": SAID,
        "counts": _counts(one, keeps, measured=not found.void),
        "metric": one.metric,
        "partition": one.partition,
        "stage": one.stage,
        "versus": found.versus,
        "n": found.n,
        "level": case.level,
        "p": found.p,
        "p_adjusted": p_adjusted,
        "mde": found.mde,
        "wins": found.wins,
        "losses": found.losses,
        "lost": found.lost,
        "share": case.share,
    }


def _keeps(case: Case, found: Reading, *, shown: bool) -> bool | None:
    """True: shown to be kept; False: shown to be broken; None: neither."""
    one = case.gate
    if one.kind == "certificate":
        beyond = found.ci[0] is not None and found.ci[0] > one.bound
        return False if found.unable and beyond else None if found.unable else True
    if one.judge == "point":
        return _by_point(one, found)
    if one.kind == "absolute":
        return _by_bounds(one, found)
    if found.doubtful:
        return None
    if shown:
        return None if found.excused else False
    low = found.ci[0]
    return True if low is not None and low > one.bound and not found.unable else None


def _by_point(one: Gate, found: Reading) -> bool | None:
    if found.doubtful:
        return None
    value = found.value or 0.0
    keeps = value <= one.bound if one.at_most is not None else value >= one.bound
    if one.versus is not None and not one.margin:
        keeps = value > 0
    return None if keeps and found.unable else keeps


def _by_bounds(one: Gate, found: Reading) -> bool | None:
    """A time that is taken too long may keep a bound from above, and break none."""
    low, high = found.ci
    if one.at_most is not None:
        within, beyond = high is not None and high <= one.bound, low is not None and low > one.bound
        if within and not found.unable:
            return True
    else:
        within, beyond = low is not None and low >= one.bound, high is not None and high < one.bound
        if within and not found.unable and not found.doubtful:
            return True
    return False if beyond and not found.doubtful else None


def _counts(one: Gate, keeps: bool | None, *, measured: bool) -> str:
    if keeps:
        return "pass"
    if one.advisory:
        return "warn"
    if keeps is False:
        return "fail"
    return (
        "undecided"
        if not measured or one.inconclusive == "fail"
        else {"pass": "pass"}.get(one.inconclusive, "warn")
    )


def last_looks(held: Held, plan: Plan, *, complete: bool) -> list[dict[str, Any]]:
    """Rows of `looks`: the one that stopped a variant, else the end of the run, or the last one where that was not reached."""
    shares = held.manifest.get("looks") or ()
    lines = {look["variant"]: look for look in held.looks}
    passes = _spent(shares, _ONE_SIDED)
    rows = []
    for variant, parts in plan.items():
        line, planned = lines.get(variant), sum(parts.values())
        if line is not None and (variant in held.stopped or not complete):
            rows.append({**line, "why": SAID, "level": 1 - passes[_reached(line, shares) - 1]})
        elif complete and shares:
            end = {"look": len(shares), "of": len(shares), "at": SAID, "variant": variant, "why": SAID}
            told = {"decision": "go on", "level": 1 - passes[-1], "tried": planned, "planned": planned}
            rows.append({**end, **told})
    return rows


def strictness(
    manifest: Line, gates: Sequence[Gate], looks: Sequence[Line]
) -> tuple[dict[str, float], dict[str, float]]:
    """Variant → the level of its bounds, and the most that the p of a comparative gate may be, in a run with looks.

    Bounds stand where O'Brien and Fleming's spending of 5 % puts them at the look that a variant came to, p where that of
    alpha does, shared evenly among the comparative verdicts that can fail the run.
    """
    shares, plan = manifest.get("looks") or (), manifest["plan"]
    family = sum(
        variant in plan
        for one in gates
        if one.kind in ("comparative", "edge") and not one.advisory
        for variant in ([one.variant] if one.variant else manifest.get("candidates") or ())
    )
    passes, fails = _spent(shares, _ONE_SIDED), _spent(shares, manifest.get("alpha", 0.05) / max(1, family))
    last = min((look["look"] for look in looks if look["decision"] == "go on"), default=1)
    stopped = {look["variant"]: look for look in looks if look["decision"] != "go on"}
    reached = {
        variant: _reached(stopped[variant], shares) if variant in stopped else last for variant in plan
    }
    return (
        {variant: 1 - passes[look - 1] for variant, look in reached.items() if shares},
        {variant: fails[look - 1] for variant, look in reached.items() if shares},
    )


def _spent(shares: Sequence[float], alpha: float) -> list[float]:
    """By look, the one-sided p that crosses its bound."""
    return [level(-bound) for bound in bounds(tuple(shares), alpha)] if shares else []


def _reached(look: Line, shares: Sequence[float]) -> int:
    """Its own look; of a variant that a count of failures stopped between two, the one before."""
    tried = look["tried"] / look["planned"] if look["planned"] else 0.0
    number: int = look["look"]
    return number or max(1, sum(tried >= share for share in shares))
