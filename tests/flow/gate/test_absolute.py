"""Gates on the value itself: the one-sided bound decides, and errors never help."""

from dataclasses import replace
from math import nan

import pytest
from scipy.stats import binom

from harness.stats.one_sided import share_bounds
from harness.types.experiment import Gate
from tests.flow.gate.bench import NO_COST, judged, manifest, marks, part, side, verdict

AT_LEAST = Gate(metric="answer", at_least=0.8)


@pytest.mark.parametrize(
    ("ones", "said"), [(95, "pass"), (88, "pass"), (80, "inconclusive"), (73, "inconclusive"), (71, "fail")]
)
def test_a_share_is_judged_by_its_bounds(ones, said):
    """Pass where the lower bound reaches what was promised, fail where the upper one falls short."""
    found = verdict(AT_LEAST, side(answer=marks(ones, 100)))
    assert (found.verdict, found.value, found.n, found.share) == (said, ones / 100, 100, True)
    assert found.ci == share_bounds(marks(ones, 100), 1)[1]


def test_the_reason_has_the_figures():
    """Which bound is shown; or the range, and how many examples would decide it."""
    assert verdict(AT_LEAST, side(answer=marks(95, 100))).why == (
        "shown to be at least 89.8 %, on 100 examples"
    )
    assert verdict(AT_LEAST, side(answer=marks(60, 100))).why == (
        "shown to be at most 68.2 %, on 100 examples"
    )
    assert verdict(AT_LEAST, side(answer=marks(77, 100))).why == (
        "100 examples show it to be between 69.0 % and 83.7 %; about 1,200 examples would decide it, if it stays so"
    )


@pytest.mark.parametrize("n", [30, 50, 100, 300])
@pytest.mark.parametrize("bound", [0.5, 0.8, 0.9, 0.95, 0.98, 0.99])
def test_a_promise_that_is_just_kept_fails_in_at_most_one_run_of_twenty(n, bound):
    """Exact: all counts with their chances, the truth at the bound. The same for a pass of one that is just broken."""
    failed = passed = 0.0
    for ones in range(n + 1):
        low, high = share_bounds(marks(ones, n), 1)[1]
        failed += binom.pmf(ones, n, bound) * (high < bound)
        passed += binom.pmf(ones, n, bound) * (low >= bound)
    assert failed <= 0.05
    assert passed <= 0.05


def test_repeats_are_no_more_examples():
    """Five repeats that agree are worth one: the bounds stay about as wide."""
    once = verdict(AT_LEAST, side(answer=marks(80, 100)))
    five = verdict(AT_LEAST, side(answer=marks(80, 100), repeats=5))
    assert five.n == once.n == 100
    assert five.ci[1] - five.ci[0] > 0.9 * (once.ci[1] - once.ci[0])


def test_examples_without_an_answer_never_help():
    """Nine of ten were not answered: what is left passes only where it would with these counted as bad."""
    broken = side(answer=[nan] * 60 + marks(100, 100))
    figures = part(broken, outcomes={"answered": 100, "failed": 60}, scored=100, unscored=60)
    found = verdict(AT_LEAST, broken, parts={("rag", "golden"): figures})
    assert (found.verdict, found.counts) == ("inconclusive", "warn")
    assert "60 examples brought no answer, and with these counted as bad it is 62.5 %" in found.why
    few = side(answer=[nan] * 2 + marks(98, 98))
    figures = part(few, outcomes={"answered": 98, "failed": 2}, scored=98, unscored=2)
    assert verdict(AT_LEAST, few, parts={("rag", "golden"): figures}).verdict == "pass"


def test_examples_that_have_no_value_by_design_do_not_count():
    """They were answered: rows without a label, refusals that are accepted."""
    assert verdict(AT_LEAST, side(answer=[nan] * 60 + marks(100, 100))).verdict == "pass"


def test_nothing_scored_is_undecided():
    """No value, no partition: exit 3, whatever the gate says of what is inconclusive."""
    lenient = replace(AT_LEAST, inconclusive="pass")
    nothing = verdict(lenient, side(answer=[nan] * 5))
    assert (nothing.verdict, nothing.counts, nothing.why) == (
        "inconclusive",
        "undecided",
        "no trial has a value of it",
    )
    other = verdict(replace(lenient, partition="edge"), side(answer=marks(5, 5)))
    assert (other.counts, other.why) == ("undecided", "the partition 'edge' was not run")


def test_an_amount_has_its_t_bounds():
    """A quantity in a unit of its own, and cost."""
    found = verdict(Gate(metric="tokens", at_most=100), side(tokens=[80.0, 90.0, 100.0, 90.0]))
    assert found.verdict == "pass"
    assert found.ci[1] == pytest.approx(90 + 2.3533634 * 8.1649658 / 2)
    dear = verdict(Gate(metric="cost_usd_per_1k", at_most=1.0), side(cost_usd_per_1k=[1.1, 1.2, 1.3, 1.2]))
    assert (dear.verdict, dear.counts) == ("fail", "fail")
    assert dear.why == "shown to be at least $1.10, on 4 examples"


def test_an_unpriced_call_leaves_a_cost_undecided():
    """What it would have cost is unknown, never nothing."""
    one = side(cost_usd_per_1k=[0.1] * 50)
    figures = part(one, cost=replace(NO_COST, unpriced=1))
    found = verdict(Gate(metric="cost_usd_per_1k", at_most=1.0), one, parts={("rag", "golden"): figures})
    assert (found.counts, found.why) == ("undecided", "1 trial has no known price")


@pytest.mark.parametrize(
    ("scored", "tried", "said", "counts"),
    [
        (100, 100, "pass", "pass"),
        (95, 100, "pass", "pass"),
        (94, 100, "fail", "fail"),
        (50, 50, "inconclusive", "undecided"),
        (40, 50, "fail", "fail"),
        (96, 97, "pass", "pass"),
    ],
)
def test_coverage_is_counted_and_not_estimated(scored, tried, said, counts):
    """A full run of 100 has a coverage of 1, not one of at least 0.97; of an incomplete run what may still come counts."""
    one = side(answer=marks(scored, scored) + [nan] * (100 - scored))
    figures = part(one, trials=tried, scored=scored, coverage=scored / 100)
    found = verdict(Gate(metric="coverage", at_least=0.95), one, parts={("rag", "golden"): figures})
    assert (found.verdict, found.counts) == (said, counts)


def test_a_point_is_a_plain_threshold_and_says_so():
    """`judge: point`."""
    one = replace(AT_LEAST, judge="point")
    found = [verdict(one, side(answer=marks(ones, 10))) for ones in (8, 7)]
    assert [each.verdict for each in found] == ["pass", "fail"]
    assert {each.why for each in found} == {"by the value alone, whatever its interval"}
    assert found[0].ci == (None, None)


@pytest.mark.parametrize(
    ("inconclusive", "advisory", "counts"),
    [("pass", False, "pass"), ("warn", False, "warn"), ("fail", False, "undecided"), ("fail", True, "warn")],
)
def test_what_an_undecided_gate_counts_as(inconclusive, advisory, counts):
    """As the gate says; an advisory one never fails the run, nor does it where it is broken."""
    one = replace(AT_LEAST, inconclusive=inconclusive, advisory=advisory)
    assert verdict(one, side(answer=marks(80, 100))).counts == counts
    broken = verdict(replace(AT_LEAST, advisory=True), side(answer=marks(10, 100)))
    assert (broken.verdict, broken.counts) == ("fail", "warn")


def test_a_run_that_may_stop_early_needs_surer_bounds():
    """By the level of its look; a plain threshold does not."""
    found = verdict(AT_LEAST, side(answer=marks(87, 100)), evidence={"levels": {"rag": 0.9994}})
    assert (found.verdict, found.level) == ("inconclusive", 0.9994)
    assert verdict(AT_LEAST, side(answer=marks(88, 100))).verdict == "pass"


def test_every_candidate_is_judged_and_nobody_who_was_not_run():
    """One verdict a gate and variant, in the order of the config."""
    found = judged(AT_LEAST, side("a", answer=[1.0]), side("b", answer=[1.0]), candidates=("a", "gone", "b"))
    assert [one.variant for one in found] == ["a", "b"]
    assert manifest().gates == ()
