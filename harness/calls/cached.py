"""An endpoint that answers from what was kept: no attempt, no money, no latency, and told as such."""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Protocol

from harness.calls.cache_key import cache_key
from harness.calls.money import cost_usd
from harness.types.call import Call, Clock, Reply, Request, Step, Usage
from harness.types.experiment import CacheMode, ModelSpec
from harness.types.plugins import Endpoint

_OF_ONE_EXCHANGE = frozenset({"wire", "recorded_ms", "recorded_first_token_ms"})
"""What a reply says of the exchange that brought it: a kept one had none."""

_KEPT = tuple(field.name for field in fields(Reply) if field.name not in _OF_ONE_EXCHANGE)


class Answers(Protocol):
    """Where answers are kept. Neither raises: trouble with the file is a miss, and its keeper says so."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under a key; None for nothing."""

    def put(self, key: str, value: bytes) -> None:
        """Keep it, without waiting until it is."""


class CachedEndpoint:
    """Fulfils types.plugins.Endpoint around another one.

    `on` reads and writes, `read` only reads, `refresh` only writes, `off` does neither; a `fresh` request is never
    read. Documents that are embedded for an index pass by: they have a keeper of their own. Two calls that ask the same while neither is kept both go out: were the second to wait for the first, neither
    its latency nor its cost would be its own.
    """

    def __init__(
        self, inner: Endpoint, model: ModelSpec, answers: Answers, mode: CacheMode, given: str = ""
    ) -> None:
        """Take the live endpoint of `model`; `given` is what its provider knows beside the request (cache_key)."""
        self._inner = inner
        self._model = model
        self._answers = answers
        self._reads = mode in ("on", "read")
        self._writes = mode in ("on", "refresh")
        self._given = given
        self.key = inner.key

    async def call(self, request: Request, *, stage: str) -> Call:
        """Answer from what was kept, or call and keep the answer. The look-up stands in no measured time."""
        if request.side == "document":
            return await self._inner.call(request, stage=stage)
        key = cache_key(self._model, request, self._given)
        if self._reads and not request.fresh:
            kept = _read(await self._answers.get(key))
            if kept is not None:
                return self._told(kept, stage)
        call = await self._inner.call(request, stage=stage)
        if self._writes:
            value = _written(call)
            if value is not None:
                self._answers.put(key, value)
        return call

    def _told(self, kept: "_Kept", stage: str) -> Call:
        """The call as it stands now: at today's price, had it been made; nothing was paid and nothing waited for."""
        reply = kept.reply
        told = reply.told_cost_usd
        return Call(
            stage=stage,
            model=self._model.name,
            reply=reply,
            attempts=(),
            ms=None,
            clock=kept.clock,
            cost_usd=cost_usd(self._model.price, reply.usage) if told is None else told,
            spent_usd=0.0,
            spent_at_most_usd=0.0,
            cached=True,
            cached_ms=kept.ms,
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    reply: Reply
    ms: float | None
    clock: Clock


def _written(call: Call) -> bytes | None:
    """A whole answer of the model's own, a refusal among them; None for what must be asked again.

    Errors, time-outs and truncations are none, and recorded outputs are kept already. What JSON cannot hold is not kept.
    """
    reply = call.reply
    if reply is None or reply.kind == "truncated" or call.clock == "recorded":
        return None
    told = {
        "reply": {name: getattr(reply, name) for name in _KEPT},
        "ms": call.ms,
        "first_token_ms": call.first_token_ms,
        "clock": call.clock,
        "answered_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_plain).encode(
            "utf-8", "surrogatepass"
        )
    except (TypeError, ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, Usage | Step):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value)  # a mapping of another kind; anything else raises, and the answer is not kept


def _read(value: bytes | None) -> _Kept | None:
    """The inverse; None for nothing, and for what does not read as an answer."""
    if value is None:
        return None
    try:
        told = json.loads(value)
        return _Kept(_reply(told["reply"]), told["ms"], told["clock"])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _reply(told: dict[str, Any]) -> Reply:
    lists: dict[str, Any] = {name: tuple(told[name]) for name in ("tool_calls", "dropped", "retrieved")}
    lists |= {name: tuple(tuple(one) for one in told[name]) for name in ("vectors", "ranking")}
    steps = tuple(Step(**{**step, "usage": _usage(step["usage"])}) for step in told["steps"])
    return Reply(**{**told, **lists, "usage": _usage(told["usage"]), "steps": steps})


def _usage(told: dict[str, Any] | None) -> Usage | None:
    return None if told is None else Usage(**told)
