"""A run's rankings as files that trec_eval reads, so that anybody can check the figures made of them.

`trec/VARIANT.PARTITION.run` holds what the search found, `….used.run` what went into the prompt where a stage stands
between, `qrels.PARTITION` the judgements. Ids are percent-encoded, since a space ends a column there; a repeat is a
query of its own, `ID/1`. An empty ranking is one line with a document that there cannot be: without it trec_eval would
leave the query out of the mean. What is unscored has no line.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from harness.files.ledger import Ledger
from harness.stats.rankings import lookup
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.summary import Summary

_Cell = tuple[str, str]
"""Variant and partition."""

FOLDER = "trec"
NOTHING = "%nothing"
"""No encoded id: after a percent sign there stand two hex digits."""

_LEGIBLE = "!\"#$&'()*+,:;<=>?@[]^`{|}"
_HELD = 1 << 22
"""Characters that wait to be written."""


def write_trec(ledger: Ledger, summary: Summary) -> None:
    """Write the files anew, for each variant and partition whose retrieval the summary measures. No warm-up is in them."""
    cells = {
        (variant, partition): bool(part.retrieval.added)
        for variant, one in summary.variants.items()
        for partition, part in one.partitions.items()
        if part.retrieval
    }
    folder = ledger.folder / FOLDER
    for old in (*folder.glob("*.run"), *folder.glob("qrels.*"), *folder.glob("*.part")):
        old.unlink()
    if not cells:
        return
    folder.mkdir(exist_ok=True)
    sheets = _Sheets(folder, ledger.examples(), cells)
    for record in ledger.records():
        if not record.warmup:
            sheets.add(record)
    sheets.finish()


class _Sheets:
    """The files in the making, a few megabytes of them in memory."""

    def __init__(self, folder: Path, examples: Mapping[str, Example], cells: Mapping[_Cell, bool]) -> None:
        self._folder = folder
        self._examples = {name: one for name, one in examples.items() if one.relevant}
        self._cells = cells
        self._held: dict[str, list[str]] = {}
        self._characters = 0
        self._judged: set[tuple[str, str]] = set()

    def add(self, record: Record) -> None:
        cell, example = (record.variant, record.partition), self._examples.get(record.example_id)
        if example is None or cell not in self._cells:
            return
        query, found = _query(record), lookup(record)
        if (record.partition, query) not in self._judged:
            self._judged.add((record.partition, query))
            self._write(f"qrels.{_file_name(record.partition)}", _judgements(query, example))
        name, nothing = _file_name(".".join(cell)), () if found.silent else None
        retrieved = nothing if found.retrieved is None else found.retrieved
        used = nothing if found.used is None else found.used
        if retrieved is not None:
            self._write(f"{name}.run", _lines(query, retrieved, record.variant))
        if used is not None and self._cells[cell]:
            self._write(f"{name}.used.run", _lines(query, used, record.variant))

    def finish(self) -> None:
        """Put in place what was written: a name without `.part` holds a whole file."""
        self._flush()
        for part in self._folder.glob("*.part"):
            part.replace(part.with_suffix(""))

    def _write(self, name: str, lines: Iterator[str]) -> None:
        text = "".join(lines)
        self._held.setdefault(name, []).append(text)
        self._characters += len(text)
        if self._characters > _HELD:
            self._flush()

    def _flush(self) -> None:
        for name, texts in self._held.items():
            with (self._folder / f"{name}.part").open("a", encoding="utf-8", newline="\n") as lines:
                lines.writelines(texts)
        self._held.clear()
        self._characters = 0


def _query(record: Record) -> str:
    name = _encoded(record.example_id)
    return f"{name}/{record.repeat}" if record.repeat else name


def _judgements(query: str, example: Example) -> Iterator[str]:
    return (f"{query} 0 {_encoded(doc)} {max(0, grade)}\n" for doc, grade in example.relevance.items())


def _lines(query: str, ranking: Sequence[str], variant: str) -> Iterator[str]:
    """Scores count down to 1: the order is the ranking's own, whatever ties there were."""
    documents = [_encoded(doc) for doc in ranking] or [NOTHING]
    for rank, doc in enumerate(documents, 1):
        yield f"{query} Q0 {doc} {rank} {len(documents) + 1 - rank} {_encoded(variant)}\n"


def _encoded(name: str) -> str:
    return quote(name, safe=_LEGIBLE)


def _file_name(name: str) -> str:
    """A config's names are good file names; a run folder that came from elsewhere may say anything."""
    return "".join(one if one.isalnum() or one in "_.+@-" else quote(one, safe="") for one in name)
