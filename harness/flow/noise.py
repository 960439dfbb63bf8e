"""How much each variant differs from itself: between its repeats, or between two runs of one config."""

from collections.abc import Iterator
from math import comb, isnan

from harness.stats.power import detectable_observed
from harness.stats.rates import wilson
from harness.types.comparison import Noise, Side, Sides


def noise(sides: Sides, again: Sides | None = None) -> tuple[Noise, ...]:
    """Tell the noise floor of every variant and partition: what no change to the variant has made.

    Without `again`, between the repeats of one run (Side.flips). With it, between two runs of the same variants: every trial of
    the one against every trial of the other on the same row (Side.right). Two trials flip where the metric that decides calls
    one right and the other not, by a half or more. The interval is Wilson's on examples: pairs of the same example depend on
    each other.
    """
    if again is None:
        return tuple(_told(side, *side.flips, _repeated(side)) for side in sides.values())
    both = ((side, again[key]) for key, side in sides.items() if key in again)
    return tuple(_told(side, *_between(side, other)) for side, other in both)


def _told(side: Side, flips: int, pairs: int, examples: int) -> Noise:
    rate = flips / pairs if pairs else None
    return Noise(
        variant=side.variant,
        partition=side.partition,
        flips=flips,
        pairs=pairs,
        rate=rate,
        ci=(None, None) if rate is None else wilson(rate * examples, examples),
        mde=None if rate is None else detectable_observed(examples, rate),
        examples=examples,
    )


def _repeated(side: Side) -> int:
    """Examples behind the pairs of repeats: each that was judged throughout makes as many."""
    each = comb(side.repeats, 2)
    return min(len(side.examples), -(-side.flips[1] // each)) if each else 0


def _between(side: Side, other: Side) -> tuple[int, int, int]:
    """Flips, pairs of trials, examples."""
    each = side.repeats * other.repeats
    chances = [a * (1 - b) + b * (1 - a) for a, b in _rights(side, other)]
    return round(each * sum(chances)), each * len(chances), len(chances)


def _rights(side: Side, other: Side) -> Iterator[tuple[float, float]]:
    """How often both runs are right on the same rows."""
    places = {row: place for place, row in enumerate(zip(other.examples, other.digests, strict=True))}
    for row, first in zip(zip(side.examples, side.digests, strict=True), side.right, strict=False):
        second = other.right[places[row]] if row in places and len(other.right) else float("nan")
        if not isnan(first) and not isnan(second):
            yield float(first), float(second)
