"""Which two sides are held against each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.types.comparison import Side, Sides, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One variant held against another on one partition: `a` against `b`."""

    a: Side
    b: Side

    @property
    def apart(self) -> bool:
        """True where the sides come from two runs: they were not measured side by side."""
        return self.a.run != self.b.run

    @property
    def untimely(self) -> bool:
        """True where their times are no evidence: not measured side by side, or by a harness that was late itself."""
        return self.apart or bool(self.a.late or self.b.late)

    @property
    def variants(self) -> tuple[str, str]:
        """Their names."""
        return (self.a.variant, self.b.variant)


def pairs(left: Sides, right: Sides, terms: Terms) -> Iterator[Pair]:
    """Each side on the left beside what `terms` hold it against on the right, where that was asked at all."""
    for (variant, partition), a in left.items():
        b = right.get((terms.against or variant, partition))
        if b is None or variant in terms.aids or (terms.against == variant and a.run == b.run):
            continue
        yield Pair(a=a, b=b)
