"""A kit to open stages with: plain data, and an endpoint that remembers what it was asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.calls.searching import Search, search_model
from harness.reference.embed import embed
from harness.types.call import Call, Reply, Request, Usage
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec, OutputSpec
from harness.types.search import IndexReport
from harness.types.trial import Draft, Trial


@dataclass
class Asked:
    """An endpoint that answers "yes", embeds by hashed n-grams, ranks in reverse, and keeps every request."""

    requests: list[tuple[str, Request]] = field(default_factory=list)
    key: str = "k"
    says: Reply | None = None
    """Said instead; a reply without text and vectors means that the call fails."""

    async def call(self, request: Request, *, stage: str) -> Call:
        """Answer."""
        self.requests.append((stage, request))
        if self.says is not None:
            return Call(stage=stage, model="m", reply=self.says, attempts=(), ms=1.0, clock="client")
        usage = Usage(input_tokens=len(request.texts), output_tokens=0)
        told: dict[str, Any] = {"text": "yes"}
        if request.task == "embed":
            told = {
                "text": "",
                "usage": usage,
                "vectors": tuple(tuple(embed(text)) for text in request.texts),
            }
        if request.task == "rerank":
            places = range(len(request.texts))
            told = {"text": "", "ranking": tuple((place, 1.0 + place) for place in reversed(places))}
        reply = Reply(**told)
        spent = {"cost_usd": 0.5, "spent_usd": 0.5, "spent_at_most_usd": 0.5}
        return Call(stage=stage, model="m", reply=reply, attempts=(), ms=1.0, clock="client", **spent)


class Failing(Asked):
    """An endpoint that is down."""

    async def call(self, request: Request, *, stage: str) -> Call:
        """Fail."""
        self.requests.append((stage, request))
        error = {"type": "connection", "message": "refused", "status": None}
        return Call(stage=stage, model="m", reply=None, attempts=(), ms=None, clock="client", error=error)


class KeptHere(dict[str, bytes]):
    """Embeddings kept in memory."""

    async def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:  # type: ignore[override]
        """Find."""
        return {key: self[key] for key in keys if key in self}

    def put(self, kept: Mapping[str, bytes]) -> None:
        """Keep."""
        self.update(kept)


@dataclass(frozen=True)
class StoreKit:
    """What a store is given."""

    name: str
    home: Path | None = None
    timeout_s: float = 5.0
    searches: int = 4

    def secret(self, variable: str) -> str | None:
        """No variable is set."""
        return None


@dataclass
class Kit:
    """What the pipeline hands a stage."""

    seed: int = 7
    train: Sequence[Example] = ()
    documents: Sequence[Document] = ()
    output: OutputSpec = field(default_factory=OutputSpec)
    tools: Sequence[Mapping[str, Any]] = ()
    corpora: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    offline: bool = False
    corpus_name: str = "c"
    kept: KeptHere = field(default_factory=KeptHere)
    home: Path | None = None
    told: list[IndexReport] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)

    def corpus(self, path: str) -> Sequence[Document]:
        """Another corpus."""
        return self.corpora[path]

    async def endpoint(self, model: ModelSpec | None = None) -> Asked:
        """The one model there is."""
        return self.asked

    async def share(self, key: str, start: Callable[[], Any]) -> Any:
        """Start once."""
        if key not in self.shared:
            self.shared[key] = await start()
        return self.shared[key]

    def searching(self, name: str, search: Any) -> LiveEndpoint:
        """A search at a server."""
        return LiveEndpoint(Search(name, search), search_model(name), Policy(timeout_s=5, retries=0))

    def store_kit(self, name: str) -> StoreKit:
        """What a store is given."""
        return StoreKit(name, self.home)

    def stopping(self) -> bool:
        """Never."""
        return False

    def hear(self, said: str) -> None:
        """Note what a person would be told."""
        self.heard.append(said)

    def tell(self, report: IndexReport) -> None:
        """Note what an index took."""
        self.told.append(report)


def make_draft(inputs: Mapping[str, Any], *, example_id: str = "g-1", **parts: Any) -> Draft:
    """Write a draft of variant v on golden."""
    trial = Trial(variant="v", partition="golden", example_id=example_id)
    return Draft(trial=trial, inputs=inputs, seed=11, **parts)


@pytest.fixture(name="make_kit")
def _make_kit() -> Callable[..., Kit]:
    return Kit


@pytest.fixture(name="draft")
def _draft() -> Callable[..., Draft]:
    return make_draft
