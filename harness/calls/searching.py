"""A search that waits for a server through a client that blocks, asked like any endpoint: one thread a call."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.calls.clock import now_ns
from harness.calls.workers import Workers
from harness.errors import CallError
from harness.text.quote import clip
from harness.types.call import Reply, Request, Usage, Wire
from harness.types.experiment import ModelSpec, Price
from harness.types.plugins import Retriever
from harness.types.trial import Passage

NO_CHARGE = Price(
    input_usd_per_mtok=0.0,
    output_usd_per_mtok=0.0,
    source="a store: what it costs a month stands under economics",
)


def search_model(name: str) -> ModelSpec:
    """A store, as far as the account of a call needs to know it."""
    return ModelSpec(name=name, provider="store", model=name, price=NO_CHARGE)


class Search:
    """What calls.endpoint asks of a provider, over one search."""

    live = True
    given = ""
    longest_answer_tokens: int | None = None

    def __init__(self, name: str, search: Retriever) -> None:
        """Take a search that is ready; whoever built it closes it."""
        self._search = search
        self._workers = Workers(f"search {name}")

    async def complete(self, request: Request) -> Reply:
        """Search once. The clock runs on the thread that waits. Raises CallError."""
        query, top_k = request.inputs["query"], request.inputs["top_k"]

        def work() -> tuple[int, int, Any]:
            began_ns = now_ns()
            try:
                found: Any = self._search.search(query, top_k)
            except Exception as error:  # noqa: BLE001 - a client of a server may raise anything: it is told as a failed call
                found = error
            return began_ns, now_ns(), found

        began_ns, done_ns, found = await self._workers.run(work)
        if isinstance(found, CallError):
            raise found
        if isinstance(found, Exception):
            message = clip(f"{type(found).__name__}: {found}")
            raise CallError(type="application", message=message) from found
        wire = Wire(sent_ns=began_ns, done_ns=done_ns, clock="client")
        told = tuple(_told(passage) for passage in found)
        return Reply(text="", retrieved=told, wire=wire, usage=Usage(input_tokens=0, output_tokens=0))

    def close(self) -> None:
        """Let idle threads end."""
        self._workers.close()


def _told(passage: Passage) -> Mapping[str, Any]:
    return {field.name: getattr(passage, field.name) for field in fields(Passage)}
