"""A comparison in the making: what is known of one metric of one pair before the others are looked at."""

from dataclasses import dataclass, replace

from harness.flow.compare.pairs import Pair
from harness.types.summary import Comparison

SPEED = "latency_ms"
"""The time of a whole trial, all of its distribution at once."""
QUANTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95}
COST, COVERAGE, SCHEMA = "cost_usd_per_1k", "coverage", "schema_failure_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A comparison before it is adjusted for the others, and judged."""

    made: Comparison
    sign: int = -1
    """1 where more is better, else -1."""
    floor: float | None = None
    """One-sided 95 % lower bound of how much better a is; None where there is none."""
    undecidable: bool = False
    """True where no figure could decide it: the sides were measured at different times."""


def blank(pair: Pair, metric: str, method: str) -> Comparison:
    """A comparison of which nothing is known yet but what is compared."""
    made = Comparison(
        a=pair.a.variant,
        b=pair.b.variant,
        partition=pair.a.partition,
        metric=metric,
        difference=None,
        ci=(None, None),
        p=None,
        p_adjusted=None,
        method=method,
        n=0,
        wins=0,
        losses=0,
        ties=0,
        mde=None,
        verdict="cannot tell",
        family="descriptive",
    )
    return replace(made, run_a=pair.a.run, run_b=pair.b.run) if pair.apart else made
