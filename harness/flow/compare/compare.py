"""The step itself: pair the sides, tell the differences, adjust what decides, and warn of the edge trap."""

from collections.abc import Iterator

from harness.errors import UsageError
from harness.flow.compare.drafts import QUANTILES, SPEED, Draft, blank
from harness.flow.compare.edge import edge_notices
from harness.flow.compare.identity import blocked, differing, identity_notices
from harness.flow.compare.marks import marked
from harness.flow.compare.pairs import Pair, pairs
from harness.flow.compare.times import timed
from harness.flow.compare.verdicts import judged
from harness.types.comparison import Compared, Sides, Terms


def compare(left: Sides, right: Sides, terms: Terms) -> Compared:
    """Compare each variant on the left with `terms.against` on the right, or with its namesake there.

    Only examples that both were asked with the same row are compared. The metric that decides is adjusted for the number of
    variants in a partition, the speed for all of the run; the rest describes. Pure, and seeded by `terms.seed`.
    Raises UsageError where the sides were judged by different measures, unless `terms.force`.
    """
    laid = tuple(pairs(left, right, terms))
    faults = differing(laid, terms)
    if faults and not terms.force:
        raise UsageError(faults)
    made = judged([draft for pair in laid for draft in _drafts(pair, terms)], terms)
    return Compared(
        comparisons=made, notices=(*edge_notices(laid, made, terms), *identity_notices(laid, terms))
    )


def _drafts(pair: Pair, terms: Terms) -> Iterator[Draft]:
    """Every metric of one pair: what decides, the speed, then what only describes."""
    names = [name for name in terms.better if name in pair.a.marks or name in pair.b.marks]
    shut, times = blocked(pair, terms), timed(pair, terms.seed)
    if terms.primary in names:
        yield marked(pair, terms.primary, terms)
    yield from times[:1]
    for name in names:
        if name in shut:
            yield Draft(made=blank(pair, name, "not compared"))
        elif name != terms.primary and name not in (SPEED, *QUANTILES):
            yield marked(pair, name, terms)
    yield from times[1:]
