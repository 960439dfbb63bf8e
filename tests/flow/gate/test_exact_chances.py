"""How often a gate fails and passes, exactly: every table that can come, through the step itself, with its probability.

A sampled table would only say "about"; these are the chances that a team lives with.
"""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.special import gammaln

from harness.stats.power import mcnemar_power
from harness.types.experiment import Gate
from tests.flow.gate.bench import judged, side, verdict

N, MARGIN = 100, 0.05
NO_WORSE = Gate(metric="answer", versus="control", margin=MARGIN)


@cache
def said(won, lost, n=N):
    """The step's own verdict on a table."""
    ours = [1.0] * won + [0.0] * lost + [1.0] * (n - won - lost)
    theirs = [0.0] * won + [1.0] * lost + [1.0] * (n - won - lost)
    return verdict(NO_WORSE, side(answer=ours), side("plain", answer=theirs)).verdict


def tables(wins, losses, n=N):
    """(won, lost) → probability, of those that come at all."""
    for won, lost in product(range(n + 1), repeat=2):
        if won + lost > n:
            continue
        rest = n - won - lost
        log = gammaln(n + 1) - gammaln(won + 1) - gammaln(lost + 1) - gammaln(rest + 1)
        log += won * np.log(wins) + lost * np.log(losses) + rest * np.log(1 - wins - losses)
        if log > -32:
            yield won, lost, float(np.exp(log))


def chance(verdict_of_interest, difference, discordance):
    """Of that verdict, where the candidate is better by `difference` and both disagree on `discordance`."""
    wins, losses = (discordance + difference) / 2, (discordance - difference) / 2
    return sum(p for won, lost, p in tables(wins, losses) if said(won, lost) == verdict_of_interest)


@pytest.mark.parametrize(
    ("difference", "discordance", "per_cent"), [(0.0, 0.15, 5.2), (0.0, 0.2, 5.2), (-0.1, 0.2, 76.0)]
)
def test_a_gate_fails_as_often_as_its_test_has_power(difference, discordance, per_cent):
    """To nine digits: no more than 5.2 % of unchanged candidates, and three of four that lost ten points."""
    wins, losses = (discordance + difference) / 2, (discordance - difference) / 2
    found = chance("fail", difference, discordance)
    assert found == pytest.approx(mcnemar_power(N, wins, losses), abs=1e-9)
    assert 100 * found == pytest.approx(per_cent, abs=2.0)


@pytest.mark.parametrize("discordance", [0.06, 0.1, 0.15, 0.2, 0.3])
def test_a_candidate_that_lost_the_margin_rarely_passes(discordance):
    """At the margin itself: at most 6 % (bar B4)."""
    assert chance("pass", -MARGIN, discordance) <= 0.06


@pytest.mark.parametrize("discordance", [0.05, 0.1, 0.15, 0.2, 0.3])
def test_an_unchanged_candidate_rarely_fails(discordance):
    """At most 6 % (bar B4), whatever the discordance."""
    assert chance("fail", 0.0, discordance) <= 0.06


def test_many_gates_on_unchanged_candidates_seldom_raise_one_alarm():
    """400 runs of six equal variants on two partitions: any fail in at most 5 % of them, and what chance adds to that."""
    random, runs, alarms = np.random.default_rng(20), 400, 0
    gates = [NO_WORSE, Gate(metric="answer", versus="control", margin=MARGIN, partition="edge")]
    names = [f"v{at}" for at in range(5)]
    for _ in range(runs):
        sides = []
        for partition, n in (("golden", 100), ("edge", 60)):
            ability = random.beta(6, 2, n)
            sides += [
                side(name, partition, answer=(random.random(n) < ability).astype(float))
                for name in ("plain", *names)
            ]
        alarms += any(one.verdict == "fail" for one in judged(gates, *sides, candidates=tuple(names)))
    assert alarms / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5


def test_without_holm_the_same_runs_would_raise_many():
    """The negative control: ten verdicts, each at 5 % for itself, alarm in far more than one run of twenty."""
    random, runs, alarms = np.random.default_rng(20), 200, 0
    for _ in range(runs):
        ability = random.beta(6, 2, 100)
        drawn = [(random.random(100) < ability).astype(float) for _ in range(11)]
        plain = side("plain", answer=drawn[0])
        alarms += any(verdict(NO_WORSE, side(answer=one), plain).verdict == "fail" for one in drawn[1:])
    assert alarms / runs > 0.15
