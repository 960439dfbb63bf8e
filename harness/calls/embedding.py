"""Many texts made vectors through one endpoint: in batches, several at once, each text paid for once for ever."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.calls.clock import ms_between, now_ns
from harness.calls.money import total_usd
from harness.errors import Abandoned, RunIncomplete
from harness.text.quote import clip
from harness.types.call import Call, Request
from harness.types.plugins import Embeddings, Endpoint
from harness.types.search import Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TEXTS = 96
"""Of one call: what the vendor with the smallest bound takes (Cohere)."""
MOST_CHARACTERS = 60_000
"""Of one call, unless one text alone is longer; some 15,000 tokens."""
STAGE = "index"
"""What its calls are called."""
NEWS_MS = 5_000
FEW = 4
"""Of fewer texts in one call all may well be zeros."""
AT_ONCE = 4
"""Batches in flight: an index is built beside nothing that is measured, but an account's limits are shared."""


@dataclass(slots=True)
class Account:
    """What embedding took so far. Filled in while texts are embedded, so that it is known of what broke off, too."""

    embedded: int = 0
    kept: int = 0
    cut: int = 0
    """Texts of which the model read the beginning only."""
    calls: list[Call] = field(default_factory=list)
    texts: int = 0
    """All that are wanted, for a person who waits."""
    hear: Callable[[str], None] = lambda _: None
    """What that person is told by."""
    told_ns: int = field(default_factory=now_ns)
    stopping: Callable[[], bool] = lambda: False
    """True once the run is to start nothing new."""

    def came(self, more: int) -> None:
        """Count texts that are embedded now, and say every few seconds how far it is."""
        self.embedded += more
        if ms_between(self.told_ns, now_ns()) > NEWS_MS:
            self.told_ns = now_ns()
            self.hear(f"index: {self.embedded + self.kept:,} of {self.texts:,} chunks have their embedding")

    def told(self) -> dict[str, Any]:
        """The fields of a types.search.IndexReport that it can fill."""
        return {
            "embedded": self.embedded,
            "kept": self.kept,
            "cut": self.cut,
            "calls": len(self.calls),
            "input_tokens": self._input_tokens(),
            "cost_usd": total_usd([call.spent_usd for call in self.calls]),
            "spent_at_most_usd": total_usd([call.spent_at_most_usd for call in self.calls]),
        }

    def _input_tokens(self) -> int | None:
        told = [
            call.reply.usage.input_tokens if call.reply and call.reply.usage else None for call in self.calls
        ]
        return None if None in told else sum(count for count in told if count is not None)


async def embed_texts(
    endpoint: Endpoint, texts: Sequence[str], kept: Embeddings, account: Account
) -> "NDArray[Any]":
    """Embed texts, those left out that are kept from an earlier run or stand there twice.

    Returns (texts, dimensions), float32, each of length 1, or all zero where the model says nothing of a text.
    Raises RunIncomplete, with what the endpoint said, where a batch fails after its retries; what came until then is
    kept all the same.
    """
    import numpy as np

    keys = [text_key(endpoint.key, text) for text in texts]
    known = {key: np.frombuffer(value, "<f4") for key, value in (await kept.get(keys)).items()}
    fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    account.kept += len(texts) - len(fresh)
    turn = asyncio.Semaphore(AT_ONCE)

    async def batch(part: Sequence[tuple[str, str]]) -> None:
        async with turn:
            if account.stopping():
                raise Abandoned("the run is stopping")
            call = await endpoint.call(
                Request(task="embed", texts=tuple(text for _, text in part), side="document"), stage=STAGE
            )
        account.calls.append(call)
        if call.reply is None:
            raise RunIncomplete(f"the index cannot be built: {call.model}: {_said(call)}")
        account.cut += call.reply.cut
        _look_over(part, call, next((len(vector) for vector in known.values()), None))
        rows = {key: unit(vector) for (key, _), vector in zip(part, call.reply.vectors, strict=True)}
        known.update(rows)
        kept.put({key: row.astype("<f4").tobytes() for key, row in rows.items()})
        account.came(len(rows))

    await _all([batch(part) for part in _parts(list(fresh.items()))])
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)


def _look_over(part: Sequence[tuple[str, str]], call: Call, width: int | None) -> None:
    """Raise RunIncomplete for vectors that must not be kept: of another length than before, or nothing but zeros.

    Single zeros are an answer: a model may have nothing to say of a text of function words.
    """
    assert call.reply is not None
    for vector in call.reply.vectors:
        if width is not None and len(vector) != width:
            raise RunIncomplete(
                f"the index cannot be built: {call.model} answered vectors of {len(vector)} numbers, and of {width} "
                "before; if the model has changed, delete embeddings.sqlite in the folder indexes"
            )
        width = len(vector)
    if len(part) >= FEW and not any(map(any, call.reply.vectors)):
        raise RunIncomplete(
            f"the index cannot be built: {call.model} answered vectors of zeros for all of {len(part)} texts"
        )


def vector_key(key: str, *, as_it_is: bool) -> str:
    """Under what a draft holds a query's vector: that of length 1 and the model's own are two."""
    return f"{key} as it is" if as_it_is else key


def text_key(model_key: str, text: str) -> str:
    """Under what a text's embedding is kept."""
    return hashlib.sha256(f"{model_key}\x00{text}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def unit(vector: Vector) -> "NDArray[Any]":
    """The same direction at length 1, so that every store's distance is the cosine; a zero stays zero."""
    import numpy as np

    row = np.asarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(row))
    return row / np.float32(length) if length else row


def embedding_requests(texts: Sequence[str]) -> list[Request]:
    """The calls that embedding all of these texts takes, where none is kept."""
    return [
        Request(task="embed", texts=tuple(text for _, text in part), side="document")
        for part in _parts([("", text) for text in texts])
    ]


async def _all(work: Sequence[Any]) -> None:
    """Wait for all; the first that fails stops the rest."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _parts(texts: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    part: list[tuple[str, str]] = []
    size = 0
    for key, text in texts:
        if part and (len(part) == MOST_TEXTS or size + len(text) > MOST_CHARACTERS):
            yield part
            part, size = [], 0
        part.append((key, text))
        size += len(text)
    if part:
        yield part


def _said(call: Call) -> str:
    error = call.error or {}
    status = "" if error.get("status") is None else f" ({error['status']})"
    return clip(f"{error.get('type')}{status}: {error.get('message')}")
