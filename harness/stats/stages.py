"""The time of each stage: one sample a trial, so that the stages of a trial add up to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.stats.quantiles import Quantile, quantile
from harness.types.figures import Interval, StageLatency

if TYPE_CHECKING:
    import pandas as pd


def below(ceiling: float | None, ci: Interval) -> Interval:
    """The interval without an upper bound that rests on a time-out: the true time is longer by an unknown amount."""
    low, high = ci
    return (low, None) if ceiling is not None and high is not None and high >= ceiling else ci


def stage_latencies(
    samples: "pd.DataFrame", stages: "pd.DataFrame", *, limit_ms: float, first: Mapping[str, float]
) -> dict[str, StageLatency]:
    """Latency of each stage of one variant on one partition, in the order of the pipeline; frames as in Columns.

    `samples` are the trials whose time counts, `stages` those of all trials: failures are counted over all. A stage
    that a trial enters twice counts once, with both times; one whose time is unknown in a trial has no sample there.
    `first` are the stages of the warm-up. A stage without a sample stands here only where a trial ended in it.
    """
    live = stages[stages.index.isin(samples.index)]
    failures = stages["name"][stages["ended"]].value_counts()
    late = samples.index[samples["kind"] == "timed_out"]
    hung = set(live["name"][live["ended"] & live.index.isin(late)])
    shares, times = _shares(live), stage_times(live)
    found: dict[str, StageLatency] = {}
    for name in _in_order(stages):
        ms, failed = times.get(name), int(failures.get(name, 0))
        if ms is None and not failed:
            continue
        p50, p95 = (_quantile(ms, samples, q) for q in (0.5, 0.95))
        ceiling = limit_ms if name in hung else None
        found[name] = StageLatency(
            p50_ms=p50.value,
            p95_ms=p95.value,
            n=p50.n,
            p50_ci=below(ceiling, p50.ci),
            p95_ci=below(ceiling, p95.ci),
            first_ms=first.get(name),
            share=shares.get(name),
            failures=failed,
        )
    return found


def _quantile(ms: "pd.Series | None", samples: "pd.DataFrame", q: float) -> Quantile:
    if ms is None:
        return quantile((), q)
    return quantile(ms.to_numpy(), q, samples["example"].reindex(ms.index).to_numpy())


def stage_times(live: "pd.DataFrame") -> dict[str, "pd.Series"]:
    """Stage → its time (by trial) where it is known: a sum over a missing one would be that of half a stage.

    `live` are the rows of Columns.stages whose trials count; a stage that a trial enters twice counts once.
    """
    entered = live.groupby(["name", "trial"], observed=True, sort=False)["ms"]
    whole = entered.sum()[entered.count() == entered.size()]
    return {str(name): ms.droplevel("name") for name, ms in whole.groupby("name", observed=True)}


def _shares(live: "pd.DataFrame") -> dict[str, float]:
    """Own stage → its share of the time of all own stages; none where they took none."""
    sums = live[~live["part"]].groupby("name", observed=True)["ms"].sum()
    whole = float(sums.sum())
    return {str(name): float(ms) / whole for name, ms in sums.items()} if whole > 0 else {}


def _in_order(stages: "pd.DataFrame") -> list[str]:
    """By the latest place at which a trial first entered it: a trial may pass over a stage, and stop at any."""
    places = stages.assign(place=stages.groupby("trial").cumcount())
    first = places.groupby(["name", "trial"], observed=True, sort=False)["place"].min()
    return [str(name) for name in first.groupby("name", observed=True).max().sort_values(kind="stable").index]
