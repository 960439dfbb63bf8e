"""How sure a gate must be at a look: by O'Brien and Fleming, more so the earlier, and shared out over what could fail."""

from dataclasses import replace

import pytest
from scipy.stats import norm

from harness.flow.levels import levels
from harness.stats.sequential import LOOKS, bounds
from harness.types.experiment import Gate
from harness.types.run import Manifest
from harness.types.summary import Look

QUALITY = Gate(metric="right", versus="control", margin=0.05)
EDGE = Gate(metric="right", partition="edge", versus="control", margin=0.1)


def manifest(*gates, looks=LOOKS, alpha=0.05, variants=("plain", "rag", "tuned")):
    """Of a run whose first variant is the control."""
    return Manifest(
        id="r", experiment="x", config_file="", config={}, config_digest="", evalset_digest="", digests={}, started_at="",
        seed=0, concurrency=1, timeout_s=30.0, control="plain", layers={}, plan={name: {"golden": 500} for name in variants},
        metrics=(), live={}, schema=None, gates=gates, candidates=variants[1:], alpha=alpha, looks=looks,
    )  # fmt: skip


def look(variant, number, decision="hopeless", tried=200):
    """What one look said."""
    return Look(
        look=number, of=5, at="", variant=variant, decision=decision, why="", level=0.0, tried=tried, planned=500
    )  # fmt: skip


def test_a_run_that_is_looked_at_once_asks_for_nothing_else() -> None:
    """Without looks neither a level nor a threshold is given: gates keep to 95 % and Holm."""
    assert levels(manifest(QUALITY, looks=()), (), 1) == ({}, {})


@pytest.mark.parametrize("at", range(1, 6))
def test_one_comparative_gate_crosses_the_published_bounds(at: int) -> None:
    """With one candidate and one gate both are the bound of that look at 5 %: 4.229 at first, 1.740 at last."""
    passes, fails = levels(manifest(QUALITY, variants=("plain", "rag")), (), at)
    assert norm.ppf(passes["rag"]) == pytest.approx(bounds()[at - 1], abs=1e-6)
    assert fails["rag"] == pytest.approx(1 - passes["rag"], rel=1e-6)


def test_the_chance_of_a_false_alarm_is_shared_out() -> None:
    """Two comparative gates on two candidates are four: each may fail at a quarter of alpha, and pass as before.

    Gates that are advisory, or no comparison, take no part of it.
    """
    gates = (QUALITY, EDGE, replace(EDGE, advisory=True), Gate(metric="right", at_least=0.8))
    passes, fails = levels(manifest(*gates, alpha=0.1), (), 3)
    assert fails["rag"] == pytest.approx(norm.sf(bounds(LOOKS, 0.1 / 4)[2]), rel=1e-6)
    assert passes == levels(manifest(QUALITY), (), 3)[0]


def test_what_was_stopped_keeps_the_bounds_of_its_own_look() -> None:
    """Whatever the others have come to, and whoever judges it again."""
    held = manifest(QUALITY)
    passes, fails = levels(held, [look("rag", 2), look("tuned", 4, "go on")], 5)
    assert (passes["rag"], fails["rag"]) == tuple(found["rag"] for found in levels(held, (), 2))
    assert (passes["tuned"], fails["tuned"]) == tuple(found["tuned"] for found in levels(held, (), 5))


@pytest.mark.parametrize(("tried", "at"), [(12, 1), (130, 1), (200, 2), (310, 3)])
def test_between_two_looks_the_bounds_of_the_one_before_hold(tried: int, at: int) -> None:
    """A count of failures may stop a variant anywhere; before the first look the first one's bounds are the strictest there are."""
    held = manifest(QUALITY)
    assert levels(held, [look("rag", 0, tried=tried)], 5)[0]["rag"] == levels(held, (), at)[0]["rag"]
