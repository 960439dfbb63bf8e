"""What `harness compare` shows: which runs, what must be known, the noise, the differences."""

from collections.abc import Iterator, Sequence

from harness.sections.comparisons import compared, outside, times
from harness.text.figures import UNKNOWN, count, percent, share
from harness.types.comparison import Compared, Noise
from harness.types.experiment import EDGE_REGRESSION
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Notice

NAMED = 10
"""Examples that are named at most."""
_SIDES = ("A", "B")
_FIRST = (EDGE_REGRESSION, "forced")


def heading(experiment: str, runs: Sequence[str], notes: Sequence[str]) -> Iterator[Block]:
    """Say which run is which; of two, A is the one that is judged."""
    yield Heading(text=experiment, level=1)
    if len(runs) == 1:
        yield Text(text=f"Run {runs[0]}", brief=True)
    else:
        for side, run in zip(_SIDES, runs, strict=True):
            yield Text(text=f"{side} is {run}", brief=True)
    yield from (Text(text=f"{note}.", tone="note", brief=True) for note in notes)


def differences(found: Compared, how: str) -> Iterator[Block]:
    """The edge trap first, and that it is no fair comparison; then every difference, then what else must be known."""
    trapped, forced, others = (
        [notice for notice in found.notices if (notice.code if notice.code in _FIRST else "") == code]
        for code in (*_FIRST, "")
    )
    yield from (Text(text=_said(notice), tone="bad", brief=True) for notice in trapped)
    yield from (Text(text=_said(notice), tone="warning", brief=True) for notice in forced)
    yield from compared(found.comparisons, how, named=NAMED)
    yield from (Text(text=_said(notice), tone="warning", brief=True) for notice in others)


def noises(floor: Sequence[Noise], metric: str, how: str) -> Iterator[Block]:
    """The noise floor of every variant, partition by partition."""
    yield Text(
        text=f"Two trials of one example, {how}: how often {metric} judges them differently, though nothing was changed. "
        "MDE: the smallest true difference that so much noise does not hide, of one trial an example.",
        brief=True,
    )
    for partition in dict.fromkeys(one.partition for one in floor):
        rows = [one for one in floor if one.partition == partition]
        yield Table(
            columns=("Variant", "flipped", "% [95 %]", "MDE", "examples"),
            rows=tuple(
                (
                    one.variant,
                    f"{count(one.flips)} of {count(one.pairs)}",
                    share(one.rate, one.ci, 1) if one.rate is not None else UNKNOWN,
                    percent(one.mde),
                    count(one.examples),
                )
                for one in rows
            ),
            title=f"{partition} · noise of {metric}",
            numeric=(1, 2, 3, 4),
            brief=True,
        )


def claims(found: Compared) -> Iterator[Block]:
    """Say whether anything was called better or worse between two runs of one config, and how their times compare."""
    yield from (Text(text=text, brief=True) for text in times(found.comparisons))
    decided = [one for one in found.comparisons if one.family == "primary" and one.difference is not None]
    called = [one for one in decided if one.verdict in ("better", "worse")]
    said = "none was" if not called else f"{count(len(called))} {'was' if len(called) == 1 else 'were'}"
    names = "".join(f"; {one.a} on {one.partition} {one.verdict}" for one in called)
    yield Text(
        text=f"Of {count(len(decided))} differences that decide, {said} called better or worse{names}.",
        tone="warning" if called else "good",
        brief=True,
    )
    strays, all_ = outside(found.comparisons)
    yield Text(
        text=f"Of {count(all_)} that only describe, {count(strays)} have an interval without 0; by chance about "
        f"{count(round(all_ / 20))} would.",
        brief=True,
    )


def _said(notice: Notice) -> str:
    return f"{notice.variant}: {notice.message}." if notice.variant else f"{notice.message}."
