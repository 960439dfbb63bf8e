"""The search itself, in each of the ways that it can run: on a thread, at a server, or at the user's own retriever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.calls.embedding import embedding_requests
from harness.errors import CallError
from harness.text import templates
from harness.text.queries import query_text
from harness.text.quote import quote
from harness.text.where import Asked as Condition
from harness.text.where import filled
from harness.types.call import Call, Request
from harness.types.evalset import Document
from harness.types.experiment import ModelSpec
from harness.types.plugins import Endpoint, Retriever
from harness.types.search import Query
from harness.types.trial import Draft, Passage

NAME = "retrieve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a search is asked for."""

    query: templates.Template | None
    rewritten: bool
    where: Condition
    top_k: int

    def of(self, draft: Draft, model_key: str = "") -> Query:
        """The query of one draft, with the vector that a step before made of its text."""
        text = query_text(draft, self.query, rewritten=self.rewritten)
        vector = draft.vectors.get((model_key, text)) if model_key else None
        if vector is not None and not any(vector):
            vector = None  # it says nothing, and every chunk would be as near as any other
        return Query(text=text, vector=vector, where=filled(self.where, draft.inputs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is searched."""

    index: str
    """Fingerprint."""
    model_key: str
    """Of the embedding model; empty where there is none."""
    longest: tuple[Passage, ...]
    """As many chunks as are retrieved, none of them shorter than any other chunk."""
    documents: Mapping[str, Document] | None = None
    """By id, those that a passage without a text may stand for; None where each passage has its own."""


class Searching:
    """An index in this process: a step that computes."""

    name = NAME

    def __init__(self, asked: Asked, found: Found, search: Retriever) -> None:
        """Take an index that is ready."""
        self._asked = asked
        self._found = found
        self._search = search

    def __call__(self, draft: Draft) -> Draft:
        """Set the draft's passages, best first, and what was searched; no passage where nothing is found.

        Raises CallError where a passage has no text, and its document is not in the corpus.
        """
        found = self._search.search(self._asked.of(draft, self._found.model_key), self._asked.top_k)
        if self._found.documents is not None:
            found = with_texts(found, self._found.documents)
        return replace(draft, passages=tuple(found), index=self._found.index)

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest passages that any query could find."""
        return replace(draft, passages=self._found.longest)


class Fetching:
    """An index at a server: a step that calls."""

    name = NAME

    def __init__(self, asked: Asked, found: Found, endpoint: Endpoint) -> None:
        """Take the index as an endpoint."""
        self._asked = asked
        self._found = found
        self._endpoint = endpoint

    async def call(self, draft: Draft) -> Draft:
        """Set the draft's passages, best first."""
        query = self._asked.of(draft, self._found.model_key)
        request = Request(
            task="search",
            query=query.text,
            inputs={"query": query, "top_k": self._asked.top_k},
            fresh=draft.trial.fresh,
        )
        call = await self._endpoint.call(request, stage=self.name)
        return _with_call(
            replace(draft, index=self._found.index), call, self._asked.top_k, self._found.documents
        )

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest passages that any query could find."""
        return replace(draft, passages=self._found.longest)

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """Nothing that costs by the call."""
        del draft
        return ()


class Asking:
    """A retriever of the user's own: asked with the query, it tells documents."""

    name = NAME

    def __init__(
        self, asked: Asked, model: ModelSpec, endpoint: Endpoint, documents: Mapping[str, Document]
    ) -> None:
        """Take the service as an endpoint, and by id the documents that it may tell without their text."""
        self._asked = asked
        self._model = model
        self._endpoint = endpoint
        self._documents = documents

    async def call(self, draft: Draft) -> Draft:
        """Set the draft's passages, best first."""
        call = await self._endpoint.call(
            replace(self._request(draft), fresh=draft.trial.fresh), stage=self.name
        )
        return _with_call(draft, call, self._asked.top_k, self._documents)

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """The one call. How long its passages are is not known before."""
        return ((self._model, self._request(draft)),)

    def _request(self, draft: Draft) -> Request:
        query = self._asked.of(draft)
        where = {key: list(values) for key, values in query.where.items()}
        asked = {"query": query.text, "top_k": self._asked.top_k, "where": where}
        return Request(
            task="search",
            query=query.text,
            inputs={**draft.inputs, **asked},
            example_id=draft.trial.example_id,
            repeat=draft.trial.repeat,
        )


class StandIn:
    """A search that is not made, since its query would have to be embedded: for a look at what would be sent."""

    name = NAME

    def __init__(
        self, asked: Asked, *, longest: tuple[Passage, ...], indexing: tuple[ModelSpec, Sequence[str]]
    ) -> None:
        """Take the passages that there could be, and what an index would embed with which model."""
        self._asked = asked
        self._longest = longest
        self._indexing = indexing

    @property
    def index_asks(self) -> Sequence[tuple[ModelSpec, Request]]:
        """The calls that embed the chunks."""
        model, texts = self._indexing
        return [(model, request) for request in embedding_requests(texts)]

    def __call__(self, draft: Draft) -> Draft:
        """Say where the passages will stand."""
        self._asked.of(draft)  # a template that cannot be filled is known before anything is paid
        count = min(self._asked.top_k, len(self._longest))
        text = f"({count} passage{'' if count == 1 else 's'}, found when the query is embedded)"
        shown = Passage(doc="…", chunk=0, start=0, end=len(text), text=text, score=None, rank=1)
        return replace(draft, passages=(shown,))

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest passages that any query could find."""
        return replace(draft, passages=self._longest)


def with_texts(passages: Sequence[Passage], documents: Mapping[str, Document]) -> Sequence[Passage]:
    """Give passages without a text that of their whole document, once a document. CallError where there is none."""
    filled: list[Passage] = []
    whole: set[str] = set()
    for one in passages:
        if one.text.strip():
            filled.append(one)
        elif one.doc not in whole:
            whole.add(one.doc)
            filled.append(_whole(one, documents.get(one.doc)))
    return filled


def _whole(passage: Passage, document: Document | None) -> Passage:
    if document is None:
        message = f"document {quote(passage.doc)} came without text and is not in the corpus"
        raise CallError(type="bad_reply", message=message)
    return replace(
        passage,
        chunk=0,
        start=0,
        end=len(document.text),
        text=document.text,
        title=passage.title or document.title,
        meta=passage.meta or document.meta,
    )


def _with_call(draft: Draft, call: Call, top_k: int, documents: Mapping[str, Document] | None) -> Draft:
    """The draft with the call and the passages that it told; a failed call where one has a text nowhere."""
    if call.reply is not None:
        told = call.reply.retrieved[:top_k]
        passages: Sequence[Passage] = [passage_of(one, rank) for rank, one in enumerate(told, 1)]
        try:
            found = passages if documents is None else with_texts(passages, documents)
        except CallError as error:
            failed = {"type": error.type, "message": error.message, "status": error.status}
            call = replace(
                call, reply=None, ms=None, first_token_ms=None, cost_usd=None, sdk_ms=None, error=failed
            )
        else:
            draft = replace(draft, passages=tuple(found))
    return replace(draft, calls=(*draft.calls, call))


class Foreign:
    """A collection of the user's own, which nobody has read: for a look at what would be sent."""

    name = NAME

    def __init__(self, asked: Asked) -> None:
        """Take what would be asked. How long its passages are is not known, so there is no longest draft."""
        self._asked = asked

    def __call__(self, draft: Draft) -> Draft:
        """Say where the passages will stand."""
        self._asked.of(draft)
        text = f"(up to {self._asked.top_k} passages of the collection)"
        shown = Passage(doc="…", chunk=0, start=0, end=len(text), text=text, score=None, rank=1)
        return replace(draft, passages=(shown,))


def passage_of(told: Mapping[str, Any], rank: int) -> Passage:
    """A passage as a service or a store tells it: {doc, text?, score?, title?, chunk?, start?, end?, meta?}."""
    text = str(told.get("text") or "")
    score = told.get("score")
    return Passage(
        doc=str(told.get("doc", "")),
        chunk=int(told.get("chunk") or 0),
        start=int(told.get("start") or 0),
        end=int(told["end"]) if isinstance(told.get("end"), int) else len(text),
        text=text,
        score=float(score) if isinstance(score, int | float) else None,
        rank=rank,
        title=str(told.get("title") or ""),
        meta=told.get("meta") or {},
    )
