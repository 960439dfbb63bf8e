"""Whether the sources that an answer names are there, were in its context, and hold what was asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.text.answers import is_list, said
from harness.text.captures import captures, require_group
from harness.text.fields import MISSING, field_at
from harness.text.json_answer import read_json, still_read
from harness.text.quote import clip, quote
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored

Measure = Literal["f1", "precision", "recall", "in_context", "exists"]

IN_BRACKETS = r"\[(?:(?:docs?|documents?|sources?):\s*)?([^\[\]\n]+)\]"
"""`[failed-payments]`, `[doc: failed-payments]`, `[failed-payments; plan-heron]`."""

_SUFFIXES = (".md", ".txt")
"""Of files that a corpus is read from, whose ids go without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """Judges the sources that an answer names against the documents; every measure is a share, and higher is better.

    f1, precision, recall: of the named sources against the example's relevant documents; f1 is 2·hits / (named +
    relevant). in_context: share of the named that stood in the context used. exists: share of the named that are a
    document of the corpus or were retrieved; what is missing to 1 is made up. The parts hold all that can be told.

    Unscored, and never zero: a share of no source where none is named; anything that needs relevant documents where
    the example names none; naming nothing where a refusal is accepted. Naming nothing where there are relevant
    documents is recall 0. A source counts once. Ids are compared as written, white space around them and a file's
    `.md` or `.txt` left out. An answer that breaks its schema names what can still be read of it.
    """

    judges: ClassVar[Literal["outcome"]] = "outcome"
    measure: Measure = "f1"
    field: str | None = None
    """Of a JSON answer: where the ids stand (dotted path): a text, or a list of texts or of objects with `id` or `doc`.
    None: the whole text is searched for `pattern`."""
    pattern: str = IN_BRACKETS
    """Its first group is an id, or several with `,` or `;` between them. RE2: linear time, no look-around."""
    documents: frozenset[str] | None = None
    """Ids of all documents. None: those of the evalset's corpus and of every corpus that a variant names."""

    def __post_init__(self) -> None:
        """Refuse what is no pattern, and two places to look in. Raises ValueError."""
        if self.field is not None and self.pattern != IN_BRACKETS:
            raise ValueError("sources stand in a field or are found by a pattern, not both")
        require_group(self.pattern)
        object.__setattr__(self, "documents", _ids(self.documents or ()))

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if not record.outcome.came:
            return Unscored(reason=f"{record.outcome.kind}: no answer came")
        named = _ids(self._named(said(record)))
        if not named and example.accept_refusal:
            return Unscored(reason="no source is named, and a refusal is accepted")
        shares = self._shares(named, record, example)
        value = shares.get(self.measure)
        if value is None:
            return Unscored(reason=_REASONS[self.measure] if named else _NONE_NAMED[self.measure])
        return Scored(value=value, parts=shares, **self._verdict(named, record, example))

    def _named(self, text: str) -> Iterable[str]:
        if self.field is None:
            return (
                one for found in captures(self.pattern, text) for one in found.replace(";", ",").split(",")
            )
        answer = read_json(text)
        found = field_at(answer.value, self.field)
        if found is MISSING and answer.kind != "ok":
            found = still_read(text, self.field.rpartition(".")[2])
        if found in (MISSING, None):
            return ()
        return (_id(item) for item in (found if is_list(found) else (found,)) if item is not None)

    def _shares(self, named: frozenset[str], record: Record, example: Example) -> dict[str, float]:
        relevant, used = _ids(example.relevant), _used(record)
        shares: dict[str, float] = {}
        if relevant:
            shares["f1"] = 2 * len(named & relevant) / (len(named) + len(relevant))
            shares["recall"] = len(named & relevant) / len(relevant)
        if relevant and named:
            shares["precision"] = len(named & relevant) / len(named)
        if used and named:
            shares["in_context"] = len(named & used) / len(named)
        unknown = self._unknown(named, record)
        if named and (self.documents or not unknown):
            shares["exists"] = (len(named) - len(unknown)) / len(named)
        return shares

    def _unknown(self, named: frozenset[str], record: Record) -> frozenset[str]:
        return named - _ids(passage.doc for passage in record.retrieved) - (self.documents or frozenset())

    def _verdict(self, named: frozenset[str], record: Record, example: Example) -> dict[str, str]:
        """The worst that is true of the sources: a label to count, and which they are."""
        relevant, used = _ids(example.relevant), _used(record)
        if not named:
            return {"label": "uncited", "why": f"names no source, relevant: {_listed(relevant)}"}
        for label, wrong in (
            ("fabricated", self._unknown(named, record) if self.documents else frozenset()),
            ("out_of_context", named - used if used else frozenset()),
            ("irrelevant", named - relevant if relevant else frozenset()),
            ("incomplete", relevant - named),
        ):
            if wrong:
                return {"label": label, "why": f"{label}: {_listed(wrong)}; named: {_listed(named)}"}
        return {"label": "sound", "why": ""}


_NONE_NAMED: Mapping[Measure, str] = {
    "f1": "the example names no relevant documents",
    "recall": "the example names no relevant documents",
    "precision": "the answer names no source",
    "in_context": "the answer names no source",
    "exists": "the answer names no source",
}
_REASONS: Mapping[Measure, str] = {
    **_NONE_NAMED,
    "precision": "the example names no relevant documents",
    "in_context": "no passage was used",
    "exists": "there is no corpus in which to look the sources up",
}


def _ids(written: Iterable[str]) -> frozenset[str]:
    return frozenset(one for one in map(_bare, written) if one)


def _bare(written: str) -> str:
    bare = written.strip()
    for suffix in _SUFFIXES:
        bare = bare.removesuffix(suffix)
    return bare


def _used(record: Record) -> frozenset[str]:
    return _ids(passage.doc for passage in record.retrieved if passage.used)


def _id(item: Any) -> str:
    """What an item of the list names; what names nothing stays as it is written, and exists nowhere."""
    if isinstance(item, Mapping):
        item = next((item[key] for key in ("id", "doc") if key in item), item)
    return item if isinstance(item, str) else quote(item)


def _listed(ids: frozenset[str]) -> str:
    return clip(", ".join(sorted(ids)) or "none", 120)
