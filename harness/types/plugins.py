"""The shapes that a plug-in must have: one Protocol for each table of the registry."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from harness.types.call import Call, Reply, Request
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.record import Record
from harness.types.report import Block
from harness.types.score import Scored, Unscored
from harness.types.summary import Summary
from harness.types.trial import Draft, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What a provider knows beforehand that a model or an output mode will not do."""

    key: str
    """The key of the model that is meant (`temperature`), or `output`, `output.schema`, `tools`."""
    what: str
    next: str = ""


class Closable(Protocol):
    """Something that is let go of when the run ends."""

    async def close(self) -> None:
        """Let go."""


@runtime_checkable
class Provider(Protocol):
    """One endpoint, spoken to. Construction costs nothing; `open` connects; nothing here retries."""

    live: ClassVar[bool]
    """False where answers were produced elsewhere: no warm-up, no pacing, no live latency."""
    note: ClassVar[str | None]
    """A sentence that every table and report made with this provider repeats; None for none."""
    cacheable: ClassVar[bool]
    """True where a stored answer may stand for a call: not for code that changes without a trace in the request."""
    given: str
    """Digest of what answers depend on beside the request (rows that a model was fitted on); empty for most."""
    longest_answer_tokens: ClassVar[int | None]
    """What no answer exceeds where the model sets no `max_tokens`; None where nothing bounds it."""

    def __init__(self, model: ModelSpec, kit: "ProviderKit") -> None:
        """Take what is needed; raise UsageError for what is missing (a key)."""

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """What the provider itself declares its model to cost; None where a price table must tell."""

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """What this model will surely refuse of what the config asks: parameters, output mode, schema, tools.

        `output.schema` is resolved. A parameter that is objected to is left out, and told in Reply.dropped, where the
        model says `drop_unsupported`; everything else is a fault before the run.
        """

    async def open(self) -> None:
        """Start what must stand before the first call (a client, a child process)."""

    async def complete(self, request: Request) -> Reply:
        """Make exactly one call. Raises CallError."""

    async def close(self) -> None:
        """Let go of everything that `open` took."""


class Outputs(Protocol):
    """Answers that were produced elsewhere."""

    def find(self, key: str, repeat: int) -> Mapping[str, Any] | None:
        """The row of one example: {output, latency_ms, input_tokens, output_tokens, cost_usd, row}; None: missing."""


class Meter(Protocol):
    """Counts what the harness itself adds to a call."""

    def sent(self, start_to_send_ms: float) -> None:
        """One request left, so long after its call began."""

    def waited(self) -> None:
        """One call had to wait for a free connection."""


class ProviderKit(Protocol):
    """What a provider is given beside its ModelSpec."""

    @property
    def train(self) -> Sequence[Example]:
        """The train partition: all that `reference-tuned` may be fitted on."""

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The evalset's answer schema."""

    @property
    def connections(self) -> int:
        """Calls that may be in flight at once; a pool is never smaller."""

    @property
    def timeout_s(self) -> float:
        """Wall clock, per attempt; enforced by the caller of `complete`."""

    @property
    def seed(self) -> int:
        """The experiment's seed."""

    @property
    def meter(self) -> Meter:
        """Where the harness's own share is counted."""

    def outputs(self, model: ModelSpec) -> Outputs:
        """The outputs file that a `recorded` model names."""

    def secret(self, variable: str) -> str | None:
        """The value of an environment variable that the config names; None where it is not set."""

    async def share(self, key: str, start: Callable[[], Awaitable[Closable]]) -> Any:
        """What several models of a run use together, started by the first that asks, closed with the run."""


@runtime_checkable
class Endpoint(Protocol):
    """A provider behind its deadline, its retries and its limits: what a network stage calls."""

    async def call(self, request: Request, *, stage: str) -> Call:
        """Make one call, retried as the run allows. Never raises for what the endpoint does."""


class StageKit(Protocol):
    """What a stage is given when it is opened, before any clock runs."""

    @property
    def seed(self) -> int:
        """The experiment's seed."""

    @property
    def train(self) -> Sequence[Example]:
        """All that few-shot may draw from."""

    @property
    def documents(self) -> Sequence[Document]:
        """The evalset's corpus."""

    @property
    def output(self) -> OutputSpec:
        """How the answer is asked for, its schema resolved."""

    @property
    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Tool definitions of the variant."""

    def corpus(self, path: str) -> Sequence[Document]:
        """Another corpus than the evalset's, by absolute path."""

    async def endpoint(self, model: ModelSpec | None = None) -> Endpoint:
        """The variant's own model, or another one, opened."""


@runtime_checkable
class ComputeStage(Protocol):
    """A step that computes. It runs on a thread, off the event loop; its wait there is queue."""

    name: str

    def __call__(self, draft: Draft) -> Draft:
        """Return the draft with this step's part added."""


@runtime_checkable
class BoundedStage(Protocol):
    """A step that computes and can tell the most that it may add: with it the cost of a call has an upper bound."""

    def longest(self, draft: Draft) -> Draft:
        """Return the draft with the longest part that this step could add to any draft."""


@runtime_checkable
class NetworkStage(Protocol):
    """A step that calls an endpoint. It appends each Call to `draft.calls`."""

    name: str

    async def call(self, draft: Draft) -> Draft:
        """Return the draft with this step's part added."""


Stage = ComputeStage | NetworkStage


@runtime_checkable
class StageOptions(Protocol):
    """A frozen keyword-only dataclass whose fields are the stage's options in the config."""

    async def open(self, kit: StageKit) -> Stage:
        """Build the running stage: index, fit, connect. Not timed."""


@runtime_checkable
class Retriever(Protocol):
    """One search over one corpus."""

    def search(self, query: str, top_k: int) -> Sequence[Passage]:
        """At most `top_k` passages, best first, rank from 1; none for a query that hits nothing."""


@runtime_checkable
class RetrieverOptions(Protocol):
    """A frozen keyword-only dataclass whose fields are the search's options."""

    def build(self, chunks: Sequence[Passage]) -> Retriever:
        """Index the chunks (Passages with score 0 and rank 0). Not timed."""


@runtime_checkable
class Scorer(Protocol):
    """A frozen keyword-only dataclass whose fields are the scorer's options; called once a record."""

    judges: ClassVar[Literal["answer", "outcome", "facts"]]
    """What is judged, and so when it is called.

    `answer`: quality in [0, 1], for trials that answered and kept the schema; the others are wrong without asking.
    `outcome`: in [0, 1] too, for all trials where something came, whatever its form (abstention, labels).
    `facts`: what a trial took, in its own unit; for all.
    """

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one record. Pure: same input, same output, no clock, no file, no network."""


@runtime_checkable
class Section(Protocol):
    """One part of the report."""

    def __call__(self, summary: Summary) -> Sequence[Block]:
        """The blocks of this part; none where the run has nothing to say on it."""
