"""A kit to open stages with: plain data, and an endpoint that remembers what it was asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.types.call import Call, Reply, Request
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec, OutputSpec
from harness.types.trial import Draft, Trial


@dataclass
class Asked:
    """An endpoint that answers "yes" and keeps every request."""

    requests: list[tuple[str, Request]] = field(default_factory=list)

    async def call(self, request: Request, *, stage: str) -> Call:
        """Answer."""
        self.requests.append((stage, request))
        return Call(stage=stage, model="m", reply=Reply(text="yes"), attempts=(), ms=1.0, clock="client")


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

    def corpus(self, path: str) -> Sequence[Document]:
        """Another corpus."""
        return self.corpora[path]

    async def endpoint(self, model: ModelSpec | None = None) -> Asked:
        """The one model there is."""
        assert model is None
        return self.asked


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
