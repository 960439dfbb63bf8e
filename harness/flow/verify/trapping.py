"""The edge trap once more: what edge says of a variant that is ahead on golden."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.flow.verify.comparing import Row, Sides, Terms, pairs_of
from harness.flow.verify.siding import WHOLE, Paired, PlainBaseline, PlainSide, paired
from harness.stats.multiple import holm
from harness.stats.paired import Effect, differences

_FEWEST_TAGGED = 5
"""Examples of a tag that is looked at for itself."""
_DRIFT_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """What edge says of a variant that golden does not; effects are oriented, above 0 is better."""

    golden: Effect | None
    edge: Effect
    tag: str = ""
    """Where it is worst; empty: on the whole."""
    worst: Effect | None = None
    p: float = 1.0
    """Of no drop there, adjusted for all places that were looked at."""
    lost: Sequence[str] = ()

    @property
    def ahead(self) -> bool:
        """True where golden speaks for the variant."""
        return self.golden is not None and (self.golden.value or 0.0) > 0


def trap_of(
    golden: Paired | None,
    edge: Paired,
    tags: Mapping[str, Sequence[str]],
    effect: Callable[[Sequence[float], Sequence[float]], Effect],
    *,
    higher: bool,
) -> Trap:
    """Look at edge as a whole, and at each of its tags that enough examples carry, though not all."""

    def oriented(both: Paired, places: Sequence[int]) -> Effect:
        ours, theirs = [both.a[at] for at in places], [both.b[at] for at in places]
        return effect(ours, theirs) if higher else effect(theirs, ours)

    everywhere = list(range(len(edge.ids)))
    looked = {"": everywhere}
    for tag in sorted({tag for one in edge.ids for tag in tags.get(one, ())}):
        tagged = [at for at in everywhere if tag in tags[edge.ids[at]]]
        if _FEWEST_TAGGED <= len(tagged) < len(everywhere):
            looked[tag] = tagged
    effects = {tag: oriented(edge, places) for tag, places in looked.items()}
    tested = [(one.p_below, tag) for tag, one in effects.items() if one.p_below is not None]
    found = None if golden is None else oriented(golden, range(len(golden.ids)))
    if not tested:
        return Trap(golden=found, edge=effects[""])
    adjusted = dict(zip((tag for _, tag in tested), holm([p for p, _ in tested]), strict=True))
    least, _ = min(tested, key=lambda one: one[0])
    tag = next(tag for p, tag in tested if p == least)
    gained = differences(edge.a, edge.b) if higher else differences(edge.b, edge.a)
    lost = [edge.ids[at] for at in looked[tag] if gained[at] < 0]
    return Trap(golden=found, edge=effects[""], tag=tag, worst=effects[tag], p=adjusted[tag], lost=lost)


def edge_codes(sides: Sides, rows: Sequence[Row], terms: Terms) -> list[tuple[str, str, str]]:
    """Which variants the edge trap is warned of: (code, variant, `edge`); only one that is ahead on golden can be in it."""
    metric = terms.primary
    if metric is None or metric not in terms.better:
        return []
    traps = {a.variant: _trap(sides, a, b, terms) for a, b in pairs_of(sides, terms) if a.partition == "edge"}
    ahead = {variant: trap for variant, trap in traps.items() if trap.ahead}
    p = holm([1.0 if trap.worst is None else trap.p for trap in ahead.values()])
    better = {
        row["a"]
        for row in rows
        if (row["partition"], row["metric"], row["verdict"]) == ("golden", metric, "better")
    }
    found = []
    for (variant, trap), adjusted in zip(ahead.items(), p, strict=True):
        if adjusted <= terms.alpha:
            found.append(("edge_regression", variant, "edge"))
        elif variant in better and (trap.edge.value or 0.0) < 0:
            found.append(("edge_unclear", variant, "edge"))
    return found


def _trap(sides: Sides, a: PlainSide, b: PlainSide, terms: Terms) -> Trap:
    metric = terms.primary or ""
    ours, theirs = sides.get((a.variant, "golden")), sides.get((b.variant, "golden"))
    golden = None if ours is None or theirs is None else paired(ours, theirs, metric)
    higher = terms.better[metric] == "higher"
    return trap_of(golden, paired(a, b, metric), a.tags, terms.effect(metric), higher=higher)


def drift_codes(sides: Sides, baseline: PlainBaseline | None, terms: Terms) -> list[tuple[str, str, str]]:
    """Where the control itself has moved since the baseline, on the examples that were asked live: (code, variant, partition)."""
    metric, found = terms.primary, []
    for (variant, partition), then in {} if baseline is None else baseline.sides.items():
        now = sides.get((variant, partition))
        if metric is None or now is None or baseline is None or variant != baseline.control:
            continue
        if any(now.identity.get(key) != then.identity.get(key) for key in (metric, "schema")):
            continue
        both, asked = paired(now, then, metric), now.times.get(WHOLE, {})
        kept = [at for at, example in enumerate(both.ids) if example in asked]
        moved = terms.effect(metric)([both.a[at] for at in kept], [both.b[at] for at in kept])
        if moved.p is not None and moved.p <= _DRIFT_LEVEL:
            found.append(("provider_drift", variant, partition))
    return found
