"""The stage that stands out: a calm pipeline has none, whatever its slowest stage; a sleep is named."""

import random
from dataclasses import replace

import pytest

from harness.stats.surprises import surprises
from harness.types.figures import Latency, StageLatency

ANSWERING = {"generate"}


def one(ms: list[float], share: float | None) -> StageLatency:
    """A stage of these times."""
    ordered = sorted(ms)
    p50, p95 = ordered[len(ms) // 2], ordered[int(len(ms) * 0.95)]
    return StageLatency(p50_ms=p50, p95_ms=p95, n=len(ms), share=share)


def run(n: int = 100, sleeps=lambda _number: 0.0, **scale: float) -> Latency:
    """A hundred trials of a retrieval pipeline with log-normal times; `sleeps` is added in the reranker."""
    draw = random.Random(3)
    medians = {"embed": 10.0, "retrieve": 1.0, "rerank": 25.0, "prompt": 0.1, "generate": 90.0, **scale}
    times = {name: [ms * draw.lognormvariate(0, 0.35) for _ in range(n)] for name, ms in medians.items()}
    times["rerank"] = [ms + sleeps(number) for number, ms in enumerate(times["rerank"])]
    whole = [sum(trial) for trial in zip(*times.values(), strict=True)]
    stages = {name: one(ms, sum(ms) / sum(whole)) for name, ms in times.items()}
    end = one(whole, None)
    return Latency(
        p50_ms=end.p50_ms, p50_ci=(None, None), p95_ms=end.p95_ms, p95_ci=(None, None), n_live=n, n_cached=0,
        timed_out=0, method="", first_token=None, stages=stages, unaccounted=None, valid=True,
    )  # fmt: skip


def test_a_calm_run_has_no_surprise():
    """Generating takes most of the time, and that is none."""
    assert surprises(run(), ANSWERING) == []


def test_a_sleep_now_and_then_is_named():
    """One call in ten sleeps: P95 stands far above P50, and says how much of the whole that is."""
    (found,) = surprises(run(sleeps=lambda number: 400.0 * (number % 10 == 0)), ANSWERING)
    assert (found.stage, found.share) == ("rerank", None)
    assert found.p95_ms / found.p50_ms > 3
    assert found.tail > 0.5


def test_a_sleep_at_every_call_is_named():
    """Its ratio is the calmest of all, and it takes most of the time."""
    (found,) = surprises(run(sleeps=lambda _number: 300.0), ANSWERING)
    assert (found.stage, found.tail) == ("rerank", None)
    assert found.share > 0.6


def test_a_stage_may_stand_out_by_both():
    """Long as a rule, and longer now and then: one surprise."""
    (found,) = surprises(run(sleeps=lambda number: 150.0 + 2000.0 * (number % 10 == 0)), ANSWERING)
    assert found.stage == "rerank"
    assert None not in (found.tail, found.share)


@pytest.mark.parametrize(
    "calm",
    [
        pytest.param(run(sleeps=lambda n: 8.0 * (n % 10 == 0), rerank=1.0), id="a tail that the whole does not feel"),
        pytest.param(run(embed=0.01, rerank=0.01, generate=0.01), id="a search of a millisecond takes the largest share"),
        pytest.param(run(n=19, sleeps=lambda _: 300.0), id="too few samples"),
        pytest.param(replace(run(sleeps=lambda _: 300.0), stages={}), id="no stages"),
    ],
)  # fmt: skip
def test_what_is_none(calm):
    """Small, rare or hardly measured: nothing to be surprised at."""
    assert surprises(calm, ANSWERING) == []


def test_where_all_stages_have_tails_none_stands_out():
    """A ratio is read beside those of the other stages: a slow network is no stage's own."""
    calm = run()
    bumpy = {name: replace(stage, p95_ms=stage.p50_ms * 4) for name, stage in calm.stages.items()}
    assert surprises(replace(calm, stages=bumpy), ANSWERING) == []
    worse = {**bumpy, "rerank": replace(bumpy["rerank"], p95_ms=bumpy["rerank"].p50_ms * 9)}
    assert [found.stage for found in surprises(replace(calm, stages=worse), ANSWERING)] == ["rerank"]


def test_a_pipeline_of_one_stage_has_nothing_to_stand_out_from():
    """A model with a long tail alone: the whole latency says it already."""
    calm = run()
    alone = {"generate": replace(calm.stages["generate"], p95_ms=900.0, share=1.0)}
    assert surprises(replace(calm, stages=alone), ANSWERING) == []


def test_two_that_stall_do_not_hide_each_other():
    """Each is held against the steadiest of the others, not against one another; however many calm ones there are."""
    calm = run()
    late = {name: replace(calm.stages[name], p95_ms=900.0) for name in ("embed", "rerank")}
    for beside in (calm.stages, {"generate": calm.stages["generate"]}):
        found = surprises(replace(calm, p95_ms=1900.0, stages={**beside, **late}), ANSWERING)
        assert {one.stage for one in found} == {"embed", "rerank"}
        assert all(one.tail > 0.4 for one in found)


def test_a_part_that_stalls_does_not_hide_another_call():
    """A call whose tail is far longer than that of any part does not have it from there."""
    stages = {
        "rerank": StageLatency(p50_ms=60.0, p95_ms=2000.0, n=50, share=0.4),
        "generate": StageLatency(p50_ms=300.0, p95_ms=600.0, n=50, share=0.6),
        "search": StageLatency(p50_ms=30.0, p95_ms=330.0, n=50),
    }
    found = surprises(replace(run(), p95_ms=2500.0, stages=stages), ANSWERING)
    assert {one.stage for one in found} == {"rerank", "search"}


def test_a_part_of_a_call_is_named_rather_than_the_call():
    """What an application tells of its insides is where its tail comes from."""
    inside = {
        "generate": StageLatency(p50_ms=200.0, p95_ms=900.0, n=50, share=1.0),
        "search": StageLatency(p50_ms=30.0, p95_ms=45.0, n=50),
        "rerank": StageLatency(p50_ms=60.0, p95_ms=720.0, n=50),
        "answer": StageLatency(p50_ms=100.0, p95_ms=150.0, n=50),
    }
    assert [found.stage for found in surprises(replace(run(), stages=inside), ANSWERING)] == ["rerank"]


def test_the_call_that_answers_may_be_slow_whatever_it_is_called():
    """A pipeline of the user's own names its stages as it likes."""
    renamed = run()
    stages = {{"generate": "compose"}.get(name, name): stage for name, stage in renamed.stages.items()}
    renamed = replace(renamed, stages=stages)
    assert surprises(renamed, {"compose"}) == []
    assert [found.stage for found in surprises(renamed, ANSWERING)] == ["compose"]
