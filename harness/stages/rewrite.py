"""The stage that has a model rewrite the query before anything is searched: a call with a time and a price of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.text import templates
from harness.text.queries import query_template, query_text
from harness.types.call import Message, Request
from harness.types.experiment import ModelSpec
from harness.types.plugins import Endpoint, StageKit
from harness.types.trial import Draft

LONGEST_QUERY = 2_000
"""Characters of a rewritten query; what a model writes beyond them is no query."""

ASKED = (
    "Rewrite the text below as one search query for a document collection: name the subject and the terms that an "
    "answering document would use, leave out greetings and side remarks, and do not answer it. Reply with the query "
    "alone, on one line."
)
"""The system message where the config gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Asks a model for a better query."""

    model: ModelSpec
    prompt: str | None = None
    """The system message; None: ASKED."""
    query: str | None = None
    """A template of what is rewritten; None: the text of all inputs."""

    async def open(self, kit: StageKit) -> "_Rewriting":
        """Open the model."""
        return _Rewriting(self, await kit.endpoint(self.model), query_template(self.query))


class _Rewriting:
    name = "rewrite"

    def __init__(self, how: Rewrite, endpoint: Endpoint, query: templates.Template | None) -> None:
        self._how = how
        self._endpoint = endpoint
        self._query = query

    async def call(self, draft: Draft) -> Draft:
        """Set the rewritten query; an empty answer leaves the query as it was."""
        request = replace(
            self._request(draft), seed=draft.seed, repeat=draft.trial.repeat, fresh=draft.trial.fresh
        )
        call = await self._endpoint.call(request, stage=self.name)
        draft = replace(draft, calls=(*draft.calls, call))
        if call.reply is None:
            return draft
        return replace(draft, rewritten=" ".join(call.reply.text.split())[:LONGEST_QUERY])

    def longest(self, draft: Draft) -> Draft:
        """The draft with the longest query that may come of it, in characters of the most bytes."""
        return replace(draft, rewritten="\U0001f600" * LONGEST_QUERY)

    def asks(self, draft: Draft) -> Sequence[tuple[ModelSpec, Request]]:
        """The one call."""
        return ((self._how.model, self._request(draft)),)

    def _request(self, draft: Draft) -> Request:
        asked = Message(role="system", content=self._how.prompt or ASKED)
        text = Message(role="user", content=query_text(draft, self._query))
        return Request(messages=(asked, text))
