"""The stage that hands each example the documents that hold its answer: what a perfect search would have found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.types.evalset import Document
from harness.types.plugins import StageKit
from harness.types.trial import Draft, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """Whole documents, in the order in which the example names them.

    What is relevant lies in these options and in nothing that travels: no other stage can read it.
    """

    relevant: Mapping[str, Sequence[str]]
    """Example → ids of its documents. An example that is not in it gets none; a document that is not there is left out."""
    corpus: str | None = None
    """Absolute path; None: the evalset's corpus."""

    async def open(self, kit: StageKit) -> "_Telling":
        """Read the corpus, and keep of it what is relevant to some example."""
        documents = kit.documents if self.corpus is None else kit.corpus(self.corpus)
        wanted = {doc for ids in self.relevant.values() for doc in ids}
        return _Telling(self.relevant, {one.id: one for one in documents if one.id in wanted})


class _Telling:
    name = "oracle"

    def __init__(self, relevant: Mapping[str, Sequence[str]], documents: Mapping[str, Document]) -> None:
        self._relevant = relevant
        self._documents = documents

    def __call__(self, draft: Draft) -> Draft:
        """Set the draft's passages to the example's documents, all of them used."""
        ids = dict.fromkeys(self._relevant.get(draft.trial.example_id, ()))
        found = [self._documents[doc] for doc in ids if doc in self._documents]
        return replace(draft, passages=tuple(_passage(one, rank) for rank, one in enumerate(found, 1)))

    def longest(self, draft: Draft) -> Draft:
        """What it adds follows from the example alone."""
        return self(draft)


def _passage(document: Document, rank: int) -> Passage:
    return Passage(
        doc=document.id,
        chunk=0,
        start=0,
        end=len(document.text),
        text=document.text,
        score=None,
        rank=rank,
        title=document.title,
        meta=document.meta,
    )
