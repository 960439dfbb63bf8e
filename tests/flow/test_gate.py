"""Gates on latency: three verdicts, and nothing that was not measured ever passes."""

from dataclasses import replace

import pytest

from harness.flow.gate import gate
from harness.types.experiment import Gate
from harness.types.run import Manifest
from harness.types.summary import (
    Cost,
    Latency,
    PartitionSummary,
    RunInfo,
    StageLatency,
    Summary,
    VariantSummary,
)

RERANK = StageLatency(p50_ms=100.0, p50_ci=(90.0, 110.0), p95_ms=300.0, p95_ci=(250.0, 390.0), n=200)
LATENCY = Latency(
    p50_ms=500.0, p50_ci=(480.0, 520.0), p95_ms=900.0, p95_ci=(850.0, 990.0), n_live=200, n_cached=0, timed_out=0,
    method="", first_token=None, stages={"rerank": RERANK}, unaccounted=None, valid=True,
)  # fmt: skip
AT_MOST = Gate(metric="latency_p95_ms", stage="rerank", at_most=400)


def summary(latency=LATENCY, name="rag"):
    """A run of one variant on golden."""
    part = PartitionSummary(
        examples=200, trials=200, planned=200, outcomes={}, errors={}, scored=200, unscored=0, coverage=1.0,
        quality=None, metrics={}, schema=None,
        cost=Cost(usd_per_1k=None, ci=(None, None), total_usd=None, unpriced=0, by_stage={}, tokens={}),
        latency=latency, by_tag={},
    )  # fmt: skip
    run = RunInfo(
        id="r", experiment="x", evalset_digest="", config_digest="", started_at="", finished_at="", complete=True,
        seed=0, planned=200,
    )  # fmt: skip
    return Summary(run=run, variants={name: VariantSummary(layers=(), partitions={"golden": part})})


def manifest(*gates, candidates=("rag",), stages=("retrieve", "rerank", "generate")):
    """Of a run with these gates."""
    return Manifest(
        id="r", experiment="x", config_file="", config={}, config_digest="", evalset_digest="", digests={},
        started_at="", seed=0, concurrency=1, timeout_s=1.0, control="", layers={}, plan={}, metrics=(), live={},
        schema=None, gates=gates, candidates=candidates, stages={"rag": stages},
    )  # fmt: skip


def verdict_on(one, latency=LATENCY, **changes):
    """The only verdict."""
    (verdict,) = gate(summary(latency), manifest(one, **changes))
    return verdict


def judged(one, latency=LATENCY):
    """What it is, and what it counts as."""
    verdict = verdict_on(one, latency)
    return verdict.verdict, verdict.counts


@pytest.mark.parametrize(
    ("at_most", "verdict", "counts"),
    [(400, "pass", "pass"), (390, "pass", "pass"), (389, "inconclusive", "warn"), (250, "inconclusive", "warn"),
     (249, "fail", "fail")],
)  # fmt: skip
def test_the_interval_decides(at_most, verdict, counts):
    """Pass only where all of it lies within the bound, fail only where all of it lies beyond."""
    assert judged(replace(AT_MOST, at_most=at_most)) == (verdict, counts)


def test_at_least_is_the_mirror_image():
    """For a promise from below."""
    below = replace(AT_MOST, at_most=None)
    assert [judged(replace(below, at_least=bound))[0] for bound in (250, 251, 390, 391)] == [
        "pass", "inconclusive", "inconclusive", "fail",
    ]  # fmt: skip


def test_a_point_is_a_plain_threshold_where_the_gate_says_so():
    """`judge: point`."""
    assert [judged(replace(AT_MOST, at_most=bound, judge="point"))[0] for bound in (300, 299)] == [
        "pass",
        "fail",
    ]


def test_a_whole_trial_and_its_stages_are_judged_apart():
    """Without a stage the end-to-end figure counts; P50 has its own."""
    assert judged(Gate(metric="latency_p95_ms", at_most=1000))[0] == "pass"
    assert judged(Gate(metric="latency_p50_ms", at_most=470))[0] == "fail"
    assert judged(Gate(metric="latency_p50_ms", stage="rerank", at_most=470))[0] == "pass"


def test_what_was_not_measured_never_passes():
    """No live samples: exit 3. Not trusted, or a sample without an upper bound: inconclusive, as the gate counts that."""
    nothing = replace(
        LATENCY, p95_ms=None, p95_ci=(None, None), n_live=0, stages={}, valid=False, why="no live samples"
    )
    assert judged(Gate(metric="latency_p95_ms", at_most=1e9), nothing) == ("inconclusive", "undecided")
    assert judged(replace(AT_MOST, variant="rag", at_most=1e9), nothing) == ("inconclusive", "undecided")
    doubtful = replace(LATENCY, valid=False, why="the loop came late")
    assert judged(replace(AT_MOST, at_most=1), doubtful) == ("inconclusive", "warn")
    assert judged(replace(AT_MOST, at_most=1, judge="point"), doubtful) == ("inconclusive", "warn")
    few = replace(LATENCY, stages={"rerank": replace(RERANK, p95_ci=(250.0, None))})
    assert judged(replace(AT_MOST, at_most=1e9), few) == ("inconclusive", "warn")
    assert judged(replace(AT_MOST, at_most=100), few)[0] == "fail"
    other = verdict_on(replace(AT_MOST, partition="edge", variant="rag"))
    assert (other.counts, other.why) == ("undecided", "the partition 'edge' was not run")


@pytest.mark.parametrize(
    ("inconclusive", "advisory", "counts"),
    [("pass", False, "pass"), ("warn", False, "warn"), ("fail", False, "undecided"), ("fail", True, "warn")],
)
def test_what_an_undecided_gate_counts_as(inconclusive, advisory, counts):
    """As the gate says; an advisory one never fails the run, nor does it where it is broken."""
    one = replace(AT_MOST, at_most=300, inconclusive=inconclusive, advisory=advisory)
    assert judged(one) == ("inconclusive", counts)
    assert judged(replace(AT_MOST, at_most=1, advisory=True)) == ("fail", "warn")


def test_what_is_late_may_still_be_in_time():
    """The harness's own weight makes times longer: a bound from above that holds for them holds."""
    doubtful = replace(LATENCY, valid=False, why="the loop came late")
    kept = verdict_on(AT_MOST, doubtful)
    assert (kept.verdict, kept.counts) == ("pass", "pass")
    assert "the loop came late" in kept.why
    below = replace(AT_MOST, at_most=None, at_least=1)
    assert judged(below, doubtful) == ("inconclusive", "warn")


def test_a_sample_that_is_too_small_says_so():
    """A P95 of a few samples is none, by the value alone neither; time-outs are named where they are the reason."""
    few = replace(LATENCY, stages={"rerank": replace(RERANK, n=12)})
    point = verdict_on(replace(AT_MOST, judge="point"), few)
    assert (point.verdict, point.why) == ("inconclusive", "12 samples hold no P95")
    hung = replace(LATENCY, stages={"rerank": replace(RERANK, p95_ci=(250.0, None), failures=3)})
    assert "time-outs reach it" in verdict_on(AT_MOST, hung).why
    open_end = replace(LATENCY, stages={"rerank": replace(RERANK, p95_ci=(250.0, None), n=50)})
    assert "50 samples are too few" in verdict_on(AT_MOST, open_end).why


def test_a_gate_on_a_stage_is_about_the_candidates_that_have_it():
    """One that names no variant passes over those without; one that names it says that it has none."""
    assert gate(summary(), manifest(replace(AT_MOST, stage="embed"), candidates=("rag", "gone"))) == ()
    named = verdict_on(replace(AT_MOST, stage="embed", variant="rag"), candidates=())
    assert (named.verdict, named.why) == ("inconclusive", "it has no stage 'embed'")


def test_a_gate_on_a_stage_does_not_vanish_with_its_samples():
    """From the cache the stage has no time, and a variant that has the stage is undecided, whoever is named."""
    cached = replace(LATENCY, p95_ms=None, n_live=0, stages={}, valid=False, why="no live samples")
    assert judged(AT_MOST, cached) == ("inconclusive", "undecided")
    assert judged(replace(AT_MOST, partition="edge")) == ("inconclusive", "undecided")


def test_a_gate_reads_as_a_sentence():
    """In the table, the terminal and the last line of a run."""
    assert str(AT_MOST) == "rerank latency_p95_ms on golden at most 400"
    assert str(Gate(metric="latency_p50_ms", at_least=2)) == "latency_p50_ms on golden at least 2"
    assert str(replace(AT_MOST, advisory=True)).endswith("(advisory)")
