"""The shapes that a plug-in must have: one Protocol for each table of the registry."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from harness.types.call import Call, Reply, Request, Task
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.record import Record
from harness.types.report import Block
from harness.types.score import Scored, Unscored
from harness.types.search import IndexReport, Query
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

    tasks: ClassVar[frozenset[Task]]
    """What its endpoint can be asked for; `complete` is given no other request."""
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
        """What this model will surely refuse of what the config asks of an answer: parameters, output mode, schema, tools.

        `output.schema` is resolved. A parameter that is objected to is left out, and told in Reply.dropped, where the
        model says `drop_unsupported`; everything else is a fault before the run.
        """

    async def open(self) -> None:
        """Start what must stand before the first call (a client, a child process)."""

    async def complete(self, request: Request) -> Reply:
        """Make exactly one call. Raises CallError."""

    async def close(self) -> None:
        """Let go of everything that `open` took."""


@runtime_checkable
class Particular(Protocol):
    """A provider that knows beforehand which of its models cannot embed, or put in order, as the config asks of them."""

    @classmethod
    def unfit(cls, model: ModelSpec, task: Task) -> Sequence[Objection]:
        """What is sure to fail of `embed` or `rerank`, one of the provider's tasks: each is a fault before the run."""


@runtime_checkable
class Narrow(Protocol):
    """A provider that works on a few calls at once: the others wait for their turn before their time begins."""

    @property
    def at_once(self) -> int:
        """How many. `complete`, though cancelled, returns only when its work has ended: until then it has its turn."""


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

    key: str
    """Digest of the model and of what its answers depend on beside a request."""

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

    @property
    def corpus_name(self) -> str:
        """Where the evalset's corpus lies, or what the evalset is called: the same from run to run."""

    @property
    def offline(self) -> bool:
        """True where nothing may be sent: a stage shows what it would ask, and no endpoint of it answers."""

    def corpus(self, path: str) -> Sequence[Document]:
        """Another corpus than the evalset's, by absolute path."""

    async def endpoint(self, model: ModelSpec | None = None) -> Endpoint:
        """The variant's own model, or another one, opened."""

    def searching(self, name: str, search: "Retriever") -> Endpoint:
        """A search that waits for a server, called as any endpoint is: deadline, retries, breaker."""

    async def share(self, key: str, start: Callable[[], Awaitable[Closable]]) -> Any:
        """What several variants of a run use together, started by the first that asks, closed with the run."""

    @property
    def kept(self) -> "Embeddings":
        """Embeddings of documents that earlier runs paid for."""

    def store_kit(self, name: str) -> "StoreKit":
        """What a store is given that keeps the index of this name."""

    def stopping(self) -> bool:
        """True once the run is to start nothing new."""

    def hear(self, said: str) -> None:
        """Let a person know how far it is, where that takes long."""

    def tell(self, report: IndexReport) -> None:
        """Say what it took to make an index ready that this variant searches."""


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


@runtime_checkable
class AskingStage(Protocol):
    """A network step that can tell beforehand what it will ask: with it a trial's cost has an upper bound."""

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """Each call that it makes for a draft that is as long as can be, whatever comes of the steps before."""


@runtime_checkable
class IndexingStage(Protocol):
    """A step that is opened by embedding texts: what that costs at most, before anything is sent."""

    @property
    def index_asks(self) -> Sequence[tuple[ModelSpec, Request]]:
        """Each call, where no embedding is kept from an earlier run; empty where nothing is embedded."""


Stage = ComputeStage | NetworkStage


@runtime_checkable
class StageOptions(Protocol):
    """A frozen keyword-only dataclass whose fields are the stage's options in the config."""

    async def open(self, kit: StageKit) -> Stage:
        """Build the running stage: index, fit, connect. Not timed."""


@runtime_checkable
class Retriever(Protocol):
    """One search over one corpus. Safe to call from several threads."""

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """At most `top_k` passages, best first, rank from 1; none for a query that hits nothing."""


@runtime_checkable
class RetrieverOptions(Protocol):
    """A frozen keyword-only dataclass whose fields are the search's options."""

    embeds: ClassVar[bool]
    """True where it searches vectors: it is then given a store, and every query an embedding."""

    def build(self, chunks: Sequence[Passage], store: "Store | None") -> Retriever:
        """Index the chunks (Passages with score 0 and rank 0). Not timed. The store holds them already."""


class Embeddings(Protocol):
    """Document embeddings by model and text: each text is paid for once. Loop-bound; neither method raises."""

    async def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """What is kept of these keys: float32, little-endian, one after the other."""

    def put(self, kept: Mapping[str, bytes]) -> None:
        """Keep them, without waiting until it is done."""


class StoreKit(Protocol):
    """What a store is given beside its options."""

    @property
    def name(self) -> str:
        """Of the harness's own collection for this index: `harness-` and 24 hex digits."""

    @property
    def home(self) -> Path | None:
        """A folder for indexes that lie on disk; None where nothing may be written."""

    @property
    def timeout_s(self) -> float:
        """How long a store may take for one answer."""

    @property
    def searches(self) -> int:
        """How many searches may wait at once; a pool is never smaller."""

    def secret(self, variable: str) -> str | None:
        """The value of an environment variable that the config names; None where it is not set."""


@runtime_checkable
class Store(Protocol):
    """Vectors of unit length, with the chunks that they stand for: one collection.

    Every method may block, and is called off the event loop; `search` from several threads at once. What is outside of
    this process may fail: CallError then, retryable where it may pass.
    """

    blocks: bool
    """True where a search waits for something outside of this process."""

    def ids(self) -> Set[str]:
        """The ids (text.chunks.chunk_id) of all chunks that it holds."""

    def add(self, chunks: Sequence[Passage], vectors: Any) -> None:
        """Add chunks, or write them again; `vectors` (chunks, dimensions) float32. UsageError: other dimensions."""

    def delete(self, ids: Collection[str]) -> None:
        """Forget chunks; those that it does not hold are passed over."""

    def search(self, query: Query, top_k: int) -> Sequence[Passage]:
        """The nearest by cosine, which is the score, best first, rank from 1. CallError: other dimensions.

        A collection of the user's is searched by its own measure; its score is a cosine at vectors of length 1 only.
        """

    def close(self) -> None:
        """Write what waits, and let go. Whoever opens it again finds everything."""


@runtime_checkable
class StoreOptions(Protocol):
    """A frozen keyword-only dataclass whose fields are the store's options."""

    @property
    def owned(self) -> bool:
        """False where it is a collection of the user's: searched as it is, never written to."""

    def open(self, kit: StoreKit) -> Store:
        """Connect, or read from disk. May block. UsageError: a missing package or key; CallError: no answer."""


@runtime_checkable
class Scorer(Protocol):
    """A frozen keyword-only dataclass whose fields are the scorer's options; called once a record."""

    judges: ClassVar[Literal["answer", "outcome", "facts"]]
    """What is judged, and so when it is called.

    `answer`: quality in [0, 1], for trials that answered and kept the schema; the others are wrong without asking.
    `outcome`: in [0, 1] too, for all trials where something came, whatever its form (abstention, labels).
    `facts`: what a trial took, in its own unit; for all. Its class may say `better`: "lower" or "higher".
    """

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one record. Pure: same input, same output, no clock, no file, no network."""


@runtime_checkable
class Section(Protocol):
    """One part of the report."""

    def __call__(self, summary: Summary) -> Sequence[Block]:
        """The blocks of this part; none where the run has nothing to say on it."""
