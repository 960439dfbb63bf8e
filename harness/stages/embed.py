"""The stage that embeds the query: one call, unless a step before it has embedded the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.calls.embedding import unit, vector_key
from harness.registry import require_task
from harness.text import templates
from harness.text.queries import query_template, query_text
from harness.types.call import Request
from harness.types.experiment import ModelSpec
from harness.types.plugins import Endpoint, StageKit
from harness.types.trial import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Makes a vector of what a later step searches for."""

    model: ModelSpec
    query: str | None = None
    """A template over the inputs; None: the text of all inputs."""
    rewritten: bool = False
    """True where a model has rewritten the query before."""
    as_it_is: bool = False
    """True for a collection of the user's own, whose distance may read a vector's length; else it is made 1."""

    async def open(self, kit: StageKit) -> "_Embedding":
        """Open the model. UsageError where its provider embeds nothing."""
        require_task(self.model, "embed")
        return _Embedding(self, await kit.endpoint(self.model), query_template(self.query))


class _Embedding:
    name = "embed"

    def __init__(self, how: Embed, endpoint: Endpoint, query: templates.Template | None) -> None:
        self._how = how
        self._endpoint = endpoint
        self._query = query

    async def call(self, draft: Draft) -> Draft:
        """Add the vector of the query. It is asked for in every live trial, as it would be in production."""
        text = query_text(draft, self._query, rewritten=self._how.rewritten)
        place = (vector_key(self._endpoint.key, as_it_is=self._how.as_it_is), text)
        if place in draft.vectors:
            return draft
        call = await self._endpoint.call(
            Request(task="embed", texts=(text,), side="query", fresh=draft.trial.fresh), stage=self.name
        )
        draft = replace(draft, calls=(*draft.calls, call))
        if call.reply is None:
            return draft
        told = call.reply.vectors[0]
        vector = list(told) if self._how.as_it_is else unit(told).tolist()
        return replace(draft, vectors={**draft.vectors, place: vector})

    def longest(self, draft: Draft) -> Draft:
        """It writes nothing that is sent on."""
        return draft

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """The query, once."""
        text = query_text(draft, self._query, rewritten=self._how.rewritten)
        return ((self._how.model, Request(task="embed", texts=(text,), side="query")),)
