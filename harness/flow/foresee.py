"""What each gate will be able to tell, before a call is made."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from math import ceil

from harness.registry import judges_share
from harness.stats.certificates import allowed
from harness.stats.one_sided import share_bounds
from harness.stats.power import TYPICAL_DISCORDANCE, detectable_difference, examples_for_margin
from harness.stats.quantiles import ranks
from harness.stats.sequential import bounds, level
from harness.text.figures import count
from harness.types.experiment import EDGE_REGRESSION, Experiment, Gate

_LEVEL = 0.95
_QUANTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "first_token_p95_ms": 0.95}
_RATE = "schema_failure_rate"


def foresee(experiment: Experiment, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence a gate; none for a gate of which nobody can tell: its spread is known after a run only.

    `sizes`: partition → examples that are run. Exact for shares of single trials, certificates and percentiles; of a
    comparison for two variants that disagree on TYPICAL_DISCORDANCE of the examples. Levels are those of the end of a run.
    """
    told = ((gate, _told(gate, experiment, sizes.get(gate.partition, 0))) for gate in experiment.gates)
    return tuple(f"gate {gate}: {said}." for gate, said in told if said)


def _told(gate: Gate, experiment: Experiment, n: int) -> str:
    if not n:
        return ""
    at = level(bounds()[-1]) if experiment.stop_early and not gate.waits else _LEVEL
    q = _QUANTILES.get(gate.metric)
    if gate.kind == "certificate":
        most = allowed(n, gate.bound)
        return "" if most is None else f"of {_examples(n)} {count(most)} may fail"
    if gate.judge == "point" or gate.metric == "coverage":
        return ""
    if q is not None:
        return "" if gate.kind == "comparative" else _percentile(gate, n * experiment.repeats, q, at)
    if not _is_share(gate, experiment):
        return ""
    if gate.kind == "absolute":
        return _counts(gate, n, at) if experiment.repeats == 1 else ""
    return _difference(gate, n)


def _counts(gate: Gate, n: int, at: float) -> str:
    """How many of n ones pass it, and how many fail it: the first counts, from either end, whose bounds are clear of it."""

    def reach(ones: int) -> tuple[float, float]:
        low, high = share_bounds([1.0] * ones + [0.0] * (n - ones), 1, at)[1]
        return low or 0.0, 1.0 if high is None else high

    def first(clear: Callable[[int], bool]) -> int | None:
        ones = bisect_left(range(n + 1), True, key=clear)
        return ones if ones <= n else None

    if gate.at_most is None:
        passing = first(lambda ones: reach(ones)[0] >= gate.bound)
        above = first(lambda ones: reach(ones)[1] >= gate.bound)
        failing = None if above == 0 else (above or n + 1) - 1
        ways = ("or more", "or fewer")
    else:
        failing = first(lambda ones: reach(ones)[0] > gate.bound)
        above = first(lambda ones: reach(ones)[1] > gate.bound)
        passing = None if above == 0 else (above or n + 1) - 1
        ways = ("or fewer", "or more")
    word, supposed = ("failed", "") if gate.metric == _RATE else ("right", ", where each is right or wrong")
    told = (
        f"{count(ones)} {word} {way} {verb}"
        for ones, way, verb in ((passing, ways[0], "pass"), (failing, ways[1], "fail"))
        if ones is not None
    )
    return f"of {_examples(n)} {', '.join(told)}{supposed}"


def _percentile(gate: Gate, samples: int, q: float, at: float) -> str:
    low, high = ranks(samples, q, 2 * at - 1)
    passing, failing = (high, low) if gate.at_most is not None else (low, high)
    within, beyond = ("within", "beyond") if gate.at_most is not None else ("beyond", "within")
    told = (
        f"with the {_nth(rank)} {where} it {verb}"
        for rank, where, verb in ((passing, within, "passes"), (failing, beyond, "fails"))
        if rank is not None
    )
    return f"of {count(samples)} samples, shortest first, {', '.join(told)}"


def _difference(gate: Gate, n: int) -> str:
    found = detectable_difference(n)
    shown = "cannot find even a large loss" if found is None else f"find a loss of {100 * found:.0f} points"
    needs = ""
    if gate.margin:
        enough = ceil(examples_for_margin(gate.margin))
        needs = f"; to pass as often without a difference takes about {count(enough)}" if enough > n else ""
    assumed = f"if both disagree on {100 * TYPICAL_DISCORDANCE:.0f} %"
    return f"{_examples(n)} {shown} in four runs of five, {assumed}{needs}"


def _is_share(gate: Gate, experiment: Experiment) -> bool:
    if gate.metric == _RATE:
        return True
    edge = gate.metric == EDGE_REGRESSION
    named = next((metric for metric in experiment.metrics if metric.name == gate.metric), None)
    declared = experiment.primary if edge else named
    return declared is not None and judges_share(declared)


def _examples(n: int) -> str:
    return f"{count(n)} example{'' if n == 1 else 's'}"


def _nth(rank: int) -> str:
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{count(rank)}{ending}"
