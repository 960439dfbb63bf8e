"""Runs that never happened, as gates read them: sides with chosen marks and times, and their summary."""

from math import isnan

import numpy as np

from harness.flow.gate.gate import gate
from harness.types.comparison import WHOLE, Baseline, Evidence, Samples, Side
from harness.types.experiment import Gate
from harness.types.figures import Cost, Latency, PartitionSummary
from harness.types.run import Manifest, MetricInfo
from harness.types.summary import RunInfo, Summary, VariantSummary

ANSWER = MetricInfo(name="answer", scorer="exact", primary=True, digest="d1")
TOKENS = MetricInfo(name="tokens", scorer="tokens", primary=False, judges="facts", better="lower")
FACT = MetricInfo(name="fact", scorer="mine", primary=False, judges="facts", better=None)
NO_COST = Cost(usd_per_1k=None, ci=(None, None), total_usd=None, unpriced=0, by_stage={}, tokens={})


def marks(ones, n):
    """So many ones, then zeros."""
    return [1.0] * ones + [0.0] * (n - ones)


def side(
    variant="rag", partition="golden", *, answer=None, times=None, ids=None, tags=None, digests=None, repeats=1,
    identity=None, run="r", **others,
):  # fmt: skip
    """One side; `answer` and `others` are marks by example, `times` milliseconds by example under a key."""
    held = {"answer": answer, **others} if answer is not None else others
    n = max((len(getattr(one, "ms", one)) for one in (*held.values(), *(times or {}).values())), default=0)
    ids = tuple(ids or (f"{partition[0]}{at:04}" for at in range(n)))
    return Side(
        variant=variant, partition=partition, run=run, examples=ids, digests=tuple(digests or ids),
        tags=tuple(tags or [()] * len(ids)), repeats=repeats,
        marks={name: np.array(values, dtype=float) for name, values in held.items()},
        times={
            key: one if isinstance(one, Samples) else Samples(ms=np.array(one, float), examples=np.arange(len(one)))
            for key, one in (times or {}).items()
        },
        identity=identity or {"answer": "d1"},
    )  # fmt: skip


def part(one, **changes):
    """The figures beside a side: all answered and scored, unless said otherwise."""
    n = len(one.examples)
    whole = one.times.get(WHOLE)
    live = 0 if whole is None else len(whole.ms)
    latency = Latency(
        p50_ms=None, p50_ci=(None, None), p95_ms=None, p95_ci=(None, None), n_live=live, n_cached=0, timed_out=0,
        method="", first_token=None, stages={}, unaccounted=None, valid=bool(live),
        why=None if live else "no live samples",
    )  # fmt: skip
    scored = sum(not isnan(value) for value in one.marks.get("answer", ()))
    given = {
        "examples": n, "trials": n * one.repeats, "planned": n * one.repeats,
        "outcomes": {"answered": n * one.repeats}, "errors": {}, "scored": scored, "unscored": n - scored,
        "coverage": scored / n if n else None, "quality": None, "metrics": {}, "schema": None, "cost": NO_COST,
        "latency": latency, "by_tag": {},
    }  # fmt: skip
    return PartitionSummary(**{**given, **changes})


def manifest(*gates, candidates=("rag",), **changes):
    """Of a run with these gates."""
    given = {
        "id": "r", "experiment": "x", "config_file": "", "config": {}, "config_digest": "", "evalset_digest": "",
        "digests": {}, "started_at": "", "seed": 0, "concurrency": 1, "timeout_s": 30.0, "control": "plain",
        "layers": {}, "plan": {}, "metrics": (ANSWER, TOKENS, FACT), "live": {}, "schema": None, "gates": gates,
        "candidates": candidates,
    }  # fmt: skip
    return Manifest(**{**given, **changes})


def summary(*sides, parts=None, looks=()):
    """The run's figures; `parts`: (variant, partition) → other figures."""
    found = {}
    for one in sides:
        key = (one.variant, one.partition)
        found.setdefault(one.variant, {})[one.partition] = (parts or {}).get(key) or part(one)
    run = RunInfo(
        id="r", experiment="x", evalset_digest="", config_digest="", started_at="", finished_at="", complete=True,
        seed=0, planned=0,
    )  # fmt: skip
    variants = {name: VariantSummary(layers=(), partitions=held) for name, held in found.items()}
    return Summary(run=run, variants=variants, looks=looks)


def judged(gates, *sides, parts=None, looks=(), candidates=("rag",), evidence=None, **changes):
    """Every verdict."""
    gates = (gates,) if isinstance(gates, Gate) else tuple(gates)
    held = {(one.variant, one.partition): one for one in sides}
    return gate(
        summary(*sides, parts=parts, looks=looks),
        manifest(*gates, candidates=candidates, **changes),
        Evidence(sides=held, **(evidence or {})),
    )


def verdict(one, *sides, **changes):
    """The only verdict."""
    (found,) = judged(one, *sides, **changes)
    return found


def baseline(*sides, control="plain"):
    """A baseline file that holds these sides."""
    held = {(one.variant, one.partition): one for one in sides}
    return Baseline(
        file="b.json", experiment="x", run="b", version="", control=control, primary="answer", sides=held
    )
