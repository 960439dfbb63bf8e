"""Comparisons within a run: every variant against the control, from tables by example."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Any

from harness.flow.verify.estimating import primary_of
from harness.flow.verify.siding import (
    COVERAGE,
    WHOLE,
    Paired,
    PlainSide,
    betters_of,
    paired,
    paired_times,
    shares_of,
)
from harness.flow.verify.trials import Line
from harness.stats.multiple import holm
from harness.stats.paired import (
    ADJUSTED_T,
    REPORT_WEIGHT,
    TANGO,
    Effect,
    amount_effect,
    differences,
    share_effect,
)
from harness.stats.power import detectable_mean, detectable_observed
from harness.stats.ratios import BOOTSTRAP, GEOMETRIC, geometric_ratio, quantile_ratio

Sides = Mapping[tuple[str, str], PlainSide]
Row = dict[str, Any]

_QUANTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms the variants of a run are compared, as its manifest has them."""

    control: str
    primary: str | None
    better: Mapping[str, str]
    shares: frozenset[str]
    times: frozenset[str]
    """Declared metrics that are times."""
    margins: Mapping[tuple[str, str], float]
    alpha: float
    seed: int
    aids: frozenset[str]

    @classmethod
    def of(cls, manifest: Line) -> "Terms":
        """Read them from a manifest; of several margins on one metric the smallest holds."""
        margins: dict[tuple[str, str], float] = {}
        for gate in manifest.get("gates") or ():
            if gate.get("margin") is not None:
                key = (gate["metric"], gate["partition"])
                margins[key] = min(gate["margin"], margins.get(key, gate["margin"]))
        primary = primary_of(manifest)
        return cls(
            control=manifest["control"],
            primary=None if primary is None else primary["name"],
            better=betters_of(manifest),
            shares=shares_of(manifest),
            times=frozenset(one["name"] for one in manifest["metrics"] if one["scorer"] == "latency"),
            margins=margins,
            alpha=manifest.get("alpha", 0.05),
            seed=manifest["seed"],
            aids=frozenset(manifest.get("aid") or ()),
        )

    def effect(
        self, metric: str, confidence: float = 0.95
    ) -> Callable[[Sequence[float], Sequence[float]], Effect]:
        """The method that fits a metric."""
        if metric in self.shares:
            return partial(share_effect, confidence=confidence, weight=REPORT_WEIGHT)
        return partial(amount_effect, confidence=confidence)


def comparisons(sides: Sides, terms: Terms, late: Collection[tuple[str, str]] = ()) -> list[Row]:
    """Every row of `comparisons`: adjusted within its family, and judged.

    `late` are the variants and partitions whose times the harness's own lateness makes no evidence.
    """
    rows = [row for a, b in pairs_of(sides, terms) for row in _rows(a, b, terms)]
    for row in rows:
        untimely = {(row["a"], row["partition"]), (row["b"], row["partition"])} & set(late)
        row["untimely"] = bool(untimely) and (row["ratio"] is not None or row["metric"] in terms.times)
        if row["untimely"] and row["ratio"] is not None:
            row["family"] = "descriptive"
    for row in rows:
        row["p_adjusted"] = None
    for family in {(row["family"], row["partition"] if row["family"] == "primary" else "") for row in rows}:
        members = [
            row
            for row in rows
            if row["family"] == family[0] != "descriptive"
            and family[1] in ("", row["partition"])
            and row["p"] is not None
        ]
        for row, p in zip(members, holm([row["p"] for row in members]), strict=True):
            row["p_adjusted"] = p
    for row in rows:
        verdict = _verdict(row, terms, sign=row.pop("sign"), floor=row.pop("floor"))
        row["verdict"] = "cannot tell" if row.pop("untimely") else verdict
    return rows


def pairs_of(sides: Sides, terms: Terms) -> Iterator[tuple[PlainSide, PlainSide]]:
    """Each variant beside the control, on every partition that both were asked."""
    for (variant, partition), a in sides.items():
        b = sides.get((terms.control, partition))
        if b is not None and variant != terms.control and variant not in terms.aids:
            yield a, b


def _rows(a: PlainSide, b: PlainSide, terms: Terms) -> Iterator[Row]:
    for metric in terms.better:
        if metric in a.marks or metric in b.marks:
            yield _of_marks(a, b, metric, terms)
    if WHOLE in a.times or WHOLE in b.times:
        ours, theirs = paired_times(a, b, WHOLE)
        taken = [both for both in zip(ours, theirs, strict=True) if min(both[0]) > 0 < min(both[1])]
        times = ([mine for mine, _ in taken], [other for _, other in taken])
        yield _of_speed(_blank(a, b, "latency_ms", GEOMETRIC), *times)
        for metric, q in _QUANTILES.items():
            yield _of_quantile(_blank(a, b, metric, BOOTSTRAP), times, q, terms.seed)


def _blank(a: PlainSide, b: PlainSide, metric: str, method: str) -> Row:
    return {
        "a": a.variant,
        "b": b.variant,
        "partition": a.partition,
        "metric": metric,
        "difference": None,
        "ci": (None, None),
        "p": None,
        "method": method,
        **dict.fromkeys(("n", "wins", "losses", "ties"), 0),
        **dict.fromkeys(("mde", "a_value", "b_value", "ratio", "margin")),
        "family": "descriptive",
        "ratio_ci": (None, None),
        **dict.fromkeys(("won", "lost", "missing", "new", "changed"), ()),
        **dict.fromkeys(("run_a", "run_b"), ""),
        "sign": -1,
        "floor": None,
    }


def _of_marks(a: PlainSide, b: PlainSide, metric: str, terms: Terms) -> Row:
    both = paired(a, b, metric)
    found = terms.effect(metric)(both.a, both.b)
    low, high = terms.effect(metric, 0.90)(both.a, both.b).ci
    sign = 1 if terms.better[metric] == "higher" else -1
    apart = [(one, sign * by) for one, by in zip(both.ids, differences(both.a, both.b), strict=True)]
    won, lost = [one for one, by in apart if by > 0], [one for one, by in apart if by < 0]
    decides = metric == terms.primary
    named = decides or (terms.primary is None and metric == COVERAGE)
    return {
        **_blank(a, b, metric, found.method),
        "difference": found.value,
        "ci": found.ci,
        "p": found.p,
        "n": len(both.ids),
        "wins": len(won),
        "losses": len(lost),
        "ties": len(both.ids) - len(won) - len(lost),
        "mde": detectable(found, both, REPORT_WEIGHT),
        "family": "primary" if decides else "descriptive",
        "a_value": _mean(both.a),
        "b_value": _mean(both.b),
        "margin": terms.margins.get((metric, a.partition)),
        "won": won if decides else (),
        "lost": lost if decides else (),
        "missing": sorted(both.missing) if named else (),
        "new": both.new if named else (),
        "changed": both.changed if named else (),
        "sign": sign,
        "floor": low if sign > 0 else None if high is None else -high,
    }


def detectable(found: Effect, both: Paired, weight: float) -> float | None:
    """The smallest true difference that these examples show with 80 % power."""
    if found.method == TANGO:
        return detectable_observed(found.n, (found.wins + found.losses) / found.n) if found.n else None
    return detectable_mean(found.n, spread(found, both, weight) or 0.0) if found.n > 1 else None


def spread(found: Effect, both: Paired, weight: float) -> float | None:
    """Standard deviation of the differences, with the pseudo-pair where the method adds one."""
    import numpy as np

    pair = (weight, -weight) if found.method == ADJUSTED_T else ()
    apart = np.append(np.subtract(both.a, both.b), pair)
    return float(apart.std(ddof=1)) if apart.size > 1 else None


def _mean(values: Sequence[float]) -> float | None:
    import numpy as np

    return float(np.mean(values)) if values else None


def _of_speed(row: Row, ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> Row:
    """Geometric means over the examples, of their repeats' geometric means."""
    import numpy as np

    row["family"] = "speed" if ours else row["family"]
    if not ours:
        return row
    a, b = (np.array([np.log(one).mean() for one in times]) for times in (ours, theirs))
    found = geometric_ratio(np.exp(a), np.exp(b))
    a_value, b_value = float(np.exp(a.mean())), float(np.exp(b.mean()))
    shown = detectable_mean(len(ours), float((a - b).std(ddof=1))) if len(ours) > 1 else None
    wins, losses = int((a < b).sum()), int((a > b).sum())
    return row | {
        "difference": a_value - b_value,
        "p": found.p,
        "n": len(ours),
        "wins": wins,
        "losses": losses,
        "ties": len(ours) - wins - losses,
        "mde": None if shown is None else b_value * (exp(shown) - 1),
        "a_value": a_value,
        "b_value": b_value,
        "ratio": found.value,
        "ratio_ci": found.ci,
    }


def _of_quantile(
    row: Row, times: tuple[list[Sequence[float]], list[Sequence[float]]], q: float, seed: int
) -> Row:
    """One percentile of both on the same examples, and their ratio."""
    import numpy as np

    if not times[0]:
        return row
    found = quantile_ratio(*times, q, seed=seed)
    a_value, b_value = (float(np.quantile(np.concatenate(each), q)) for each in times)
    return row | {
        "difference": a_value - b_value,
        "n": len(times[0]),
        "a_value": a_value,
        "b_value": b_value,
        "ratio": found.value,
        "ratio_ci": found.ci,
    }


def _verdict(row: Row, terms: Terms, *, sign: int, floor: float | None) -> str:
    """Better or worse where that is shown; no worse than the margin where only that is."""
    if row["difference"] is None:
        return "cannot tell"
    centre, ci, value = (0.0, row["ci"], row["difference"])
    if row["ratio"] is not None:
        centre, ci, value = 1.0, row["ratio_ci"], row["ratio"]
    low, high = ci
    shown = (low is not None and low > centre) or (high is not None and high < centre)
    if row["family"] != "descriptive":
        shown = row["p_adjusted"] is not None and row["p_adjusted"] <= terms.alpha
    if shown:
        return "better" if sign * (value - centre) > 0 else "worse"
    kept = row["margin"] is not None and floor is not None and floor > -row["margin"]
    return "no worse than the margin" if kept else "cannot tell"
