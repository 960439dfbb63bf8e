"""What one call to one endpoint is asked, what comes back, and what it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.types.experiment import OutputSpec

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

    messages: tuple[Message, ...]
    output: OutputSpec = field(default_factory=OutputSpec)
    tools: tuple[Mapping[str, Any], ...] = ()
    seed: int | None = None
    """Differs between repeats; None where the provider takes none."""
    example_id: str = ""
    """Never sent: only `recorded` looks an answer up by it."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Never sent as they stand; `http` and `recorded` read them."""
    repeat: int = 0


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
    recorded_ms: float | None = None
    """Latency that came with a recorded output; None where it has none."""
    recorded_first_token_ms: float | None = None
    recorded_cost_usd: float | None = None
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
    """None where a price or a usage is unknown."""
    error: Mapping[str, Any] | None = None
    """{type, message, status} of the last attempt where there is no reply."""
