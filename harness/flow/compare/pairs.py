"""Two sides laid beside each other: the examples that both were asked with the same row."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from harness.types.comparison import WHOLE, Samples, Side, Sides, Terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Repeats = list[NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One variant held against another on one partition: `a` against `b`."""

    a: Side
    b: Side
    ids: tuple[str, ...]
    """Of the examples that both were asked with the same row, sorted."""
    places: tuple[tuple[int, int], ...]
    """Theirs in `a.examples` and in `b.examples`."""
    changed: tuple[str, ...]
    """Asked of both, with rows that differ."""

    @property
    def apart(self) -> bool:
        """True where the sides come from two runs: they were not measured side by side."""
        return self.a.run != self.b.run

    def marks(self, metric: str) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """One metric of both sides (examples,) in the order of `ids`, NaN where a side has no value."""
        return self._marks(self.a, metric, 0), self._marks(self.b, metric, 1)

    def times(self) -> "tuple[Repeats, Repeats]":
        """The live times of both, of the examples that both have some of: one array of repeats an example."""
        first, second = _by_place(self.a), _by_place(self.b)
        held = [(first[at_a], second[at_b]) for at_a, at_b in self.places if at_a in first and at_b in second]
        return [a for a, _ in held], [b for _, b in held]

    def missing(self, metric: str) -> tuple[str, ...]:
        """Ids that b has a value of and a has none."""
        return self._without(metric, self.a, self.b)

    def new(self, metric: str) -> tuple[str, ...]:
        """Ids that a has a value of and b has none."""
        return self._without(metric, self.b, self.a)

    def _marks(self, side: Side, metric: str, which: int) -> "NDArray[np.float64]":
        import numpy as np

        held = side.marks.get(metric)
        if held is None or not self.places:
            return np.full(len(self.places), np.nan)
        return np.asarray(held, dtype=float)[[place[which] for place in self.places]]

    def _without(self, metric: str, lacks: Side, has: Side) -> tuple[str, ...]:
        """Within one run an example that was not planned for a side is none that it lacks."""
        valued = _valued(has, metric) - _valued(lacks, metric) - set(self.changed)
        return tuple(sorted(valued if self.apart else valued & set(lacks.examples)))


def pairs(left: Sides, right: Sides, terms: Terms) -> Iterator[Pair]:
    """Each side on the left beside what `terms` hold it against on the right, where that was asked at all."""
    for (variant, partition), a in left.items():
        b = right.get((terms.against or variant, partition))
        if b is None or variant in terms.aids or (terms.against == variant and a.run == b.run):
            continue
        yield _pair(a, b)


def _pair(a: Side, b: Side) -> Pair:
    at_b = {id_: place for place, id_ in enumerate(b.examples)}
    both = [(id_, place, at_b[id_]) for place, id_ in enumerate(a.examples) if id_ in at_b]
    same = [one for one in both if a.digests[one[1]] == b.digests[one[2]]]
    kept = {id_ for id_, *_ in same}
    return Pair(
        a=a,
        b=b,
        ids=tuple(id_ for id_, *_ in same),
        places=tuple((place, other) for _, place, other in same),
        changed=tuple(id_ for id_, *_ in both if id_ not in kept),
    )


def _valued(side: Side, metric: str) -> set[str]:
    marks = side.marks.get(metric, ())
    return {id_ for id_, mark in zip(side.examples, marks, strict=False) if not isnan(mark)}


def _by_place(side: Side) -> "dict[int, NDArray[np.float64]]":
    """The live times above 0 of each example; a time of 0 was not taken."""
    import numpy as np

    samples = side.times.get(WHOLE, Samples(ms=(), examples=()))
    ms, places = np.asarray(samples.ms, dtype=float), np.asarray(samples.examples, dtype=np.int64)
    order = np.argsort(places[ms > 0], kind="stable")
    ms, places = ms[ms > 0][order], places[ms > 0][order]
    known, first = np.unique(places, return_index=True)
    return (
        {int(place): part for place, part in zip(known, np.split(ms, first[1:]), strict=True)}
        if len(known)
        else {}
    )
