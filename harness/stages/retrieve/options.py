"""The stage that looks passages up in a corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any, Literal

from harness import registry
from harness.calls.embedding import vector_key
from harness.errors import Fault, UsageError
from harness.stages.retrieve.indexing import Index, Order, fingerprint, ready
from harness.stages.retrieve.running import Asked, Asking, Fetching, Foreign, Found, Searching, StandIn
from harness.text.canonical import digest
from harness.text.chunks import Chunking, cut, searched_text
from harness.text.queries import query_template
from harness.text.where import compiled
from harness.types.evalset import Document
from harness.types.experiment import ModelSpec
from harness.types.plugins import RetrieverOptions, Stage, StageKit
from harness.types.trial import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve:
    """Cuts a corpus into chunks, indexes them, and finds the best for each example."""

    corpus: str | None = None
    """Absolute path; None: the evalset's corpus."""
    chunk: Mapping[str, Any] = field(default_factory=lambda: {"tokens": 200, "overlap": 30})
    """{tokens, overlap} or {characters, overlap}, and `by: heading`."""
    search: str = "bm25"
    tuning: Mapping[str, Any] = field(default_factory=dict)
    """Options of the search."""
    embed: ModelSpec | None = None
    """The embedding model; None where the search needs none."""
    store: Mapping[str, Any] = field(default_factory=lambda: {"kind": "memory"})
    """Where vectors lie: `kind`, and the store's own options."""
    service: ModelSpec | None = None
    """A retriever of the user's own, asked instead: `http` or `python`."""
    top_k: int = 8
    where: Mapping[str, Any] = field(default_factory=dict)
    """Key of a document's meta → the values that it may have; texts are templates over the inputs."""
    query: str | None = None
    """A template over the inputs; None: the text of all inputs."""
    rewritten: bool = False
    """True where a model has rewritten the query before."""

    async def open(self, kit: StageKit) -> Stage:
        """Read, cut and index the corpus. UsageError where there is no text to search."""
        asked = Asked(
            query=query_template(self.query),
            rewritten=self.rewritten,
            where=compiled(self.where),
            top_k=self.top_k,
        )
        if self.service is not None:
            return Asking(asked, self.service, await kit.endpoint(self.service), self._by_id(kit))
        order = self._order(kit)
        own = self._reads_only(order.search)
        if own and kit.offline:
            return Foreign(asked)
        if order.model is not None and kit.offline:
            texts = [searched_text(chunk) for chunk in order.chunks]
            return StandIn(asked, longest=_longest(order.chunks, self.top_k), indexing=(order.model, texts))
        index: Index = await kit.share(_key(order, self), lambda: ready(order, kit))
        kit.tell(index.report)
        found = Found(
            index=digest(
                [fingerprint(order), self.chunk, self.top_k, self.query, self.where, self.rewritten]
            ),
            model_key=""
            if self.embed is None
            else vector_key((await kit.endpoint(self.embed)).key, as_it_is=own),
            longest=_longest(order.chunks, self.top_k),
            documents=self._by_id(kit) if own else None,
        )
        if index.blocks:
            return Fetching(asked, found, kit.searching(str(self.store["kind"]), index.search))
        return Searching(asked, found, index.search)

    def _order(self, kit: StageKit) -> Order:
        options: type[RetrieverOptions] = registry.load(
            registry.RETRIEVERS, self.search, what="search", where="retrieve.search"
        )
        search = options(**self.tuning)
        if search.embeds and self.embed is None:
            what = f"a {self.search} search needs an embedding model"
            raise UsageError(
                Fault(where="retrieve.embed", what=what, next="add embed: {provider: …, model: …}")
            )
        store = {key: value for key, value in self.store.items() if key != "kind"}
        reads_only = self._reads_only(search)
        documents = () if reads_only else self._documents(kit)
        chunks = cut(documents, _chunking(self.chunk))
        if not chunks and not reads_only:
            raise UsageError(
                Fault(
                    where=self.corpus or "retrieve.corpus",
                    what=f"{len(documents)} documents, and no text in them to search",
                    next="put *.md, *.txt or corpus.jsonl in the evalset's corpus folder, or name a corpus",
                )
            )
        return Order(
            chunks=chunks,
            documents=len(documents),
            cutting=self.chunk,
            corpus=self.corpus or kit.corpus_name,
            search=search,
            model=self.embed if search.embeds else None,
            store=(str(self.store["kind"]), store),
        )

    def _reads_only(self, search: RetrieverOptions) -> bool:
        """True for a collection of the user's."""
        return search.embeds and self.store.get("collection") is not None

    def _by_id(self, kit: StageKit) -> Mapping[str, Document]:
        """The documents that have a text."""
        return {document.id: document for document in self._documents(kit) if document.text.strip()}

    def _documents(self, kit: StageKit) -> Sequence[Document]:
        return kit.documents if self.corpus is None else kit.corpus(self.corpus)


def _key(order: Order, how: Retrieve) -> str:
    """Two variants that search the same share one index."""
    return f"index {digest([fingerprint(order), how.search, how.tuning, order.store, how.embed and how.embed.name])}"


def _chunking(chunk: Mapping[str, Any]) -> Chunking:
    overlap = chunk.get("overlap", 0)
    unit: Literal["tokens", "characters"] = "characters" if "characters" in chunk else "tokens"
    return Chunking(size=chunk.get(unit, Chunking().size), overlap=overlap, unit=unit, by=chunk.get("by"))


def _longest(chunks: Sequence[Passage], top_k: int) -> tuple[Passage, ...]:
    """As many chunks as are retrieved, none of them shorter than any other chunk."""
    return tuple(nlargest(top_k, chunks, key=lambda chunk: len(chunk.text.encode())))
