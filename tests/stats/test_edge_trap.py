"""What is hidden behind a gain on golden."""

import numpy as np
import pytest

from harness.stats.edge_trap import FEWEST_TAGGED, edge_trap
from harness.stats.paired import share_effect
from harness.stats.pairing import Pairs


def pairs(a, b):
    """Pairs of two rows of marks."""
    ids = tuple(f"e{at:03}" for at in range(len(a)))
    return Pairs(
        a=np.array(a, float), b=np.array(b, float), ids=ids, missing=(), absent=(), new=(), changed=()
    )


UP = pairs([1] * 60 + [0] * 40, [1] * 50 + [0] * 50)
SAME = pairs([1] * 40, [1] * 40)
DOWN = pairs([0] * 12 + [1] * 28, [1] * 40)


def test_better_on_golden_and_worse_on_edge_is_the_trap():
    """Neither half alone is: a drop everywhere is told elsewhere, and a gain everywhere is one."""
    found = edge_trap(UP, DOWN, {}, "higher", share_effect)
    assert found.shown()
    assert (found.drop.tag, len(found.drop.lost), found.edge.value) == ("", 12, -0.3)
    assert not edge_trap(UP, SAME, {}, "higher", share_effect).shown()
    assert not edge_trap(SAME, DOWN, {}, "higher", share_effect).shown()
    assert not edge_trap(None, DOWN, {}, "higher", share_effect).shown()


def test_one_tag_that_falls_is_found_inside_an_edge_that_does_not():
    """What eight examples lose, others win back: the whole is level, the tag is named, with its examples."""
    edge = pairs([0] * 8 + [1] * 32, [1] * 8 + [0] * 8 + [1] * 24)
    tags = {id_: ("malformed",) if at < 8 else ("adversarial",) for at, id_ in enumerate(edge.ids)}
    found = edge_trap(UP, edge, tags, "higher", share_effect)
    assert found.edge.value == 0
    assert (found.drop.tag, found.drop.lost) == ("malformed", edge.ids[:8])
    assert found.shown()
    assert found.drop.p == pytest.approx(3 * found.drop.effect.p_below)


def test_a_small_tag_and_one_that_all_carry_are_not_looked_at():
    """They would weaken the others, and could not be told from the whole."""
    few = {id_: ("all", "few") if at < FEWEST_TAGGED - 1 else ("all",) for at, id_ in enumerate(DOWN.ids)}
    found = edge_trap(UP, DOWN, few, "higher", share_effect)
    assert found.drop.p == found.drop.effect.p_below


def test_where_less_is_better_the_sides_change_places():
    """A rate of errors that rises on edge is a loss there."""
    found = edge_trap(pairs(UP.b, UP.a), pairs(1 - DOWN.a, 1 - DOWN.b), {}, "lower", share_effect)
    assert (found.golden.value, found.edge.value) == (0.1, -0.3)
    assert len(found.drop.lost) == 12


def test_nothing_on_edge_shows_nothing():
    """Without a pair there is no effect to test."""
    assert edge_trap(UP, pairs([], []), {}, "higher", share_effect).drop is None
