"""The stage that looks passages up in a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from heapq import nlargest
from typing import Literal

from harness import registry
from harness.errors import Fault, UsageError
from harness.text import templates
from harness.text.canonical import digest
from harness.text.chunks import Chunking, cut
from harness.text.similarity import inputs_text
from harness.types.plugins import Retriever, RetrieverOptions, StageKit
from harness.types.trial import Draft, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve:
    """Cuts a corpus into chunks, indexes them, and finds the best for each example."""

    corpus: str | None = None
    """Absolute path; None: the evalset's corpus."""
    chunk: Mapping[str, int] = field(default_factory=lambda: {"tokens": 200, "overlap": 30})
    """{tokens, overlap} or {characters, overlap}."""
    search: str = "bm25"
    top_k: int = 8
    query: str | None = None
    """A template over the inputs; None: the text of all inputs."""

    async def open(self, kit: StageKit) -> "_Retrieving":
        """Read, cut and index the corpus. UsageError where there is no text to search."""
        options: type[RetrieverOptions] = registry.load(
            registry.RETRIEVERS, self.search, what="search", where="retrieve.search"
        )
        documents = kit.documents if self.corpus is None else kit.corpus(self.corpus)
        chunks = cut(documents, _chunking(self.chunk))
        if not chunks:
            raise UsageError(
                Fault(
                    where=self.corpus or "retrieve.corpus",
                    what=f"{len(documents)} documents, and no text in them to search",
                    next="put *.md, *.txt or corpus.jsonl in the evalset's corpus folder, or name a corpus",
                )
            )
        query = None if self.query is None else templates.parse(self.query, "retrieve.query")
        search = options()
        index = digest(
            {
                "documents": documents,
                "chunk": self.chunk,
                "search": [self.search, search],
                "top_k": self.top_k,
                "query": self.query,
            }
        )
        longest = nlargest(self.top_k, chunks, key=lambda chunk: len(chunk.text.encode()))
        built = _Built(search=search.build(chunks), index=index, longest=tuple(longest))
        return _Retrieving(built, self.top_k, query)


def _chunking(chunk: Mapping[str, int]) -> Chunking:
    overlap = chunk.get("overlap", 0)
    unit: Literal["tokens", "characters"] = "characters" if "characters" in chunk else "tokens"
    return Chunking(size=chunk.get(unit, Chunking().size), overlap=overlap, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    search: Retriever
    index: str
    """Fingerprint."""
    longest: tuple[Passage, ...]
    """As many chunks as are retrieved, none of them shorter than any other chunk."""


class _Retrieving:
    name = "retrieve"

    def __init__(self, built: _Built, top_k: int, query: templates.Template | None) -> None:
        self._built = built
        self._top_k = top_k
        self._query = query

    def __call__(self, draft: Draft) -> Draft:
        """Set the draft's passages, best first, and what was searched; no passage where nothing is found."""
        query = inputs_text(draft.inputs) if self._query is None else self._query.render(draft.inputs)
        found = self._built.search.search(query, self._top_k)
        return replace(draft, passages=tuple(found), index=self._built.index)

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest passages that any query could find."""
        return replace(draft, passages=self._built.longest)
