"""From documents to an index that answers: cut, embedded, stored; whatever has not changed is used again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness import registry
from harness.calls.clock import ms_between, now_ns
from harness.calls.embedding import Account, embed_texts
from harness.errors import CallError, RunIncomplete
from harness.text.canonical import digest
from harness.text.chunks import chunk_id, searched_text
from harness.types.experiment import ModelSpec
from harness.types.plugins import Endpoint, Retriever, RetrieverOptions, StageKit, Store, StoreOptions
from harness.types.search import IndexReport
from harness.types.trial import Passage

SLAB = 50_000
"""Chunks whose vectors are in memory at once on their way to a store, and that a kill can cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be indexed, and how."""

    chunks: Sequence[Passage]
    documents: int
    cutting: Mapping[str, Any]
    """How the documents were cut: with the place of the corpus and the model, it names the collection."""
    corpus: str
    """Where the documents come from."""
    search: RetrieverOptions
    model: ModelSpec | None
    store: tuple[str, Mapping[str, Any]]
    """Kind and options; read only where the search embeds."""


@dataclass(frozen=True, slots=True)
class Index:
    """One that answers."""

    search: Retriever
    blocks: bool
    """True where a search waits for something outside of this process."""
    report: IndexReport
    store: Store | None = None

    async def close(self) -> None:
        """Let the store go."""
        if self.store is not None:
            await asyncio.to_thread(self.store.close)


def fingerprint(order: Order) -> str:
    """Digest of the chunks and of what makes their vectors: rows of two runs that searched the same say the same."""
    model = order.model and replace(order.model, name="", where="", price=None, limits={})
    return digest(
        [order.search, type(order.search).__name__, model, [chunk_id(chunk) for chunk in order.chunks]]
    )


async def ready(order: Order, kit: StageKit) -> Index:
    """Make the index ready. Raises UserError, and RunIncomplete where an endpoint or a server does not answer."""
    began_ns = now_ns()
    report = IndexReport(
        index=digest([fingerprint(order), order.store if order.search.embeds else None])[:32],
        variants=(),
        stage="retrieve",
        store="memory",
        documents=order.documents,
        chunks=len(order.chunks),
    )
    store = None
    if order.search.embeds:
        assert order.model is not None
        store, report = await _stored(order, kit, await kit.endpoint(order.model), report)
    search = await asyncio.to_thread(order.search.build, order.chunks, store)
    report = replace(report, ms=round(ms_between(began_ns, now_ns()), 1))
    return Index(search, store is not None and store.blocks, report, store)


async def _stored(
    order: Order, kit: StageKit, endpoint: Endpoint, report: IndexReport
) -> tuple[Store, IndexReport]:
    """The store with exactly these chunks in it: what is missing is embedded and added, what is too much deleted."""
    kind, options = order.store
    made: StoreOptions = registry.load(registry.STORES, kind, what="store")(**options)
    name = f"harness-{digest([order.corpus, order.cutting, endpoint.key, kind])[:24]}"
    try:
        store = await asyncio.to_thread(made.open, kit.store_kit(name))
    except CallError as error:
        raise RunIncomplete(f"the store '{kind}' does not answer: {error.message}") from None
    report = replace(report, store=kind, model=order.model.name if order.model else None)
    if not made.owned:
        return store, replace(report, documents=0, chunks=0)
    try:
        return store, await _synced(order, kit, endpoint, (store, report))
    except CallError as error:
        await asyncio.to_thread(store.close)
        raise RunIncomplete(f"the store '{kind}' cannot be filled: {error.message}") from None
    except BaseException:
        await asyncio.to_thread(store.close)
        raise


async def _synced(
    order: Order, kit: StageKit, endpoint: Endpoint, at: tuple[Store, IndexReport]
) -> IndexReport:
    store, report = at
    wanted = {chunk_id(chunk): chunk for chunk in order.chunks}
    had = set(await asyncio.to_thread(store.ids))
    missing = [chunk for key, chunk in wanted.items() if key not in had]
    surplus = had - wanted.keys()
    account = Account(texts=len(missing), hear=kit.hear, stopping=kit.stopping)
    report = replace(report, stored=len(wanted) - len(missing))
    try:
        for first in range(0, len(missing), SLAB):
            slab = missing[first : first + SLAB]
            vectors = await embed_texts(endpoint, [searched_text(one) for one in slab], kit.kept, account)
            await asyncio.to_thread(store.add, slab, vectors)
        if surplus:  # last: whoever is killed before finds the old chunks still there, and none missing twice
            await asyncio.to_thread(store.delete, surplus)
    except BaseException:
        kit.tell(replace(report, **account.told()))  # what was paid is known of an index that broke off, too
        raise
    return replace(report, removed=len(surplus), **account.told())
