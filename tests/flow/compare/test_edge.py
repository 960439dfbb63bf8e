"""The edge trap: raised where it was planted, hardly ever where variants are equal, and never without golden."""

import numpy as np

from harness.flow.compare.compare import compare

GOLDEN, EDGE = 120, 76
VARIANTS = tuple(f"v{number}" for number in range(6))


def simulated(side, agreed, random, golden=0.0, edge=0.0):
    """Six variants that answer three of four, flipping a fifth of the examples; v1 gains on golden and loses on edge."""
    sides = {}
    for partition, n, planted in (("golden", GOLDEN, golden), ("edge", EDGE, edge)):
        known = random.random(n) < 0.75
        for name in VARIANTS:
            marks = np.where(random.random(n) < 0.2, random.random(n) < 0.75, known)
            if name == "v1":
                lost = marks & (random.random(n) < max(-planted, 0) / 0.75)
                won = ~marks & (random.random(n) < max(planted, 0) / 0.25)
                marks = (marks & ~lost) | won
            sides[name, partition] = side(name, partition, marks.astype(float))
    return compare(sides, sides, agreed(against="v0")).notices


def alarms(notices):
    """The variants that the trap was raised for."""
    return {notice.variant for notice in notices if notice.code == "edge_regression"}


def test_equal_variants_raise_it_in_at_most_one_run_of_twenty(side, agreed):
    """150 runs of six equal variants; 400 of each of eight settings gave 0 to 2.5 %."""
    random = np.random.default_rng(11)
    raised = sum(bool(alarms(simulated(side, agreed, random))) for _ in range(150))
    assert raised <= 0.05 * 150


def test_a_planted_loss_on_edge_behind_a_gain_on_golden_is_mostly_found(side, agreed):
    """Ten points up on 120 golden examples, twenty down on 76 of edge, among five variants: more than two runs of three."""
    random = np.random.default_rng(12)
    raised = sum("v1" in alarms(simulated(side, agreed, random, 0.1, -0.2)) for _ in range(60))
    assert raised >= 40


def pair(side, golden, edge):
    """A control that is right everywhere but for golden's first ten, and a variant."""
    return {
        ("base", "golden"): side("base", "golden", [0] * 10 + [1] * 50),
        ("new", "golden"): side("new", "golden", golden),
        ("base", "edge"): side("base", "edge", [1] * 45),
        ("new", "edge"): side("new", "edge", edge),
    }


UP, LEVEL, DOWN = [1] * 60, [0] * 10 + [1] * 50, [0] * 15 + [1] * 45


def test_the_warning_names_the_variant_the_figures_and_the_examples(side, agreed):
    """It comes first, and says how far up, how far down, how surely, and which examples flipped."""
    sides = pair(side, UP, [0] * 12 + [1] * 33)
    notice = compare(sides, sides, agreed()).notices[0]
    assert (notice.code, notice.variant, notice.partition) == ("edge_regression", "new", "edge")
    assert notice.message.startswith(
        "ahead of base on golden by 16.7 points, but worse on edge by 26.7 points [16, "
    )
    assert "of 45 examples, adjusted p 0.001" in notice.message
    assert notice.message.endswith(
        "12 examples flipped to worse there: e-000, e-001, e-002, e-003, e-004, e-005, e-006, e-007 and 4 more"
    )


def test_one_kind_of_edge_case_is_enough(side, agreed):
    """Where the whole of edge is level, the tag that fell is named, and only its examples."""
    edge = [0.0 if number % 3 == 1 and number < 30 else 1.0 for number in range(45)]
    sides = pair(side, UP, edge)
    sides["base", "edge"] = side(
        "base", "edge", [0.0 if number % 3 == 0 and number < 30 else 1.0 for number in range(45)]
    )
    notice = compare(sides, sides, agreed()).notices[0]
    assert "but worse on its edge cases 'out_of_domain' by 66.7 points" in notice.message
    assert "10 examples flipped to worse there: e-001, e-004" in notice.message


def test_without_a_gain_on_golden_it_is_no_trap(side, agreed):
    """A variant that is no better anywhere fools nobody; one that was not asked on golden neither."""
    for golden in (LEVEL, DOWN):
        sides = pair(side, golden, [0] * 12 + [1] * 33)
        assert compare(sides, sides, agreed()).notices == ()
    sides = {key: one for key, one in pair(side, UP, [0] * 12 + [1] * 33).items() if key[1] == "edge"}
    assert compare(sides, sides, agreed()).notices == ()
    assert compare(sides, sides, agreed(primary=None)).notices == ()


def test_a_loss_that_may_be_noise_is_said_to_be(side, agreed):
    """Shown to be better on golden, behind on edge by two examples: said, with what so many could have shown."""
    sides = pair(side, UP, [0] * 2 + [1] * 43)
    (notice,) = compare(sides, sides, agreed()).notices
    assert notice.code == "edge_unclear"
    assert (
        "but behind on edge by 4.4 points, which may be noise: 45 examples show no less than"
        in notice.message
    )
    few = pair(side, [1] * 4 + LEVEL[4:], [0] * 2 + [1] * 43)
    assert compare(few, few, agreed()).notices == ()
