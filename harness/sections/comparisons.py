"""Comparisons: every variant against the control on the same examples, and how sure each difference is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from harness.stats.paired import ADJUSTED_T, TANGO
from harness.text.differences import multiple, points_within, probability, signed_within, some
from harness.text.figures import UNKNOWN, bound_places, count, figure, percent
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Comparison, Summary

NAMED = 8
"""Examples that a report names."""
_SPEED, _COST = "latency_ms", "cost_usd_per_1k"
_SHARES = (TANGO, ADJUSTED_T)
_PACE = {"better": "faster", "worse": "slower"}
_PRICE = {"better": "cheaper", "worse": "dearer"}
_LOOKED = (
    "Variants were stopped early: p and intervals here are those of a single look, and claim a little too much. Decide by the "
    "gates."
)


def comparisons(summary: Summary) -> tuple[Block, ...]:
    """Show what decides for each partition, then all that describes; nothing where nothing is compared."""
    if not summary.comparisons:
        return ()
    looked = (
        (Text(text=_LOOKED, tone="note", brief=True),) if any(look.stops for look in summary.looks) else ()
    )
    made = compared(summary.comparisons, f"against {summary.control}")
    return (Heading(text="Comparisons"), *looked, *made)


def compared(made: Sequence[Comparison], how: str, *, named: int = 0) -> Iterator[Block]:
    """Blocks of comparisons, partition by partition.

    Args:
        made: The comparisons.
        how: What is compared with what: `against prompt-only`.
        named: Examples that the terminal names; 0 where it shows only what decides, speed and cost.
    """
    parts = _by_partition(made)
    for partition, rows in parts.items():
        yield from _decided(partition, rows, how)
        yield from (Text(text=text, brief=True) for text in _beside(partition, rows))
        if named:
            yield from (Text(text=text, brief=True) for text in _flipped(rows, named))
            yield from (Text(text=text, brief=True) for text in _left_out(partition, rows, named))
    if named:
        for partition, rows in parts.items():
            yield from _described(partition, rows)
    yield Text(text=_terms(made, how), brief=True)
    yield Text(text=_DESCRIBED)
    for partition, rows in parts.items():
        if not named:
            yield from _named(partition, rows)
        yield _everything(partition, rows)


def times(made: Sequence[Comparison]) -> Iterator[str]:
    """One sentence a partition on how long trials took."""
    for partition, rows in _by_partition(made).items():
        yield from _time(partition, rows)


def outside(made: Sequence[Comparison]) -> tuple[int, int]:
    """Of the descriptive differences: how many have an interval that leaves out "no difference", and how many there are."""
    told = [
        (ci, level)
        for one in made
        for ci, level in [(one.ci, 0.0) if one.ratio is None else (one.ratio_ci, 1.0)]
        if one.family == "descriptive" and ci != (None, None)
    ]
    strays = [1 for (low, high), level in told if (low or level) > level or (high or level) < level]
    return len(strays), len(told)


_DESCRIBED = (
    "In the tables that follow only what has an adjusted p was decided beforehand. All else is descriptive: among many figures "
    "some differ by chance. Shares are in per cent and their differences in points; times are compared as multiples. A "
    "difference that is not shown is not shown to be none."
)


def _by_partition(made: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    ordered = sorted(made, key=lambda one: {"golden": 0, "edge": 1}.get(one.partition, 2))
    parts: dict[str, list[Comparison]] = {}
    for one in ordered:
        parts.setdefault(one.partition, []).append(one)
    return parts


def _terms(made: Sequence[Comparison], how: str) -> str:
    variants = len({one.a for one in made if one.family == "primary"})
    adjusted = f"p adjusted for {variants} variants (Holm). " if variants > 1 else ""
    least = (
        "MDE: the smallest true difference that so many examples show with 80 % power." if variants else ""
    )
    return f"Differences {how}, on the same examples. {adjusted}{least}".rstrip()


def _decided(partition: str, rows: Sequence[Comparison], how: str) -> Iterator[Block]:
    """The primary metric's table."""
    primary = [one for one in rows if one.family == "primary"]
    if not primary:
        return
    show = _Shown(primary)
    unit = "points" if _is_share(primary) else "difference"
    sizes = sorted({one.n for one in primary})
    examples = " to ".join(count(size) for size in dict.fromkeys((sizes[0], sizes[-1])))
    yield Table(
        columns=(
            "Variant",
            "%" if unit == "points" else "value",
            f"{unit} [95 %]",
            "p",
            "W/L/T",
            "MDE",
            "verdict",
        ),
        rows=tuple(
            (
                one.a,
                show.value(one.a_value),
                show.within(one),
                probability(one.p_adjusted),
                _counts(one),
                show.size(one.mde),
                one.verdict,
            )
            for one in primary
        ),
        title=f"{partition} · {primary[0].metric} {how} · {examples} examples in both",
        numeric=(1, 2, 3, 4, 5),
        brief=True,
    )


class _Shown:
    """How the figures of one metric read."""

    def __init__(self, rows: Sequence[Comparison]) -> None:
        self.share = _is_share(rows)
        hidden = any(
            0 < (low or 0) < 0.005 or -0.005 < (high or 0) < 0 for low, high in (one.ci for one in rows)
        )
        self.places = 1 if hidden else bound_places(one.ci for one in rows)  # [0, +9] would not leave out 0

    def value(self, value: float | None) -> str:
        return percent(value) if self.share else figure(value)

    def size(self, value: float | None) -> str:
        return percent(value) if self.share else figure(value)

    def least(self, one: Comparison) -> str:
        """The smallest difference that shows; of times, as a multiple like the difference itself."""
        if one.ratio is None or one.mde is None or not one.b_value:
            return self.size(one.mde)
        return multiple(1 + one.mde / one.b_value)

    def within(self, one: Comparison) -> str:
        if one.ratio is not None:
            return multiple(one.ratio, one.ratio_ci)
        if self.share:
            return points_within(one.difference, one.ci, self.places)
        return signed_within(one.difference, one.ci)


def _is_share(rows: Sequence[Comparison]) -> bool:
    return any(one.method in _SHARES for one in rows if one.difference is not None)


def _counts(one: Comparison) -> str:
    return f"{one.wins}/{one.losses}/{one.ties}"


def _beside(partition: str, rows: Sequence[Comparison]) -> Iterator[str]:
    """Speed and cost in a sentence each."""
    yield from _time(partition, rows)
    yield from _cost(partition, rows)


def _time(partition: str, rows: Sequence[Comparison]) -> Iterator[str]:
    speed = [one for one in rows if one.metric == _SPEED and one.ratio is not None]
    if speed:
        how = _evidence(speed)
        told = _grouped(speed, _PACE, lambda one: multiple(one.ratio, one.ratio_ci))
        yield f"Time on {partition} ({how}; 1x is as long): {told}."


def _evidence(speed: Sequence[Comparison]) -> str:
    if any(one.family == "speed" for one in speed):
        return "adjusted"
    return "not side by side" if speed[0].run_b else "no evidence, since the harness was late itself"


def _cost(partition: str, rows: Sequence[Comparison]) -> Iterator[str]:
    cost = [one for one in rows if one.metric == _COST and one.difference is not None]
    same = [one.a for one in cost if one.ties == one.n]
    rest = [one for one in cost if one.ties < one.n]
    told = [_grouped(rest, _PRICE, lambda one: signed_within(one.difference, one.ci))] if rest else []
    if same:
        told.append(f"the same on every example: {', '.join(same)}")
    if told:
        yield f"Cost on {partition} ($ per 1,000): {'; '.join(told)}."


def _grouped(rows: Sequence[Comparison], words: Mapping[str, str], show: Callable[[Comparison], str]) -> str:
    """The variants by what is said of them: `slower: rag 1.42x [1.31, 1.54]; cannot tell: few-shot …`."""
    ranked = sorted(rows, key=lambda one: (*words, one.verdict).index(one.verdict))
    groups = groupby(ranked, key=lambda one: words.get(one.verdict, one.verdict))
    return "; ".join(
        f"{word}: {', '.join(f'{one.a} {show(one)}' for one in members)}" for word, members in groups
    )


def _named(partition: str, rows: Sequence[Comparison]) -> Iterator[Block]:
    """The examples by name, where any tells the variants apart or could not be compared."""
    flipped = [one for one in rows if one.won or one.lost]
    if flipped:
        yield Table(
            columns=("Variant", "Better on", "Worse on"),
            rows=tuple(
                (one.a, some(one.won, NAMED) or UNKNOWN, some(one.lost, NAMED) or UNKNOWN) for one in flipped
            ),
            title=f"{partition}: examples that differ in {flipped[0].metric}",
        )
    yield from (Text(text=text, tone="note") for text in _left_out(partition, rows, NAMED))


def _flipped(rows: Sequence[Comparison], most: int) -> Iterator[str]:
    for one in rows:
        if one.won:
            yield f"{one.a} is better on {some(one.won, most)}."
        if one.lost:
            yield f"{one.a} is worse on {some(one.lost, most)}."


def _left_out(partition: str, rows: Sequence[Comparison], most: int) -> Iterator[str]:
    """Say which examples only one side has a value of, and which were changed in between; alike ones once."""
    for what, ids_of in _LEFT_OUT.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for one in rows:
            if ids := ids_of(one):
                alike.setdefault(ids, []).append(one.a)
        for ids, variants in alike.items():
            plural = "" if len(ids) == 1 else "s"
            yield f"{', '.join(variants)} on {partition}: {count(len(ids))} example{plural} {what}: {some(ids, most)}."


_LEFT_OUT: Mapping[str, Callable[[Comparison], tuple[str, ...]]] = {
    "missing here, with a value on the other side": lambda one: one.missing,
    "new here, with no value on the other side": lambda one: one.new,
    "left out, since the row has changed": lambda one: one.changed,
}


def _described(partition: str, rows: Sequence[Comparison]) -> Iterator[Block]:
    """What only describes, for a terminal: all of one variant; of several what is told apart. A sentence above told speed and cost."""
    rows = [one for one in rows if one.family == "descriptive" and one.metric not in (_SPEED, _COST)]
    told = [one for one in rows if one.verdict != "cannot tell" or len({one.a for one in rows}) == 1]
    cells: list[tuple[str, ...]] = []
    for metric in dict.fromkeys(one.metric for one in told):
        alike = [one for one in told if one.metric == metric]
        show = _Shown(alike)
        cells += (
            (one.metric, one.a, show.value(one.a_value), show.within(one), one.verdict) for one in alike
        )
    columns = ("Metric", "Variant", "value", "difference [95 %]", "by itself")
    title = f"{partition} · descriptive"
    if told:
        yield Table(columns=columns, rows=tuple(cells), title=title, numeric=(2, 3), brief=True)
    if len(told) < len(rows):
        left = f"{count(len(rows) - len(told))} of {count(len(rows))} descriptive differences on {partition}"
        yield Text(text=f"{left} cannot be told from none.", brief=True)


def _everything(partition: str, rows: Sequence[Comparison]) -> Table:
    """Every metric of every variant."""
    cells: list[tuple[str, ...]] = []
    for metric in dict.fromkeys(one.metric for one in rows):
        alike = [one for one in rows if one.metric == metric]
        show = _Shown(alike)
        cells += (
            (
                one.metric,
                one.a,
                show.value(one.a_value),
                show.value(one.b_value),
                show.within(one),
                probability(one.p_adjusted if one.p_adjusted is not None else one.p),
                _counts(one) if one.wins + one.losses + one.ties else UNKNOWN,
                show.least(one),
                count(one.n),
                one.method if one.n else UNKNOWN,
                _of(one),
            )
            for one in alike
        )
    columns = (
        "Metric",
        "Variant",
        "Value",
        "Other's",
        "Difference [95 % CI]",
        "p",
        "W/L/T",
        "MDE",
        "Examples",
        "Interval",
        "Verdict",
    )
    return Table(
        columns=columns, rows=tuple(cells), title=f"{partition}: every metric", numeric=(2, 3, 4, 5, 6, 7, 8)
    )


def _of(one: Comparison) -> str:
    return one.verdict if one.family != "descriptive" else f"{one.verdict} (descriptive)"
