"""What a person sees while a run goes on: a bar on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from harness.cli.voice import say
from harness.types.record import Entry


class Seen(Protocol):
    """Hears of every finished trial."""

    def __call__(self, entry: Entry) -> None:
        """One more trial has ended."""


class _Count:
    """What has been seen so far."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.failed = self.unknown = 0
        self.spent_usd = 0.0

    def add(self, entry: Entry) -> None:
        self.done += 1
        self.failed += not entry.record.outcome.came
        self.unknown += entry.record.spent_usd is None
        self.spent_usd += entry.record.spent_usd or 0.0

    def money(self) -> str:
        """Spent so far: `$0.0123`, `≥ $0.0123` where some of it is unknown, `unpriced` where all of it is."""
        if self.unknown and not self.spent_usd:
            return "unpriced"
        return f"{'≥ ' if self.unknown else ''}${self.spent_usd:.4f}"


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Seen]:
    """Show the progress of `total` trials on stderr."""
    count = _Count(total)
    if quiet or total == 0:
        yield count.add
    elif sys.stderr.isatty():
        yield from _bar(count)
    else:
        yield from _lines(count)


def _bar(count: _Count) -> Iterator[Seen]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("", total=count.total, rate="", note="")

        def seen(entry: Entry) -> None:
            count.add(entry)
            speed = bar.tasks[0].speed
            rate = f"{speed:.0f}/s" if speed else ""
            failed = f"[red]{count.failed} failed[/]" if count.failed else "0 failed"
            bar.update(task, advance=1, rate=rate, note=f"{failed} · {count.money()}")

        yield seen


def _lines(count: _Count) -> Iterator[Seen]:
    step = max(1, count.total // 4)

    def seen(entry: Entry) -> None:
        count.add(entry)
        if count.done % step == 0 or count.done == count.total:
            say(f"{count.done}/{count.total} trials, {count.failed} failed, {count.money()}")

    yield seen
