"""The edge trap: a variant that is better on golden and worse on edge, or on one kind of edge case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.flow.compare.marks import Marks, marks_of
from harness.flow.compare.pairs import Pair
from harness.stats.multiple import benjamini_hochberg, holm
from harness.text.differences import points_within, probability, signed_within, some
from harness.text.figures import UNKNOWN, count, figure
from harness.types.comparison import Terms
from harness.types.summary import Comparison, Notice

GOLDEN, EDGE = "golden", "edge"
REGRESSION, UNCLEAR = "edge_regression", "edge_unclear"

FEWEST_TAGGED = 5
"""Examples of a tag under which it is no slice to test."""
NAMED = 8
"""Examples that a warning names."""


Key = tuple[str, str]
"""a and b."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """One variant on edge, or on one tag of it."""

    key: Key
    tag: str
    """Empty for all of edge."""
    marks: Marks
    p: float = 1.0
    """One-sided, of not being worse there, adjusted."""


def edge_notices(pairs: Sequence[Pair], made: Sequence[Comparison], terms: Terms) -> tuple[Notice, ...]:
    """Warn of every variant whose gain on golden may be paid for on edge.

    `edge_regression`: ahead on golden, and on edge shown to be worse, one-sided at alpha: as a whole (Holm over the variants)
    or on one tag of FEWEST_TAGGED examples or more (Benjamini-Hochberg over variants and tags). `edge_unclear`: shown to be
    better on golden, behind on edge, and too few examples to tell.
    """
    if terms.primary is None or terms.primary not in terms.better:
        return ()
    golden, edge = (
        {(one.a, one.b): one for one in made if one.metric == terms.primary and one.partition == name}
        for name in (GOLDEN, EDGE)
    )
    ahead = {key for key, one in golden.items() if key in edge and _ahead(one, terms)}
    on_edge = [pair for pair in pairs if pair.a.partition == EDGE]
    sides = {(pair.a.variant, pair.b.variant): marks_of(pair, terms.primary, terms) for pair in on_edge}
    caught = _caught({key: one for key, one in sides.items() if key in ahead}, terms.alpha)
    notices = [
        _regression(golden[key], edge[key], caught[key]) for key in sides if key in ahead and key in caught
    ]
    notices += [
        _unclear(golden[key], edge[key], sides[key].share)
        for key in sides
        if key in ahead
        and key not in caught
        and golden[key].verdict == "better"
        and _behind(edge[key], terms)
    ]
    return tuple(notices)


def _ahead(one: Comparison, terms: Terms) -> bool:
    return _gain(one, terms) > 0


def _behind(one: Comparison, terms: Terms) -> bool:
    return _gain(one, terms) < 0


def _gain(one: Comparison, terms: Terms) -> float:
    """How much better a is; 0 where nobody knows."""
    sign = 1 if terms.better[one.metric] == "higher" else -1
    return sign * (one.difference or 0.0)


def _caught(sides: Mapping[Key, Marks], alpha: float) -> dict[Key, list[_Slice]]:
    """What each variant is shown to be worse on: all of edge where that is shown, else its tags, the surest first."""
    whole = _shown([_Slice(key=key, tag="", marks=marks) for key, marks in sides.items()], holm, alpha)
    tagged = [
        _Slice(key=key, tag=tag, marks=slice_)
        for key, marks in sides.items()
        for tag in sorted({tag for tags in marks.tags for tag in tags})
        if len((slice_ := marks.tagged(tag)).ids) >= FEWEST_TAGGED
    ]
    found: dict[Key, list[_Slice]] = {}
    for one in (*whole, *_shown(tagged, benjamini_hochberg, alpha)):
        known = found.setdefault(one.key, [])
        if not known or known[0].tag:
            known.append(one)
    return found


def _shown(
    slices: Sequence[_Slice], adjust: Callable[[Sequence[float]], list[float]], alpha: float
) -> list[_Slice]:
    tested = [(one, p) for one in slices if (p := one.marks.p_worse()) is not None]
    adjusted = zip(tested, adjust([p for _, p in tested]), strict=True)
    shown = [replace(one, p=p) for (one, _), p in adjusted if p <= alpha]
    return sorted(shown, key=lambda one: (one.p, one.tag))


def _regression(golden: Comparison, edge: Comparison, slices: Sequence[_Slice]) -> Notice:
    share = slices[0].marks.share
    lost = dict.fromkeys(id_ for one in slices for id_ in one.marks.lost())
    where = " and ".join(_on(one) for one in slices)
    plural = "" if len(lost) == 1 else "s"
    message = (
        f"{golden.a} is ahead of {golden.b} on golden by {_far(golden, share)} and worse {where}: "
        f"{count(len(lost))} example{plural} flipped to worse there: {some(lost, NAMED)}"
    )
    return Notice(code=REGRESSION, variant=edge.a, partition=EDGE, message=message)


def _on(one: _Slice) -> str:
    found = one.marks.effect()
    far = _size(found.value, one.marks.share)
    within = points_within(None, found.ci, 0) if one.marks.share else signed_within(None, found.ci)
    interval = within.removeprefix(UNKNOWN).strip()
    place = f"on its tag '{one.tag}'" if one.tag else "on edge"
    return f"{place} by {far} {interval} of {count(found.n)} examples, adjusted p {probability(one.p)}"


def _unclear(golden: Comparison, edge: Comparison, share: bool) -> Notice:
    seen = (
        "" if edge.mde is None else f"; {count(edge.n)} examples show no less than {_size(edge.mde, share)}"
    )
    message = (
        f"{golden.a} is shown to be better than {golden.b} on golden by {_far(golden, share)}, and behind on edge by "
        f"{_far(edge, share)}, which may be noise{seen}"
    )
    return Notice(code=UNCLEAR, variant=edge.a, partition=EDGE, message=message)


def _far(one: Comparison, share: bool) -> str:
    return _size(one.difference, share)


def _size(value: float | None, share: bool) -> str:
    if value is None:
        return UNKNOWN
    return f"{abs(value) * 100:.1f} points" if share else figure(abs(value))
