"""Gates on latency: three verdicts, and nothing that was not measured ever passes."""

from dataclasses import replace

import numpy as np
import pytest

from harness.stats.quantiles import quantile
from harness.types.comparison import FIRST_TOKEN, WHOLE, Samples
from harness.types.experiment import Gate
from tests.flow.gate.bench import judged, part, side, verdict

RANDOM = np.random.default_rng(3)
WHOLE_MS = RANDOM.lognormal(6.2, 0.3, 200)
RERANK_MS = RANDOM.lognormal(4.6, 0.5, 200)
RAG = side(times={WHOLE: WHOLE_MS, "rerank": RERANK_MS})
LOW, HIGH = quantile(RERANK_MS, 0.95, confidence=0.9).ci
AT_MOST = Gate(metric="latency_p95_ms", stage="rerank", at_most=400)
STAGES = {"stages": {"rag": ("retrieve", "rerank", "generate")}}
GOLDEN = ("rag", "golden")


def said(one, *sides, **changes):
    """The verdict, and what it counts as."""
    found = verdict(one, *(sides or (RAG,)), **{**STAGES, **changes})
    return found.verdict, found.counts


@pytest.mark.parametrize(
    ("at_most", "expected"),
    [(HIGH + 1, ("pass", "pass")), (HIGH, ("pass", "pass")), (HIGH - 1, ("inconclusive", "warn")),
     (LOW, ("inconclusive", "warn")), (LOW - 1, ("fail", "fail"))],
)  # fmt: skip
def test_the_one_sided_bounds_decide(at_most, expected):
    """Pass only where the upper one lies within the promise, fail only where the lower one lies beyond."""
    assert said(replace(AT_MOST, at_most=at_most)) == expected


def test_at_least_is_the_mirror_image():
    """For a promise from below."""
    below = replace(AT_MOST, at_most=None)
    found = [said(replace(below, at_least=bound))[0] for bound in (LOW, LOW + 1, HIGH, HIGH + 1)]
    assert found == ["pass", "inconclusive", "inconclusive", "fail"]


def test_a_point_is_a_plain_threshold_where_the_gate_says_so():
    """`judge: point`."""
    value = float(np.quantile(RERANK_MS, 0.95))
    found = [said(replace(AT_MOST, at_most=bound, judge="point"))[0] for bound in (value, value - 0.1)]
    assert found == ["pass", "fail"]


def test_a_whole_trial_and_its_stages_are_judged_apart():
    """Without a stage the end-to-end figure counts; P50 has its own."""
    assert said(Gate(metric="latency_p95_ms", at_most=1300))[0] == "pass"
    assert said(Gate(metric="latency_p50_ms", at_most=300))[0] == "fail"
    assert said(Gate(metric="latency_p50_ms", stage="rerank", at_most=300))[0] == "pass"


def test_the_first_token_has_its_own_gate():
    """Of streamed answers; without one it is undecided."""
    one = Gate(metric="first_token_p95_ms", at_most=500)
    assert said(one, side(times={WHOLE: WHOLE_MS, FIRST_TOKEN: RERANK_MS}))[0] == "pass"
    found = verdict(one, RAG)
    assert (found.counts, found.why) == ("undecided", "no answer was streamed")


@pytest.mark.parametrize(("n", "expected"), [(59, "pass"), (58, "inconclusive")])
def test_an_upper_bound_of_a_p95_needs_59_samples(n, expected):
    """One-sided; with fewer no bound is too generous to pass. It may still be shown to be broken."""
    few = side(times={WHOLE: WHOLE_MS[:n]})
    found = verdict(Gate(metric="latency_p95_ms", at_most=1e6), few)
    assert found.verdict == expected
    assert ("too few for an upper bound, which 59 could give" in found.why) == (n < 59)
    assert said(Gate(metric="latency_p95_ms", at_most=100), few)[0] == "fail"


def test_time_outs_that_reach_the_upper_bound_leave_it_open():
    """How long they would have taken is unknown."""
    slow = np.concatenate([WHOLE_MS[:90], [30_000.0] * 10])
    hung = side(times={WHOLE: Samples(ms=slow, examples=np.arange(100), timed_out=10)})
    found = verdict(Gate(metric="latency_p95_ms", at_most=1e9), hung)
    assert (found.verdict, found.ci[1]) == ("inconclusive", None)
    assert "time-outs reach its upper bound" in found.why
    assert said(Gate(metric="latency_p50_ms", at_most=1000), hung)[0] == "pass"


def test_a_p95_of_a_few_samples_is_none():
    """By the value alone neither."""
    found = verdict(
        Gate(metric="latency_p95_ms", at_most=1e6, judge="point"), side(times={WHOLE: WHOLE_MS[:12]})
    )
    assert (found.verdict, found.why) == ("inconclusive", "12 samples hold no P95")


def test_what_is_late_may_still_be_in_time():
    """The harness's own weight makes times longer: a bound from above that holds for them holds, and none is broken by them."""
    figures = part(RAG)
    late = {GOLDEN: replace(figures, latency=replace(figures.latency, valid=False, why="the loop came late"))}
    kept = verdict(AT_MOST, RAG, parts=late, **STAGES)
    assert (kept.verdict, kept.counts) == ("pass", "pass")
    assert "the loop came late" in kept.why
    assert said(replace(AT_MOST, at_most=1), parts=late) == ("inconclusive", "warn")
    assert said(replace(AT_MOST, at_most=1, judge="point"), parts=late) == ("inconclusive", "warn")
    assert said(replace(AT_MOST, at_most=None, at_least=1), parts=late) == ("inconclusive", "warn")


def test_without_live_samples_a_gate_is_undecided():
    """All from the cache: exit 3, of a stage too, whoever is named; so is a partition that was not run."""
    cached = side(answer=[1.0] * 200)
    one = Gate(metric="latency_p95_ms", at_most=1e9)
    assert said(one, cached) == ("inconclusive", "undecided")
    assert verdict(one, cached).why == "no live samples"
    assert said(AT_MOST, cached) == ("inconclusive", "undecided")
    assert said(replace(AT_MOST, variant="rag"), cached) == ("inconclusive", "undecided")
    assert said(replace(AT_MOST, partition="edge")) == ("inconclusive", "undecided")


def test_a_gate_on_a_stage_is_about_the_candidates_that_have_it():
    """One that names no variant passes over those without; one that names it says that it has none."""
    other = side("plain", times={WHOLE: WHOLE_MS})
    found = judged(AT_MOST, RAG, other, candidates=("rag", "plain"), **STAGES)
    assert [one.variant for one in found] == ["rag"]
    named = verdict(replace(AT_MOST, stage="embed", variant="rag"), RAG, **STAGES)
    assert (named.verdict, named.why) == ("inconclusive", "it has no stage 'embed'")


def test_a_gate_reads_as_a_sentence():
    """In the table, the terminal and the last line of a run."""
    assert str(AT_MOST) == "rerank latency_p95_ms on golden at most 400"
    assert str(Gate(metric="latency_p50_ms", at_least=2)) == "latency_p50_ms on golden at least 2"
    assert str(replace(AT_MOST, advisory=True)).endswith("(advisory)")
