"""What one trial left on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.types.call import Attempt, Clock, Usage

OutcomeKind = Literal["answered", "refused", "truncated", "timed_out", "failed"]
ALTERNATIVES = "output (each of its list)"
"""Where a recorded answer keeps a list of which the best counts; no column of a file is named so."""
OUTCOMES: tuple[OutcomeKind, ...] = ("answered", "refused", "truncated", "timed_out", "failed")
CAME: tuple[OutcomeKind, ...] = ("answered", "refused", "truncated")
"""Of these, those where the variant said something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended."""

    kind: OutcomeKind
    text: str | None = None
    """The answer as it came; None where none came. An empty answer is ""."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str | None = None
    error: Mapping[str, Any] | None = None
    """{type, message, status} for failed and timed_out; else None."""

    @property
    def came(self) -> bool:
        """True where the variant said something: what follows is its own doing, not the infrastructure's."""
        return self.kind in CAME


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """What one stage of one trial took."""

    name: str
    ms: float | None
    """None where the stage never finished, or its answer came with no time."""
    clock: Clock
    connect_ms: float | None = None
    model: str | None = None
    cost_usd: float | None = None
    """None where unpriced; a stage that makes no call has no `model`."""
    usage: Usage | None = None
    sdk_ms: float | None = None
    """The client's own time beside the wire's; None where nothing was sent."""
    cached: bool = False
    """True where the response cache answered: `ms` is None then."""
    cost_told: bool = False
    """True where the service itself said what it cost: no price is asked."""
    within: str | None = None
    """The stage inside which this one ran, as the service tells it: never added up. None for a stage of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """One passage as the record keeps it: its text lies in texts.jsonl under `text`."""

    doc: str
    chunk: int
    start: int
    end: int
    score: float | None
    """None where a service that retrieves by itself tells none."""
    rank: int
    used: bool
    text: str
    """Digest."""
    found_rank: int | None = None
    """The search's own rank of it, where a later stage has put it elsewhere; None where `rank` is that."""
    found_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPassage(Retrieved):
    """One passage with its text, as a scorer is given it that reads passages; no record on disk holds it."""

    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of records.jsonl. See the contract for each field; all times in milliseconds."""

    variant: str
    example_id: str
    partition: str
    outcome: Outcome
    tags: tuple[str, ...] = ()
    repeat: int = 0
    warmup: bool = False
    started_at: str = ""
    latency_ms: float | None = None
    """Sum of the stages; None from the cache, for a failure, or recorded without a time; the limit for a time-out."""
    elapsed_ms: float | None = None
    """The same on this client's wall clock, without queue, pacing and back-off."""
    stages: tuple[StageTime, ...] = ()
    first_token_ms: float | None = None
    queue_ms: float = 0.0
    backoff_ms: float = 0.0
    attempts: tuple[Attempt, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None
    """None where a price or a usage is unknown; 0.0 only where a call is known to be free. As if uncached."""
    spent_usd: float | None = None
    """What this trial made the run pay: 0.0 where the cache answered or the output is recorded; None where unknown."""
    spent_at_most_usd: float | None = None
    """The same with unknown parts at their upper bound; None where there is none."""
    cached: bool = False
    recorded_latency_ms: float | None = None
    retrieved: tuple[Retrieved, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    """{messages: digest, params, dropped, output_mode}."""
    input_characters: Mapping[str, int] | None = None
    """Of the messages that were sent: prompt, fewshot, context. They add up; None where there were no messages."""
    model_returned: str | None = None
    system_fingerprint: str | None = None
    recorded: Mapping[str, Any] | None = None
    """The other columns of a recorded output (human labels); None for a live trial."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """The trial that this is the record of."""
        return (self.variant, self.partition, self.example_id, self.repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finished trial on its way to the ledger: the record, and the texts it names by digest."""

    record: Record
    texts: Mapping[str, str] = field(default_factory=dict)
