"""One trial, and the draft that travels through its pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.types.call import Call, Message
from harness.types.search import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Variant × example × repeat: the unit that is run, paid and resumed."""

    variant: str
    partition: str
    example_id: str
    repeat: int = 0
    warmup: bool = False
    fresh: bool = False
    """True where no answer may come from the response cache, so that latency can be judged."""
    look: int = 0
    """The planned look at the run, from 1, that it is tried before; 0 in a run that does not stop early."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes two records the same trial."""
        return (self.variant, self.partition, self.example_id, self.repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One worked example that goes into a prompt; always a row of train."""

    id: str
    inputs: Mapping[str, Any]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One retrieved stretch of a document."""

    doc: str
    chunk: int
    """Which chunk of the document, from 0."""
    start: int
    end: int
    """Offsets in characters of the document's text: text[start:end]."""
    text: str
    score: float | None
    """None where it was ranked by somebody who tells none."""
    rank: int
    """From 1."""
    used: bool = True
    """False where a later stage cut it."""
    title: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Of its document; what a search may be narrowed by."""
    found_rank: int | None = None
    """The search's own rank of it, where a later stage has put it elsewhere; None where `rank` is that."""
    found_score: float | None = None
    """The search's own score of it, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a pipeline works on. It has no expected answer, so no stage can read one."""

    trial: Trial
    inputs: Mapping[str, Any]
    seed: int
    """Of this trial: experiment seed, example and repeat; the same for every variant."""
    shots: tuple[Shot, ...] = ()
    rewritten: str = ""
    """What is searched for, where a model has written it; empty where none has."""
    vectors: Mapping[tuple[str, str], Vector] = field(default_factory=dict)
    """(model key, text) → what the model made of the text: stages that embed the same ask once."""
    passages: tuple[Passage, ...] = ()
    messages: tuple[Message, ...] = ()
    calls: tuple[Call, ...] = ()
    """Every call of every network stage so far; the last one holds the answer."""
    index: str = ""
    """Fingerprint of what was searched: documents, chunks, search; empty without retrieval."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """For a user's own stages."""
