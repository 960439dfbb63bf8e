"""Passages that a retriever or a collection of the user's own tells without their text."""

import asyncio
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from harness.errors import CallError
from harness.stages.retrieve.options import Retrieve
from harness.types.call import Reply
from harness.types.evalset import Document
from harness.types.experiment import ModelSpec
from harness.types.trial import Passage
from tests.stages.conftest import Asked, Kit, make_draft

CORPUS = (
    Document(id="returns", title="Returns", text="Goods may be sent back.", meta={"lang": "en"}),
    Document(id="shipping", text="Parcels leave within one day."),
    Document(id="empty", text=" \n"),
)
MINE = ModelSpec(name="retriever", provider="python", model="mine:search")
EMBED = ModelSpec(name="e", provider="reference", model="reference-embed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A store with a collection of the user's, which holds no texts."""

    collection: str
    blocks: bool
    owned: ClassVar[bool] = False

    def open(self, kit):
        """Itself."""
        return self

    def search(self, query, top_k):
        """The documents that the collection's name names."""
        return [bare(doc, rank) for rank, doc in enumerate(self.collection.split(), 1)][:top_k]

    def close(self):
        """Nothing is open."""


def bare(doc, rank):
    """A passage without a text."""
    return Passage(doc=doc, chunk=rank, start=0, end=0, text="", score=1 / rank, rank=rank)


def told(*retrieved, documents=CORPUS, **options):
    """The draft behind a retriever of the user's own that tells this."""
    kit = Kit(
        documents=documents, asked=Asked(says=Reply(text="", retrieved=retrieved)), corpora={"/c": CORPUS}
    )
    stage = asyncio.run(Retrieve(service=MINE, **options).open(kit))
    return asyncio.run(stage.call(make_draft({"q": "x"})))


def collected(docs, *, blocks):
    """The draft behind a collection of the user's own."""
    store = {"kind": f"{__name__}:Own", "collection": docs, "blocks": blocks}

    async def through():
        stage = await Retrieve(search="dense", embed=EMBED, store=store).open(Kit(documents=CORPUS))
        draft = make_draft({"q": "x"})
        return await stage.call(draft) if blocks else stage(draft)

    return asyncio.run(through())


@pytest.mark.parametrize("options", [{}, {"documents": (), "corpus": "/c"}])
def test_a_document_without_text_has_that_of_the_corpus(options):
    """Whole, with its title; a text that was told stays; the corpus is the variant's, or the evalset's."""
    draft = told({"doc": "returns", "score": 2.0}, {"doc": "mine", "text": "My own."}, **options)
    first, second = draft.passages
    assert (first.text, first.title, first.meta) == ("Goods may be sent back.", "Returns", {"lang": "en"})
    assert (first.start, first.end, first.score, first.rank) == (0, len(first.text), 2.0, 1)
    assert (second.doc, second.text) == ("mine", "My own.")


def test_a_document_that_was_told_twice_stands_once():
    """Two hits in one document would put it whole into the prompt twice."""
    draft = told({"doc": "returns"}, {"doc": "shipping", "text": ""}, {"doc": "returns"})
    assert [(one.doc, one.rank) for one in draft.passages] == [("returns", 1), ("shipping", 2)]


@pytest.mark.parametrize("doc", ["gone", "empty"])
def test_a_document_whose_text_nobody_has_fails_the_call(doc):
    """By name, and never as an empty passage; what the call took from the run is still known."""
    draft = told({"doc": "returns"}, {"doc": doc})
    (call,) = draft.calls
    assert draft.passages == ()
    assert (call.reply, call.ms, call.cost_usd) == (None, None, None)
    assert call.error == {
        "type": "bad_reply",
        "message": f'document "{doc}" came without text and is not in the corpus',
        "status": None,
    }


def test_only_what_is_asked_for_must_have_a_text():
    """What a service tells beyond top_k is not looked at."""
    assert [one.doc for one in told({"doc": "returns"}, {"doc": "gone"}, top_k=1).passages] == ["returns"]


@pytest.mark.parametrize("blocks", [False, True])
def test_a_collection_without_texts_is_read_with_the_corpus(blocks):
    """At a server and in this process."""
    draft = collected("shipping returns shipping", blocks=blocks)
    assert [one.text for one in draft.passages] == [CORPUS[1].text, CORPUS[0].text]
    assert draft.index


def test_a_collection_whose_document_is_nowhere_fails():
    """At a server the call fails; in this process the step does, and with it the trial."""
    draft = collected("returns gone", blocks=True)
    assert draft.calls[0].error["type"] == "bad_reply"
    assert draft.passages == ()
    with pytest.raises(CallError, match='document "gone" came without text'):
        collected("gone", blocks=False)


def test_a_service_that_is_down_is_still_that():
    """Its own error stays."""

    class Down(Asked):
        async def call(self, request, *, stage):
            call = await super().call(request, stage=stage)
            return replace(call, reply=None, error={"type": "connection", "message": "no", "status": None})

    stage = asyncio.run(Retrieve(service=MINE).open(Kit(asked=Down())))
    assert asyncio.run(stage.call(make_draft({"q": "x"}))).calls[0].error["type"] == "connection"
