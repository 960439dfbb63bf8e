"""The gate on edge regressions: whether a gain on golden is paid for where nobody looks."""

from dataclasses import replace

from harness.flow.gate.against import BASELINE, Reference, drift, marks_effect, reference
from harness.flow.gate.case import LEVEL, Case, Reading
from harness.flow.gate.comparative import lost, spread, uncovered, weighed
from harness.flow.gate.words import difference
from harness.stats.edge_trap import Trap, edge_trap
from harness.stats.pairing import Pairs, paired
from harness.text.differences import probability

GOLDEN = "golden"


def edge(case: Case) -> Reading:
    """Read a gate on `edge_regression`, of the metric that decides.

    It fails where edge as a whole, or one of its tags, is shown to be worse, whatever golden says, which is told beside it; it
    passes where edge is no worse than the margin, and no tag looks worse even by itself.
    """
    other = reference(case)
    if not case.metric or case.better is None:
        return Reading(void="no metric decides, so that nothing could regress", versus=other.name)
    if case.side is None:
        return Reading(void=case.unrun, versus=other.name)
    if other.side is None or other.void:
        return Reading(void=other.void, versus=other.name)
    pairs = paired(case.side, other.side, case.metric)
    if not pairs.ids:
        return Reading(void="no example of edge has a value on both sides", versus=other.name)
    tags = dict(zip(case.side.examples, case.side.tags, strict=True))
    trap = edge_trap(_on_golden(case, other), pairs, tags, case.better, marks_effect(case))
    return replace(_read(case, pairs, trap), versus=other.name, excused=_excuse(case, other, trap))


def _read(case: Case, pairs: Pairs, trap: Trap) -> Reading:
    assert trap.edge.value is not None
    found = weighed(case, trap.edge, spread(pairs.a - pairs.b, trap.edge))
    unable = uncovered(case, pairs)
    if trap.drop is None:
        return replace(found, p=None, unable=unable, lost=lost(case, pairs))
    drop, own = trap.drop, trap.drop.effect.p_below
    place = f"on its tag '{drop.tag}'" if drop.tag else "on edge"
    far = difference(case, drop.effect.value or 0.0)
    if own is not None and own <= 1 - LEVEL:
        unable = unable or f"{place} it is {far} worse, alone at p {probability(own)}"
    return replace(
        found,
        p=drop.p,
        unable=unable,
        place=f"{place} it is {far} worse, {_while_golden(case, trap)}",
        lost=drop.lost or lost(case, pairs),
    )


def _while_golden(case: Case, trap: Trap) -> str:
    golden = None if trap.golden is None else trap.golden.value
    if golden is None:
        return "and golden was not run"
    far = difference(case, golden)
    if trap.better_on_golden:
        return f"while golden is {far} better"
    return f"and golden {far} worse" if golden < 0 else "and golden level"


def _on_golden(case: Case, other: Reference) -> Pairs | None:
    """The same two variants on golden; of a baseline, what it keeps of the one that edge is held against."""
    ours = case.evidence.sides.get((case.variant, GOLDEN))
    assert other.side is not None
    sides = case.evidence.sides
    if other.name == BASELINE and case.evidence.baseline is not None:
        sides = case.evidence.baseline.sides
    theirs = sides.get((other.side.variant, GOLDEN))
    return None if ours is None or theirs is None else paired(ours, theirs, case.metric)


def _excuse(case: Case, other: Reference, trap: Trap) -> str:
    if other.name != BASELINE or trap.drop is None:
        return ""
    return drift(case, trap.drop.effect)
