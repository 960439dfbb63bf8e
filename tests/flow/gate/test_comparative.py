"""Gates against another side: paired, three verdicts, and no missing example is forgiven."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from harness.errors import UsageError
from harness.stats.paired import GATE_WEIGHT, share_effect
from harness.types.comparison import WHOLE
from harness.types.experiment import Gate
from tests.flow.gate.bench import baseline, judged, marks, part, side, verdict

NO_WORSE = Gate(metric="answer", versus="control", margin=0.05, where="c.yaml:9")
BETTER = Gate(metric="answer", versus="control")
STALE = replace(NO_WORSE, versus="baseline")


def table(won, lost, n=100):
    """The candidate and the control, with so many examples that only one of them has right."""
    ours = [1.0] * won + [0.0] * lost + [1.0] * (n - won - lost)
    theirs = [0.0] * won + [1.0] * lost + [1.0] * (n - won - lost)
    return side(answer=ours), side("plain", answer=theirs)


@pytest.mark.parametrize(
    ("won", "lost", "said"), [(0, 0, "pass"), (6, 4, "pass"), (5, 10, "inconclusive"), (2, 9, "fail")]
)
def test_fail_only_where_worse_is_shown_and_pass_only_where_no_worse_is(won, lost, said):
    """Between the two nothing is claimed."""
    ours, theirs = table(won, lost, 200)
    found = verdict(NO_WORSE, ours, theirs)
    effect = share_effect(ours.marks["answer"], theirs.marks["answer"], confidence=0.9, weight=GATE_WEIGHT)
    assert (found.verdict, found.versus, found.wins, found.losses) == (said, "plain", won, lost)
    assert (found.value, found.ci, found.p) == (effect.value, effect.ci, effect.p_below)
    assert found.lost == ours.examples[won : won + lost]
    assert (found.bound, found.share, found.n) == (-0.05, True, 200)


def test_without_a_margin_it_must_be_shown_to_be_better():
    """Level is not enough."""
    assert [verdict(BETTER, *table(won, lost)).verdict for won, lost in ((12, 2), (5, 4), (2, 12))] == [
        "pass", "inconclusive", "fail",
    ]  # fmt: skip
    assert verdict(BETTER, *table(12, 2)).why == (
        "12 won and 2 lost of 100: shown to be better than plain by 4.3 points or more"
    )
    assert verdict(replace(BETTER, margin=0.0), *table(0, 0)).verdict == "inconclusive"


def test_within_a_margin_nothing_is_claimed_to_be_better():
    """The bound is told as the worst that it may be: a table beside it, two-sided, may not tell a difference."""
    assert (
        verdict(NO_WORSE, *table(3, 0)).why
        == "3 won and 0 lost of 100: at worst 0.3 points better than plain"
    )
    dear = side(cost_usd_per_1k=[1.0] * 100), side("plain", cost_usd_per_1k=[1.0] * 100)
    found = verdict(Gate(metric="cost_usd_per_1k", versus="control", margin=0.1), *dear)
    assert found.why == "0 won and 0 lost of 100: at worst as good as plain"


def test_the_reason_says_what_so_many_examples_can_show_and_how_many_would_decide_it():
    """The figures of a planner: those of statistics of paired rates."""
    assert verdict(NO_WORSE, *table(7, 8)).why == (
        "7 won and 8 lost of 100: anything from 7.8 points worse to 5.7 points better is possible; "
        "100 examples show no less than 10.7 points; about 380 examples would decide it, were both equal"
    )
    assert verdict(NO_WORSE, *table(2, 9)).why == (
        "2 won and 9 lost of 100: 7.0 points worse than plain, which is shown (p 0.017)"
    )
    assert verdict(NO_WORSE, *table(6, 4, 200)).why.startswith(
        "6 won and 4 lost of 200: at worst 1.8 points worse"
    )


def test_graded_scores_weigh_a_loss_that_the_sample_has_not_met():
    """The pseudo-pair of a gate is larger than that of a report."""
    random = np.random.default_rng(5)
    theirs = random.uniform(0.5, 0.9, 100)
    ours = side(answer=theirs + 0.01)
    found = verdict(replace(NO_WORSE, margin=0.01), ours, side("plain", answer=theirs))
    assert found.verdict == "inconclusive"
    assert (found.wins, found.losses) == (100, 0)
    assert verdict(replace(NO_WORSE, margin=0.05), ours, side("plain", answer=theirs)).verdict == "pass"


def test_lower_is_better_turns_the_sides_round():
    """Cost, schema failures and quantities whose scorer says so: above 0 is good in every verdict."""
    ours, theirs = side(tokens=[50.0, 60, 70, 61] * 5), side("plain", tokens=[100.0, 90, 100, 101] * 5)
    found = verdict(Gate(metric="tokens", versus="control"), ours, theirs)
    assert (found.verdict, found.value, found.share) == ("pass", pytest.approx(37.5), False)
    dear = verdict(
        Gate(metric="cost_usd_per_1k", versus="control", margin=1.0),
        side(cost_usd_per_1k=[5.0, 5.5, 5.2] * 9),
        side("plain", cost_usd_per_1k=[1.0, 1.1, 1.3] * 9),
    )
    assert dear.verdict == "fail"
    assert "worse than plain, which is shown" in dear.why
    assert "$4.1" in dear.why
    broken = verdict(
        Gate(metric="schema_failure_rate", versus="control", margin=0.02),
        side(schema_failure_rate=marks(20, 100)),
        side("plain", schema_failure_rate=marks(2, 100)),
    )
    assert (broken.verdict, broken.value, len(broken.lost)) == ("fail", -0.18, 18)


def test_a_missing_example_cannot_pass():
    """The reference has a value and the candidate none: its coverage failed there, and the ids are named."""
    ours, theirs = table(0, 0, 200)
    holes = side(answer=[nan, nan, *ours.marks["answer"][2:]])
    found = verdict(NO_WORSE, holes, theirs)
    assert (found.verdict, found.counts) == ("inconclusive", "warn")
    assert found.why == "2 examples have no value here that have one there: g0000, g0001"
    assert verdict(NO_WORSE, ours, side("plain", answer=[nan, *theirs.marks["answer"][1:]])).verdict == "pass"


def test_an_example_that_was_taken_out_cannot_make_a_variant_pass():
    """Against a baseline that has it; a run that was asked for a part of the evalset is another thing."""
    ours, theirs = table(0, 0, 200)
    fewer = side(answer=[1.0] * 190, ids=ours.examples[:190])
    held = {"baseline": baseline(replace(theirs, variant="rag"))}
    found = verdict(STALE, fewer, evidence=held)
    assert (found.verdict, found.versus) == ("inconclusive", "baseline")
    assert "10 examples have no value here that have one there: g0190, " in found.why
    assert "and 5 more" in found.why
    assert verdict(STALE, fewer, evidence=held, selection={"limit": 190}).verdict == "pass"


def test_a_row_that_changed_is_no_pair_and_is_said():
    """Its old value says nothing of the new row."""
    ours, theirs = table(0, 0, 200)
    edited = replace(theirs, digests=("other", *theirs.digests[1:]))
    found = verdict(NO_WORSE, ours, edited)
    assert (found.verdict, found.n) == ("pass", 199)
    assert "left out, since their row has changed: g0000" in found.why
    anew = replace(theirs, digests=("other",) * 200)
    found = verdict(NO_WORSE, ours, anew)
    assert (found.counts, found.why) == (
        "undecided",
        "no example is paired: the rows of 200 examples have changed",
    )


def test_what_was_not_run_or_not_said_is_undecided():
    """No control, no partition, no direction, no price: exit 3."""
    ours, theirs = table(0, 0)
    unpriced = {("plain", "golden"): part(theirs, cost=replace(part(theirs).cost, unpriced=3))}
    cost = Gate(metric="cost_usd_per_1k", versus="control")
    found = {
        verdict(NO_WORSE, ours).why: "undecided",
        verdict(replace(NO_WORSE, partition="edge"), ours, theirs).why: "undecided",
        verdict(Gate(metric="fact", versus="control"), side(fact=[1.0]), side("plain", fact=[1.0])).why: "",
        verdict(cost, side(cost_usd_per_1k=[1.0] * 100), theirs, parts=unpriced).why: "undecided",
        verdict(cost, side(answer=[1.0]), side("plain", answer=[1.0])).why: "undecided",
    }
    assert list(found) == [
        "'plain' was not run on golden",
        "the partition 'edge' was not run",
        "nobody has said which way of 'fact' is better",
        "'plain': 3 trials have no known price",
        "no example has a value on both sides",
    ]
    assert verdict(NO_WORSE, ours).counts == "undecided"


def test_holm_is_over_all_comparative_gates_of_the_run():
    """What would fail alone does not beside five others that see nothing; a plain threshold is no test."""
    ours, theirs = table(2, 9)
    assert verdict(NO_WORSE, ours, theirs).verdict == "fail"
    others = [side(f"v{at}", answer=theirs.marks["answer"]) for at in range(5)]
    names = ("rag", *(one.variant for one in others))
    found = judged(NO_WORSE, ours, *others, theirs, candidates=names)
    assert found[0].p_adjusted == pytest.approx(6 * found[0].p)
    assert found[0].verdict == "inconclusive"
    point = replace(NO_WORSE, judge="point")
    beside = judged([NO_WORSE, *[point] * 5], ours, theirs)
    assert (beside[0].verdict, beside[0].p_adjusted) == ("fail", beside[0].p)
    assert {one.verdict for one in beside[1:]} == {"fail"}
    assert {one.p_adjusted for one in beside[1:]} == {None}


def test_advice_weakens_no_gate():
    """It can fail no run, and is adjusted for itself."""
    found = judged([NO_WORSE, *[replace(NO_WORSE, advisory=True)] * 5], *table(2, 9))
    assert found[0].verdict == "fail"
    assert {one.p_adjusted for one in found[1:]} == {5 * found[0].p}
    assert {one.counts for one in found[1:]} == {"warn"}


def test_what_the_others_are_held_against_is_not_held_against_itself():
    """Of several candidates one may be named: it has no verdict of that gate."""
    ours, theirs = table(2, 9)
    found = judged(
        replace(NO_WORSE, versus="old"), ours, replace(theirs, variant="old"), candidates=("rag", "old")
    )
    assert [(one.variant, one.versus) for one in found] == [("rag", "old")]


def test_a_look_at_a_run_has_its_own_part_of_alpha():
    """In place of Holm; and its own bounds."""
    ours, theirs = table(2, 9)
    strict = {"levels": {"rag": 0.99}, "fails": {"rag": 0.01}}
    assert verdict(NO_WORSE, ours, theirs, evidence=strict).verdict == "inconclusive"
    loose = {"levels": {"rag": 0.96}, "fails": {"rag": 0.04}}
    assert verdict(NO_WORSE, ours, theirs, evidence=loose).verdict == "fail"


# --- against a baseline ---------------------------------------------------------------------------


def test_without_a_baseline_the_request_is_wrong():
    """One line: where, what, and what next."""
    with pytest.raises(UsageError) as error:
        verdict(STALE, *table(0, 0))
    assert str(error.value) == (
        "c.yaml:9: the gate 'answer on golden no worse than baseline by 0.05' is held against a baseline, and there is "
        "none; write one with harness baseline RUN, or name it: --baseline FILE"
    )


def test_a_variant_that_the_baseline_does_not_know_is_held_against_its_control():
    """A new candidate is better or worse than what there was."""
    ours, theirs = table(2, 9)
    assert verdict(STALE, ours, evidence={"baseline": baseline(theirs)}).verdict == "fail"
    found = verdict(STALE, ours, evidence={"baseline": baseline(replace(theirs, partition="edge"))})
    assert (found.counts, found.why) == ("undecided", "the baseline b.json holds nothing of golden")


def test_a_baseline_that_was_judged_otherwise_is_no_comparison():
    """Another scorer, another schema, other prices of the same variant: exit 3, and how to mend it."""
    ours, theirs = table(0, 0)
    other = replace(theirs, variant="rag", identity={"answer": "d2"})
    found = verdict(STALE, ours, evidence={"baseline": baseline(other)})
    assert found.counts == "undecided"
    assert "judged by another scorer, judge or options: write it again with harness baseline RUN" in found.why


def test_a_provider_that_drifted_is_told_apart_from_a_candidate_that_got_worse():
    """Where the control lost as much by itself, a fail is no longer the candidate's."""
    then = side("plain", answer=[1.0] * 100)
    fallen = side("plain", answer=marks(88, 100))
    ours = side(answer=marks(90, 100))
    held = {"baseline": baseline(then)}
    alone = verdict(STALE, ours, evidence=held)
    assert alone.verdict == "fail"
    found = verdict(STALE, ours, fallen, evidence=held)
    assert (found.verdict, found.counts) == ("inconclusive", "warn")
    assert (
        "but provider drift: the control itself is 12.0 points worse than in the baseline (p <0.001)"
        in found.why
    )
    steady = verdict(STALE, ours, side("plain", answer=marks(99, 100)), evidence=held)
    assert steady.verdict == "fail"
    worse = verdict(STALE, side(answer=marks(40, 100)), fallen, evidence=held)
    assert worse.verdict == "fail"


# --- times ----------------------------------------------------------------------------------------

RANDOM = np.random.default_rng(11)
WAITS = RANDOM.lognormal(6, 0.4, 200)
AS_QUICK = Gate(metric="latency_p50_ms", versus="control", margin=60)


def timed(variant, ms):
    """A side of times alone."""
    return side(variant, times={WHOLE: ms})


@pytest.mark.parametrize(("longer", "said"), [(0.9, "pass"), (1.0, "pass"), (1.4, "fail")])
def test_a_percentile_is_held_against_another_in_milliseconds(longer, said):
    """Quicker is above 0; the margin is in ms."""
    noise = RANDOM.lognormal(0, 0.05, 200)
    found = verdict(AS_QUICK, timed("rag", WAITS * longer * noise), timed("plain", WAITS))
    assert (found.verdict, found.n, found.wins, found.share) == (said, 200, None, False)
    assert (found.value > 0) == (longer < 1.0 or found.value > 0)


def test_too_few_times_or_late_ones_compare_nothing():
    """Under 50 examples no percentile is compared; a harness that was late says nothing of either side."""
    few = verdict(AS_QUICK, timed("rag", WAITS[:49]), timed("plain", WAITS[:49]))
    assert (few.verdict, few.ci) == ("inconclusive", (None, None))
    assert few.why == (
        "49 examples with times on both sides are too few to compare a percentile; "
        "about 50 examples would decide it, if it stays so"
    )
    ours = timed("rag", WAITS)
    late = part(ours)
    late = replace(late, latency=replace(late.latency, valid=False, why="the loop came late"))
    found = verdict(AS_QUICK, ours, timed("plain", WAITS), parts={("rag", "golden"): late})
    assert (found.verdict, found.counts) == ("inconclusive", "warn")
    assert found.why == "the loop came late"
    none = verdict(AS_QUICK, side(answer=[1.0]), timed("plain", WAITS))
    assert none.counts == "undecided"


def test_times_of_two_runs_need_the_control_in_both():
    """No two hours are alike: without it nothing is claimed; where it is as quick as then, the difference is the variant's."""
    gate = replace(AS_QUICK, versus="baseline")
    held = {"baseline": baseline(timed("rag", WAITS), timed("plain", WAITS))}
    slow, level = timed("rag", WAITS * 1.5), timed("plain", WAITS * RANDOM.lognormal(0, 0.02, 200))
    alone = verdict(gate, slow, evidence=held)
    assert alone.verdict == "inconclusive"
    assert "no control was timed in both runs" in alone.why
    assert verdict(gate, slow, level, evidence=held).verdict == "fail"
    assert verdict(gate, timed("rag", WAITS), level, evidence=held).verdict == "pass"
    hour = timed("plain", WAITS * 1.5)
    assert "provider drift: the control itself is" in verdict(gate, slow, hour, evidence=held).why
    assert verdict(gate, timed("rag", WAITS), hour, evidence=held).verdict == "inconclusive"
