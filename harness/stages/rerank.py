"""The stage that puts retrieved passages in a better order, and keeps the first of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Literal

from harness.registry import require_task
from harness.text import templates
from harness.text.chunks import searched_text
from harness.text.queries import query_template, query_text
from harness.text.ranking import ranked_places, ranking_messages
from harness.types.call import Call, Request
from harness.types.experiment import ModelSpec
from harness.types.plugins import Endpoint, StageKit
from harness.types.trial import Draft, Passage

How = Literal["rerank", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerank:
    """Asks a model how well each passage answers the query. What it cuts stays in the record, as not used."""

    model: ModelSpec
    top_n: int = 4
    by: Literal["endpoint", "prompt"] = "endpoint"
    """endpoint: the provider's rerank endpoint. prompt: a chat model is shown the passages and names their order."""
    query: str | None = None
    """A template over the inputs; None: the text of all inputs."""
    rewritten: bool = False
    """True where a model has rewritten the query before."""

    async def open(self, kit: StageKit) -> "_Reranking":
        """Open the model. UsageError where its provider cannot be asked so."""
        require_task(self.model, "rerank" if self.by == "endpoint" else "answer")
        return _Reranking(self, await kit.endpoint(self.model), query_template(self.query))


class _Reranking:
    name = "rerank"

    def __init__(self, how: Rerank, endpoint: Endpoint, query: templates.Template | None) -> None:
        self._how = how
        self._endpoint = endpoint
        self._query = query

    async def call(self, draft: Draft) -> Draft:
        """Put the passages in order and cut after `top_n`. Where nothing was found, nothing is asked."""
        asked = [passage for passage in draft.passages if passage.used]
        if not asked:
            return draft
        request = replace(
            self._request(draft, asked), fresh=draft.trial.fresh, repeat=draft.trial.repeat, seed=draft.seed
        )
        call = await self._endpoint.call(request, stage=self.name)
        draft = replace(draft, calls=(*draft.calls, call))
        if call.reply is None:
            return draft
        order = (
            _order(call, len(asked))
            if self._how.by == "endpoint"
            else ranked_places(call.reply.text, len(asked))
        )
        cut_before = [passage for passage in draft.passages if not passage.used]
        return replace(draft, passages=(*_cut(asked, order, self._how.top_n), *cut_before))

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest passages that it could keep."""
        kept = nlargest(self._how.top_n, draft.passages, key=lambda passage: len(passage.text.encode()))
        return replace(draft, passages=tuple(kept))

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """All passages, once."""
        return ((self._how.model, self._request(draft, draft.passages)),) if draft.passages else ()

    def _request(self, draft: Draft, passages: Sequence[Passage]) -> Request:
        text = query_text(draft, self._query, rewritten=self._how.rewritten)
        texts = tuple(searched_text(passage) for passage in passages)
        if self._how.by == "endpoint":
            return Request(task="rerank", query=text, texts=texts)
        return Request(messages=ranking_messages(text, texts))


def _order(call: Call, count: int) -> Mapping[int, float | None]:
    """Place → score, best first; what the endpoint left out follows in the order that it had."""
    assert call.reply is not None
    told: dict[int, float | None] = dict(call.reply.ranking)
    return {**told, **{place: None for place in range(count) if place not in told}}


def _cut(passages: Sequence[Passage], order: Mapping[int, float | None], top_n: int) -> Sequence[Passage]:
    """The passages in their new order, a new rank and score each; those past `top_n` are not used.

    What the search itself thought of each stays beside it, however often they are put in a new order.
    """
    found = [
        replace(one, found_rank=one.rank, found_score=one.score) if one.found_rank is None else one
        for one in passages
    ]
    return [
        replace(found[place], rank=rank, score=score, used=rank <= top_n)
        for rank, (place, score) in enumerate(order.items(), 1)
    ]
