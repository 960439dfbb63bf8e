"""The edge trap: a variant that is better on golden, and worse on the cases that nobody looks at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.multiple import holm
from harness.stats.paired import Effect, differences
from harness.stats.pairing import Pairs
from harness.types.comparison import Better

if TYPE_CHECKING:
    from harness.stats.means import Floats

FEWEST_TAGGED = 5
"""Examples of a tag that is looked at for itself: fewer can show nothing, and would only weaken the others."""

Measure = Callable[["Floats", "Floats"], Effect]
"""How far the first side lies above the second: stats.paired.share_effect or amount_effect, with its confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Where on edge the variant lies lowest: by how much, and how surely."""

    tag: str
    """Empty: the whole of edge."""
    effect: Effect
    """Oriented: above 0 the variant is better."""
    p: float
    """One-sided, of no drop, adjusted for the whole of edge and all its tags (Holm): small where it is worse there."""
    lost: tuple[str, ...]
    """Ids of the examples there on which it is worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """One variant against another, on golden and on edge apart; effects are oriented, above 0 is better."""

    golden: Effect | None
    """None without golden."""
    edge: Effect
    """Of the whole partition."""
    drop: Drop | None
    """None where nothing on edge can be tested."""

    @property
    def better_on_golden(self) -> bool:
        """True where the figures on golden speak for the variant, however surely: that is what a team would go by."""
        return self.golden is not None and self.golden.value is not None and self.golden.value > 0

    def shown(self, alpha: float = 0.05) -> bool:
        """True where golden speaks for the variant, and edge or one of its tags is shown to be worse at `alpha`."""
        return self.better_on_golden and self.drop is not None and self.drop.p <= alpha


def edge_trap(
    golden: Pairs | None,
    edge: Pairs,
    tags: Mapping[str, Sequence[str]],
    better: Better,
    measure: Measure,
) -> Trap:
    """Look on edge, and on each of its tags with FEWEST_TAGGED pairs or more, for what golden does not tell.

    Args:
        golden: The pairs of the deciding metric there, the variant as `a`.
        edge: The same there.
        tags: Example of edge → its tags.
        better: Which way of the metric is better.
        measure: Applied to the sides in that order for `higher`, and the other way round for `lower`.
    """

    def effect(a: "Floats", b: "Floats") -> Effect:
        return measure(a, b) if better == "higher" else measure(b, a)

    places = list(_places(edge, tags))
    effects = [effect(edge.a[rows], edge.b[rows]) for _, rows in places]
    tested = [at for at, one in enumerate(effects) if one.p_below is not None]
    adjusted = dict(zip(tested, holm([effects[at].p_below or 0.0 for at in tested]), strict=True))
    at = min(tested, key=lambda at: (effects[at].p_below or 0.0, at), default=None)
    return Trap(
        golden=None if golden is None else effect(golden.a, golden.b),
        edge=effects[0],
        drop=None
        if at is None
        else Drop(
            tag=places[at][0], effect=effects[at], p=adjusted[at], lost=_lost(edge, places[at][1], better)
        ),
    )


def _places(edge: Pairs, tags: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, list[int]]]:
    """The whole first, then each tag by its name; one that every example carries is the whole again."""
    yield "", list(range(len(edge.ids)))
    tagged: dict[str, list[int]] = {}
    for at, id_ in enumerate(edge.ids):
        for tag in dict.fromkeys(tags.get(id_, ())):
            tagged.setdefault(tag, []).append(at)
    for tag in sorted(tagged):
        if FEWEST_TAGGED <= len(tagged[tag]) < len(edge.ids):
            yield tag, tagged[tag]


def _lost(edge: Pairs, rows: Sequence[int], better: Better) -> tuple[str, ...]:
    gained = differences(edge.a, edge.b) * (1 if better == "higher" else -1)
    return tuple(edge.ids[at] for at in rows if gained[at] < 0)
