"""From the files of a run folder to its trials: the last line of a trial counts, a warm-up never does."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import Fault, UsageError
from harness.flow.verify.reading import score_of, trial_of, warmup_ms
from harness.flow.verify.spending import spend
from harness.flow.verify.trials import Held, Line, Score, Trial
from harness.types.comparison import Baseline

T = TypeVar("T")

Key = tuple[str, str, str, int]
"""Variant, partition, example, repeat."""

RECORDS, SCORES, EXAMPLES = "records.jsonl", "scores.jsonl", "examples.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A run folder, to be read line by line."""

    manifest: Line
    lines: Callable[[str], Iterator[Line]]
    """File name → its lines; none of a file that is not there."""
    judged: Callable[[], Iterator[Line]] | None = None
    """The judgements made again from the records; None: those of scores.jsonl stand."""
    priced: Callable[[Line], Line] | None = None
    """A record at other prices than it was made at; None: as it stands."""
    baseline: Baseline | None = None
    """What gates `versus: baseline` are held against; None where it is not at hand."""


def gather(files: Files) -> Held:
    """Read everything once, the records three times.

    Raises UsageError, with file and line, for a line that is no record, judgement or example.
    """
    examples = {line["id"]: line for line in _each(files.lines(EXAMPLES), EXAMPLES, _example)}
    indexes = tuple(files.lines("indexes.jsonl"))
    trials, first = _trials(files, examples)
    lines = files.lines(SCORES) if files.judged is None else files.judged()
    _judge(trials, lines)
    cells: dict[tuple[str, str], list[Trial]] = {}
    for key in sorted(trials):
        cells.setdefault(key[:2], []).append(trials[key])
    return Held(
        manifest=files.manifest,
        cells=cells,
        first=first,
        examples=examples,
        probes=tuple(files.lines("overhead.jsonl")),
        indexes=indexes,
        looks=tuple(files.lines("looks.jsonl")),
        spend=spend(files.lines(RECORDS), indexes, files.lines("held.jsonl")),
    )


def _trials(files: Files, examples: dict[str, Line]) -> tuple[dict[Key, Trial], dict[str, dict[str, float]]]:
    """Every counted trial, and the times of the warm-ups: of several of a variant the last."""
    keys = enumerate(_each(files.lines(RECORDS), RECORDS, _counted))
    last = {key: number for number, key in keys if key is not None}
    absent = {name: frozenset(ids or ()) for name, ids in (files.manifest.get("absent") or {}).items()}
    trials: dict[Key, Trial] = {}
    first: dict[str, dict[str, float]] = {}

    def keep(line: Line, number: int) -> None:
        key = _counted(line)
        if key is None:
            first.setdefault(line["variant"], {}).update(warmup_ms(line))
        elif last[key] == number:
            priced = line if files.priced is None else files.priced(line)
            trials[key] = trial_of(priced, examples.get(key[2]), absent.get(key[0], frozenset()))

    numbers = iter(range(sys.maxsize))
    for _ in _each(files.lines(RECORDS), RECORDS, lambda line: keep(line, next(numbers))):
        pass
    return trials, first


def _judge(trials: dict[Key, Trial], lines: Iterable[Line]) -> None:
    """Give each trial its judgements; one on a trial without a record is left out. Equal ones are kept once."""
    known: dict[Score, Score] = {}
    for key, metric, score in _each(lines, SCORES, _judgement):
        trial = trials.get(key)
        if trial is not None:
            trial.scores[metric] = known.setdefault(score, score)


def _each(lines: Iterable[Line], name: str, read: Callable[[Line], T]) -> Iterator[T]:
    for number, line in enumerate(lines, 1):
        try:
            yield read(line)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            what = f"cannot be read ({type(error).__name__}: {error})"
            raise UsageError(Fault(where=f"{name}:{number}", what=what)) from None


def _example(line: Line) -> Line:
    _ = line["id"], line["partition"]
    return line


def _key(line: Line) -> Key:
    names = (line["variant"], line["partition"], line["example_id"])
    variant, partition, example = (sys.intern(name) for name in names)
    return variant, partition, example, line.get("repeat") or 0


def _counted(line: Line) -> Key | None:
    """The trial that a line is of; None for a warm-up."""
    return None if line.get("warmup") else _key(line)


def _judgement(line: Line) -> tuple[Key, str, Score]:
    return _key(line), sys.intern(line["metric"]), score_of(line)
