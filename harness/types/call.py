"""What one call to one endpoint is asked, what comes back, and what it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.types.experiment import OutputMode, OutputSpec

Task = Literal["answer", "embed", "rerank", "search"]
"""What a call is for: an answer to messages, vectors of texts, an order of texts, passages from a store."""

Clock = Literal["wire", "client", "recorded"]
"""Where the times were taken: at the socket, around the client, or by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, as a stage asks for it. Holds no expected answer."""

    task: Task = "answer"
    messages: tuple[Message, ...] = ()
    texts: tuple[str, ...] = ()
    """What is embedded, or put in order; empty for the other tasks."""
    query: str = ""
    """By what `texts` are put in order, or what is searched for."""
    side: Literal["", "query", "document"] = ""
    """Of a call that embeds: where in a search the texts stand, for models that tell the two apart; empty: nowhere."""
    output: OutputSpec = field(default_factory=OutputSpec)
    tools: tuple[Mapping[str, Any], ...] = ()
    seed: int | None = None
    """Differs between repeats; None where the provider takes none."""
    example_id: str = ""
    """Never sent: only `recorded` looks an answer up by it."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Never sent as they stand; `http` and `recorded` read them."""
    repeat: int = 0
    index: str = ""
    """Fingerprint of the index that was searched for this request; never sent, part of the cache key."""
    fresh: bool = False
    """True where no cached answer may be given, so that there is a latency to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens in disjoint buckets. A bucket is None where the server did not say."""

    input_tokens: int | None = None
    """Uncached, unwritten input only."""
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    """Includes the reasoning tokens."""
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Instants of one exchange on the monotonic clock, in nanoseconds."""

    sent_ns: int
    done_ns: int
    first_token_ns: int | None = None
    """First non-empty content; None unless the answer was streamed."""
    connect_ms: float | None = None
    """Set-up of a new connection; None where an open one was used."""
    clock: Clock = "wire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of one call, as the service or the callable behind it tells it. Steps may overlap."""

    name: str
    ms: float
    usage: Usage | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one successful attempt brought back."""

    text: str
    kind: Literal["answered", "refused", "truncated"] = "answered"
    finish_reason: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    usage: Usage | None = None
    """None where the server reported none."""
    wire: Wire | None = None
    """None where nothing was sent (recorded outputs)."""
    model_returned: str | None = None
    system_fingerprint: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    """What was really sent beside the messages."""
    dropped: tuple[str, ...] = ()
    """Parameters of the config that were left out, since the model does not take them."""
    output_mode: OutputMode | None = None
    """How the answer was really asked for; None where that has no meaning (an application, recorded outputs)."""
    vectors: tuple[tuple[float, ...], ...] = ()
    """Of a call that embeds: one for each text, in their order."""
    ranking: tuple[tuple[int, float], ...] = ()
    """Of a call that puts texts in order, best first: (place in the request's `texts`, score)."""
    cut: int = 0
    """Texts of a call that embeds or puts in order of which the model is known to have read the beginning only."""
    steps: tuple[Step, ...] = ()
    """What the service says of its own stages; their times lie within the call's."""
    retrieved: tuple[Mapping[str, Any], ...] = ()
    """What the service says that it retrieved, best first: {doc, text?, score?}."""
    recorded_ms: float | None = None
    """Latency that came with a recorded output; None where it has none."""
    recorded_first_token_ms: float | None = None
    told_cost_usd: float | None = None
    """What the answer itself says that it cost; None where a price must tell."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Other columns of a recorded output (human labels)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of one call."""

    stage: str
    ms: float
    """Its own time on the client, whatever came of it."""
    status: int | None = None
    error: str | None = None
    """None for the try that answered."""
    usage: Usage | None = None
    """What a broken answer still told; None for the try that answered, whose usage is the reply's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call with all its attempts. `reply` is None where none of them answered."""

    stage: str
    model: str
    reply: Reply | None
    attempts: tuple[Attempt, ...]
    ms: float | None
    """Service latency of the attempt that answered; the limit for a time-out; None where all failed."""
    clock: Clock
    first_token_ms: float | None = None
    queue_ms: float = 0.0
    backoff_ms: float = 0.0
    cost_usd: float | None = None
    """What it costs, as if no cache had answered; None where a price or a usage is unknown."""
    spent_usd: float | None = None
    """What was paid for it now: 0.0 for an answer from the cache and for a recorded one; None where unknown."""
    spent_at_most_usd: float | None = None
    """The same with every unknown part at its upper bound; None where there is no bound (no price, no max_tokens)."""
    cached: bool = False
    """True where the answer came from the response cache: `ms` is None then."""
    cached_ms: float | None = None
    """The service latency that the cached answer had when it was live."""
    sdk_ms: float | None = None
    """Of the attempt that answered: the client's time beside the wire's, connection set-up left out."""
    error: Mapping[str, Any] | None = None
    """{type, message, status} of the last attempt where there is no reply."""
