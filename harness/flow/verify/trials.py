"""The nouns of a second look: one trial, its stages, its judgements, and the table of all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Line = Mapping[str, Any]
"""One line of a run folder's file, as it stands there."""

CAME = ("answered", "refused", "truncated")
"""Outcomes in which the variant said something."""
TOKENS = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
PARTS = ("prompt", "fewshot", "context")
"""What the characters of an input are told by."""


class Stage(NamedTuple):
    """One stage of one trial."""

    name: str
    """With the call that it lies within before it, where a whole stage has the same name."""
    ms: float | None
    usd: float | None
    """Of a call whose parts told their own cost, what is left."""
    calls: bool
    """It names a model."""
    costs: bool
    by_client: bool
    part: bool
    """It lies within another stage."""
    answers: bool
    """Its call is the one that answers."""
    ended: bool
    """The trial ended in it, without an answer."""


class Score(NamedTuple):
    """One judgement."""

    value: float | None
    label: str | None
    lenient: float | None
    fault: str | None
    """What the scorer itself failed of."""


class Lookup(NamedTuple):
    """What one trial looked up: documents, best first."""

    retrieved: tuple[str, ...] | None
    """None where no search is known to have ended, or a passage does not say of which document it is."""
    used: tuple[str, ...] | None
    between: bool
    """Something stood between the search and the prompt."""
    silent: bool
    """An answer without a word on any search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one counted record says, as far as figures are made of it."""

    variant: str
    partition: str
    example: str
    repeat: int
    kind: str
    tags: tuple[str, ...]
    error: str | None
    answer: int | None
    """One number for one answer; None where none came."""
    heard: int | None
    """The same for what was said, but for case, spacing and the order of keys."""
    dropped: str | None
    """Parameters that were left out."""
    latency_ms: float | None
    elapsed_ms: float | None
    first_token_ms: float | None
    usd: float | None
    cached: bool
    recorded: bool
    """Somebody else took its times."""
    tokens: tuple[int | None, ...]
    """In the order of TOKENS."""
    asked: tuple[int, int, int] | None
    """Input of the call that answers: fresh, cached, written."""
    model: str | None
    """Of the call that answers."""
    characters: tuple[int | None, ...]
    """In the order of PARTS."""
    stages: tuple[Stage, ...]
    lookup: Lookup | None
    """None where the example names no relevant document."""
    reach: str | None
    """How far the relevant documents came; None where nobody knows."""
    scores: dict[str, Score] = field(default_factory=dict)
    """Metric → what it judged, the last time."""

    @property
    def came(self) -> bool:
        """True where the variant said something."""
        return self.kind in CAME

    def value(self, metric: str) -> float | None:
        """What a metric gave; None where it judged nothing."""
        score = self.scores.get(metric)
        return None if score is None else score.value


Cell = Sequence[Trial]
"""One variant on one partition, by example and repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All that a run folder holds, read once."""

    manifest: Line
    cells: Mapping[tuple[str, str], Cell]
    first: Mapping[str, Mapping[str, float]]
    """Variant → stage → milliseconds of its warm-up."""
    examples: Mapping[str, Line]
    """By id, as they were run; each tells its partition."""
    probes: Sequence[Line]
    indexes: Sequence[Line]
    looks: Sequence[Line]
    spend: Line
    """What the lines of the run add up to in money."""

    @property
    def stopped(self) -> frozenset[str]:
        """Variants that were asked no more after a look."""
        return frozenset(look["variant"] for look in self.looks if look["decision"] != "go on")

    def cell(self, variant: str, partition: str) -> Cell:
        """Every counted trial of one variant on one partition; none where it was never tried."""
        return self.cells.get((variant, partition), ())


def codes(names: Iterable[str]) -> list[int]:
    """A number for each name, equal for equal ones, in the order of the names."""
    listed = list(names)
    places = {name: place for place, name in enumerate(sorted(set(listed)))}
    return [places[name] for name in listed]
