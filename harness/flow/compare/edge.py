"""What a gain on golden may hide: a variant that is worse on edge, or on one kind of edge case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.flow.compare.marks import measure
from harness.flow.compare.pairs import Pair
from harness.stats.edge_trap import Drop, Trap, edge_trap
from harness.stats.multiple import holm
from harness.stats.pairing import paired
from harness.text.differences import interval, probability, some
from harness.text.figures import UNKNOWN, count, figure
from harness.types.comparison import Terms
from harness.types.experiment import EDGE_REGRESSION
from harness.types.summary import Comparison, Notice

GOLDEN, EDGE = "golden", "edge"
EDGE_UNCLEAR = "edge_unclear"

NAMED = 8
"""Examples that a warning names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One variant against another, on both partitions."""

    a: str
    b: str
    trap: Trap
    share: bool
    p: float = 1.0
    """Of the drop, adjusted once more for the variants that are ahead on golden (Holm)."""


def edge_notices(pairs: Sequence[Pair], made: Sequence[Comparison], terms: Terms) -> tuple[Notice, ...]:
    """Warn of every variant whose gain on golden may be paid for on edge.

    `edge_regression`: ahead on golden, and edge or one of its tags is shown to be worse, one-sided at alpha over all places that
    are looked at and all such variants. `edge_unclear`: shown to be better on golden, behind on edge, and too few examples to tell.
    """
    if terms.primary is None or terms.primary not in terms.better:
        return ()
    found = _traps(pairs, terms, terms.primary)
    caught = [one for one in found if one.p <= terms.alpha]
    names = {(one.a, one.b) for one in caught}
    rows = {(one.partition, one.a, one.b): one for one in made if one.metric == terms.primary}
    unclear = [
        (one, rows[EDGE, one.a, one.b].mde)
        for one in found
        if (one.a, one.b) not in names
        and rows[GOLDEN, one.a, one.b].verdict == "better"
        and (one.trap.edge.value or 0.0) < 0
    ]
    return (*(_regression(one) for one in caught), *(_unclear(one, mde) for one, mde in unclear))


def _traps(pairs: Sequence[Pair], terms: Terms, metric: str) -> list[_Found]:
    """Every variant that is ahead on golden, with the p of its drop adjusted for their number.

    Golden has other examples than edge, so that choosing by it costs no certainty there.
    """
    golden = {pair.variants: paired(pair.a, pair.b, metric) for pair in pairs if pair.a.partition == GOLDEN}
    better, method = terms.better[metric], measure(metric, terms)
    found = [
        _Found(
            a=pair.a.variant,
            b=pair.b.variant,
            trap=edge_trap(
                golden.get(pair.variants),
                paired(pair.a, pair.b, metric),
                dict(zip(pair.a.examples, pair.a.tags, strict=True)),
                better,
                method,
            ),
            share=metric in terms.shares,
        )
        for pair in pairs
        if pair.a.partition == EDGE
    ]
    ahead = [one for one in found if one.trap.better_on_golden]
    adjusted = holm([1.0 if one.trap.drop is None else one.trap.drop.p for one in ahead])
    return [replace(one, p=p) for one, p in zip(ahead, adjusted, strict=True)]


def _regression(one: _Found) -> Notice:
    drop = one.trap.drop
    assert drop is not None
    plural = "" if len(drop.lost) == 1 else "s"
    message = (
        f"ahead of {one.b} on golden by {_gain(one)}, but worse {_where(drop, one)}: "
        f"{count(len(drop.lost))} example{plural} flipped to worse there: {some(drop.lost, NAMED)}"
    )
    return Notice(code=EDGE_REGRESSION, variant=one.a, partition=EDGE, message=message)


def _where(drop: Drop, one: _Found) -> str:
    place = f"on its edge cases '{drop.tag}'" if drop.tag else "on edge"
    return (
        f"{place} by {_size(drop.effect.value, one)} {_within(drop, one)} of {count(drop.effect.n)} examples, "
        f"adjusted p {probability(one.p)}"
    )


def _within(drop: Drop, one: _Found) -> str:
    """The interval of the loss, which is the gain's the other way round."""
    low, high = drop.effect.ci
    turned = (None if high is None else -high, None if low is None else -low)
    return interval(turned, points=one.share)


def _unclear(one: _Found, mde: float | None) -> Notice:
    edge = one.trap.edge
    seen = "" if mde is None else f": {count(edge.n)} examples show no less than {_size(mde, one)}"
    message = (
        f"shown to be better than {one.b} on golden by {_gain(one)}, but behind on edge by "
        f"{_size(edge.value, one)}, which may be noise{seen}"
    )
    return Notice(code=EDGE_UNCLEAR, variant=one.a, partition=EDGE, message=message)


def _gain(one: _Found) -> str:
    return UNKNOWN if one.trap.golden is None else _size(one.trap.golden.value, one)


def _size(value: float | None, one: _Found) -> str:
    if value is None:
        return UNKNOWN
    return f"{abs(value) * 100:.1f} points" if one.share else figure(abs(value))
