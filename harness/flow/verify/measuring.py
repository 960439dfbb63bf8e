"""What a gate reads: the value, its one-sided bounds, and whatever forbids a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from harness.flow.verify.comparing import Sides, Terms, spread
from harness.flow.verify.siding import (
    COST,
    COVERAGE,
    FIRST_TOKEN,
    SCHEMA,
    WHOLE,
    Paired,
    PlainBaseline,
    PlainSide,
    paired,
    paired_times,
)
from harness.flow.verify.trapping import Trap, trap_of
from harness.flow.verify.trials import CAME, Held, Line, codes
from harness.stats.certificates import allowed
from harness.stats.one_sided import amount_bounds, share_bounds
from harness.stats.paired import GATE_WEIGHT, TANGO, Effect, amount_effect, share_effect
from harness.stats.power import detectable_mean, detectable_observed
from harness.stats.quantiles import quantile
from harness.stats.rates import clopper_pearson_upper
from harness.stats.ratios import FEWEST_PAIRS, quantile_difference
from harness.types.experiment import EDGE_REGRESSION, Gate

QUANTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "first_token_p95_ms": 0.95}
LEVEL = 0.95
_FEWEST_P95 = 20
_MOVED = 0.05
"""Two-sided p from which on the control is taken to have changed since the baseline."""

Interval = tuple[float | None, float | None]
Floats = Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that gates are judged on."""

    held: Held
    variants: Mapping[str, Any]
    """The figures of every variant."""
    sides: Sides
    terms: Terms
    levels: Mapping[str, float]
    """Variant → one-sided confidence of its bounds, where a run that may stop early needs more than 95 %."""
    fails: Mapping[str, float]
    """Variant → what the p of a comparative gate must not exceed, in place of Holm."""
    baseline: PlainBaseline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One gate on one variant."""

    gate: Gate
    variant: str
    bench: Bench

    @property
    def metric(self) -> str:
        """What is read; of a gate on the edge trap the metric that decides."""
        return self.gate.metric if self.gate.metric != EDGE_REGRESSION else self.bench.terms.primary or ""

    @property
    def level(self) -> float:
        """Of each of its bounds."""
        return LEVEL if self.gate.waits else self.bench.levels.get(self.variant, LEVEL)

    @property
    def side(self) -> PlainSide | None:
        """None where it was not run."""
        return self.bench.sides.get((self.variant, self.gate.partition))

    @property
    def part(self) -> Line | None:
        """Its figures."""
        found: Line | None = self.bench.variants[self.variant]["partitions"].get(self.gate.partition)
        return found

    @property
    def share(self) -> bool:
        """True where its values lie in [0, 1]."""
        return self.metric in self.bench.terms.shares

    @property
    def higher(self) -> bool | None:
        """Which way is better; None where nobody has said it."""
        if self.metric in QUANTILES:
            return False
        better = self.bench.terms.better.get(self.metric)
        return None if better is None else better == "higher"

    def method(self, a: Floats, b: Floats) -> Effect:
        """How far the first lies above the second; in a gate a pseudo-pair weighs more."""
        confidence = 2 * self.level - 1
        if self.share:
            return share_effect(a, b, confidence=confidence, weight=GATE_WEIGHT)
        return amount_effect(a, b, confidence=confidence)

    def effect(self, both: Paired) -> Effect:
        """How much better the first side is, whichever way the metric goes."""
        return self.method(both.a, both.b) if self.higher else self.method(both.b, both.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured of one case."""

    value: float | None = None
    ci: Interval = (None, None)
    n: int = 0
    void: bool = False
    """Nothing was measured that could be judged."""
    doubtful: bool = False
    """What was measured cannot be trusted."""
    unable: bool = False
    """It cannot pass, whatever its bounds."""
    excused: bool = False
    """It cannot fail, whatever its bounds."""
    versus: str | None = None
    p: float | None = None
    mde: float | None = None
    wins: int | None = None
    losses: int | None = None
    lost: tuple[str, ...] = ()


_VOID = Reading(void=True)


class NoBaseline(LookupError):
    """A gate is held against a baseline, and none is at hand."""


def read(case: Case) -> Reading:
    """Measure one case. Raises NoBaseline."""
    match case.gate.kind:
        case "certificate":
            return _certificate(case)
        case "comparative":
            return _comparative(case)
        case "edge":
            return _edge(case)
    return _absolute(case)


def _absolute(case: Case) -> Reading:
    if case.side is None or case.part is None:
        return _VOID
    if case.metric in QUANTILES:
        return _time(case, case.side, case.part)
    if case.metric == COVERAGE:
        return _coverage(case, case.part)
    return _value(case, case.side, case.part)


def _time(case: Case, side: PlainSide, part: Line) -> Reading:
    key = FIRST_TOKEN if case.metric.startswith("first_token") else case.gate.stage or WHOLE
    samples = [(example, ms) for example, times in side.times.get(key, {}).items() for ms in times]
    if not samples:
        return _VOID
    q, names = QUANTILES[case.metric], [example for example, _ in samples]
    found = quantile([ms for _, ms in samples], q, codes(names), confidence=2 * case.level - 1)
    low, high = found.ci
    limit_ms = case.bench.held.manifest["timeout_s"] * 1000
    late = key in side.hung and high is not None and high >= limit_ms
    few = case.gate.judge == "point" and q > 0.5 and found.n < _FEWEST_P95
    return Reading(
        value=found.value,
        ci=(low, None if late else high),
        n=found.n,
        doubtful=not part["latency"]["valid"] or few,
    )


def _coverage(case: Case, part: Line) -> Reading:
    """A count, not an estimate: what was never tried may still be scored."""
    if not part["planned"]:
        return _VOID
    untried = part["planned"] - part["trials"]
    best = (part["scored"] + untried) / part["planned"]
    open_ = untried > 0 and part["coverage"] < case.gate.bound <= best
    return Reading(value=part["coverage"], ci=(part["coverage"], best), n=part["examples"], void=open_)


def _value(case: Case, side: PlainSide, part: Line) -> Reading:
    marks = side.marks.get(case.metric, {})
    values = [marks[example] for example in side.examples if example in marks]
    if not values or _unpriced(case.metric, part):
        return _VOID
    if not case.share:
        value, ci = amount_bounds(values, case.level)
        return Reading(value=value, ci=ci, n=len(values))
    value, ci = share_bounds(values, side.repeats, case.level)
    return Reading(
        value=value, ci=ci, n=len(values), unable=_rests_on_the_lost(case, side, part, value or 0.0)
    )


def _rests_on_the_lost(case: Case, side: PlainSide, part: Line, value: float) -> bool:
    """A share passes only where it would with every unanswered example counted as bad."""
    known = len(side.marks[case.metric])
    came = sum(part["outcomes"].get(kind, 0) for kind in CAME)
    lost = min(len(side.examples) - known, ceil((part["planned"] - came) / max(side.repeats, 1)))
    if lost <= 0:
        return False
    upper = case.gate.at_most is not None
    worst = (value * known + (lost if upper else 0)) / (known + lost)
    return bool(worst > case.gate.bound if upper else worst < case.gate.bound)


def _unpriced(metric: str, part: Line | None) -> bool:
    return metric == COST and part is not None and part["cost"]["unpriced"] > 0


def _certificate(case: Case) -> Reading:
    """An example failed where any of its repeats did; against the variant speaks the rate of its answers."""
    values = list(case.side.marks.get(case.metric, {}).values()) if case.side else []
    if case.side is None or not values:
        return _VOID
    n, failures = len(values), sum(value > 0 for value in values)
    most = allowed(n, case.gate.bound)
    return Reading(
        value=failures / n,
        ci=(share_bounds(values, case.side.repeats, LEVEL)[1][0], clopper_pearson_upper(failures, n)),
        n=n,
        unable=most is None or failures > most,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Other:
    """What a gate is held against."""

    name: str
    side: PlainSide | None
    void: bool = False


def _other(case: Case) -> _Other:
    bench, partition, versus = case.bench, case.gate.partition, case.gate.versus or "control"
    if versus == "baseline":
        if bench.baseline is None:
            raise NoBaseline
        kept = bench.baseline.sides
        held = kept.get((case.variant, partition)) or kept.get((bench.baseline.control, partition))
        return _Other(name=versus, side=held, void=held is None or _judged_otherwise(case, held))
    name = bench.terms.control if versus == "control" else versus
    side, there = bench.sides.get((name, partition)), bench.variants.get(name, {"partitions": {}})
    unpriced = _unpriced(case.metric, there["partitions"].get(partition))
    return _Other(name=name, side=side, void=side is None or unpriced)


def _judged_otherwise(case: Case, held: PlainSide) -> bool:
    what = {SCHEMA: "schema", COST: "prices"}.get(case.metric, case.metric)
    then, now = held.identity.get(what), case.side.identity.get(what) if case.side else None
    if then is None or now is None or (what == "prices" and held.variant != case.variant):
        return False
    return then != now


def _comparative(case: Case) -> Reading:
    other = _other(case)
    if case.side is None or case.part is None or case.higher is None or other.side is None or other.void:
        return replace(_VOID, versus=other.name)
    if _unpriced(case.metric, case.part):
        return replace(_VOID, versus=other.name)
    if case.metric in QUANTILES:
        return replace(_by_times(case, case.side, other.side, case.part), versus=other.name)
    both = paired(case.side, other.side, case.metric)
    found = case.effect(both)
    if found.value is None:
        return replace(_VOID, versus=other.name)
    return replace(
        _weighed(found, both),
        versus=other.name,
        unable=_uncovered(case, both),
        excused=other.name == "baseline" and _drifted(case, found),
        lost=_lost(case, both),
    )


def _weighed(found: Effect, both: Paired) -> Reading:
    """A difference with the smallest true one that so many examples show."""
    if found.method == TANGO:
        shown = detectable_observed(found.n, (found.wins + found.losses) / found.n)
    else:
        shown = detectable_mean(found.n, spread(found, both, GATE_WEIGHT) or 0.0)
    return Reading(
        value=found.value,
        ci=found.ci,
        n=found.n,
        p=found.p_below,
        mde=shown or None,
        wins=found.wins,
        losses=found.losses,
    )


def _uncovered(case: Case, both: Paired) -> bool:
    """An example that has a value there and none here; one never asked counts unless the run left it out on purpose."""
    chosen = case.bench.held.manifest.get("selection") or {}
    partly = any(chosen.get(key) for key in ("tags", "limit", "only", "failed_from"))
    left_out = partly or case.variant in case.bench.held.stopped
    return bool(both.missing or (both.absent and not left_out))


def _lost(case: Case, both: Paired) -> tuple[str, ...]:
    rows = zip(both.ids, both.a, both.b, strict=True) if case.share else ()
    return tuple(example for example, a, b in rows if (a < b if case.higher else a > b))


def _by_times(case: Case, side: PlainSide, other: PlainSide, part: Line) -> Reading:
    found = _quicker(case, side, other)
    if found.value is None:
        return _VOID
    few = found.p_below is None
    excused = not few and case.gate.versus == "baseline" and _drifted(case, found)
    return Reading(
        value=found.value,
        ci=found.ci,
        n=found.n,
        p=found.p_below,
        doubtful=few or not part["latency"]["valid"],
        unable=excused,
        excused=excused,
    )


def _quicker(case: Case, side: PlainSide, other: PlainSide) -> Effect:
    """How much less the percentile of the first side is."""
    key = FIRST_TOKEN if case.metric.startswith("first_token") else case.gate.stage or WHOLE
    ours, theirs = paired_times(side, other, key)
    seed, confidence = case.bench.terms.seed, 2 * case.level - 1
    return quantile_difference(theirs, ours, QUANTILES[case.metric], seed=seed, confidence=confidence)


def _drifted(case: Case, found: Effect) -> bool:
    """The control has itself moved since the baseline, for the worse and as far; of times, or nobody can tell."""
    timed, key = case.metric in QUANTILES, (case.bench.terms.control, case.gate.partition)
    then = None if case.bench.baseline is None else case.bench.baseline.sides.get(key)
    now = case.bench.sides.get(key)
    if case.variant == key[0]:
        return False
    if now is None or then is None or case.side is None:
        return timed
    if timed:
        moved = _quicker(case, now, then)
    else:
        both = paired(now, then, case.metric)
        moved = case.effect(both)
    if moved.value is None or moved.p is None or moved.p > _MOVED:
        return timed and moved.n < FEWEST_PAIRS
    explains = moved.value < 0 and found.value is not None and found.value >= (moved.ci[0] or 0.0)
    return explains or timed


def _edge(case: Case) -> Reading:
    other = _other(case)
    void = replace(_VOID, versus=other.name)
    if not case.metric or case.higher is None or case.side is None or other.side is None or other.void:
        return void
    both = paired(case.side, other.side, case.metric)
    if not both.ids:
        return void
    trap = _trap(case, other.side, both)
    found = replace(_weighed(trap.edge, both), versus=other.name, unable=_uncovered(case, both))
    if trap.worst is None:
        return replace(found, p=None, lost=_lost(case, both))
    alone = trap.worst.p_below is not None and trap.worst.p_below <= 1 - LEVEL
    return replace(
        found,
        p=trap.p,
        unable=found.unable or alone,
        excused=other.name == "baseline" and _drifted(case, trap.worst),
        lost=tuple(trap.lost) or _lost(case, both),
    )


def _trap(case: Case, other: PlainSide, both: Paired) -> Trap:
    sides = case.bench.sides
    if case.gate.versus == "baseline" and case.bench.baseline is not None:
        sides = case.bench.baseline.sides
    ours, theirs = case.bench.sides.get((case.variant, "golden")), sides.get((other.variant, "golden"))
    golden = None if ours is None or theirs is None else paired(ours, theirs, case.metric)
    tags = case.side.tags if case.side else {}
    return trap_of(golden, both, tags, case.method, higher=bool(case.higher))
