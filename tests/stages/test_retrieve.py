"""The retrieve stage: a corpus in, passages of it out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.errors import ConfigError, UsageError
from harness.stages.retrieve.options import Retrieve
from harness.types.evalset import Document
from harness.types.plugins import ComputeStage, StageOptions
from tests.stages.conftest import Kit, make_draft

CORPUS = (
    Document(
        id="returns", title="Returns", text="Goods may be sent back within 30 days. The refund takes 5 days."
    ),
    Document(
        id="shipping", title="Shipping", text="Parcels leave the warehouse within one day. Express is dearer."
    ),
    Document(id="warranty", title="Warranty", text="The kettle is covered for two years. The lamp for five."),
)


def opened(kit, **options):
    """Open the stage."""
    return asyncio.run(Retrieve(**options).open(kit))


def test_the_passages_are_of_the_corpus_and_ranked():
    """The best document comes first, and every passage is a stretch of its document."""
    stage = opened(Kit(documents=CORPUS), chunk={"tokens": 10, "overlap": 0})
    assert isinstance(Retrieve(), StageOptions)
    assert isinstance(stage, ComputeStage)
    passages = stage(make_draft({"q": "How many years is the lamp covered?"})).passages
    assert passages[0].doc == "warranty"
    texts = {document.id: document.text for document in CORPUS}
    assert all(texts[p.doc][p.start : p.end] == p.text for p in passages)
    assert [p.rank for p in passages] == list(range(1, len(passages) + 1))


def test_the_default_query_is_all_inputs_and_a_template_narrows_it():
    """Without `query` every input is searched for; with one, what it says."""
    inputs = {"subject": "lamp", "body": "parcel"}
    both = opened(Kit(documents=CORPUS))(make_draft(inputs)).passages
    one = opened(Kit(documents=CORPUS), query="{{ subject }}")(make_draft(inputs)).passages
    assert {p.doc for p in both} == {"warranty", "shipping"}
    assert {p.doc for p in one} == {"warranty"}
    with pytest.raises(
        ConfigError, match=r"retrieve.query: undefined variable 'subjet'; did you mean 'subject'"
    ):
        opened(Kit(documents=CORPUS), query="{{ subjet }}")(make_draft(inputs))


def test_nothing_found_is_no_passage():
    """A question that shares no word with the corpus gets no context rather than any."""
    stage = opened(Kit(documents=CORPUS))
    assert stage(make_draft({"q": "xyzzy"})).passages == ()
    assert stage(make_draft({"q": ""})).passages == ()


def test_another_corpus_may_be_named():
    """`corpus` is read in place of the evalset's."""
    kit = Kit(documents=CORPUS, corpora={"/c": (Document(id="x", text="the lamp"),)})
    assert [p.doc for p in opened(kit, corpus="/c")(make_draft({"q": "lamp"})).passages] == ["x"]


@pytest.mark.parametrize("documents", [(), (Document(id="x", text=" \n "),)])
def test_a_corpus_without_text_is_named_before_anything_is_paid(documents):
    """An empty corpus is the user's mistake, not a retrieval that finds nothing."""
    with pytest.raises(UsageError, match="no text in them to search"):
        opened(Kit(documents=documents))


def test_an_unknown_search_names_the_nearest():
    """A misspelt search is answered with the one that was meant."""
    with pytest.raises(UsageError, match="unknown search 'bm52'; did you mean 'bm25'"):
        opened(Kit(documents=CORPUS), search="bm52")


def test_chunks_may_be_measured_in_characters():
    """{characters: …} cuts by characters."""
    passages = opened(Kit(documents=CORPUS), chunk={"characters": 20, "overlap": 5})(
        make_draft({"q": "lamp five"})
    ).passages
    assert passages
    assert all(len(p.text) <= 20 for p in passages)


def test_threads_do_not_disturb_each_other():
    """The same questions from eight threads bring the same passages as one after the other."""
    stage = opened(Kit(documents=CORPUS))
    drafts = [make_draft({"q": q}) for q in ("lamp", "refund days", "express parcel", "nothing") * 50]
    alone = [stage(draft).passages for draft in drafts]
    with ThreadPoolExecutor(8) as threads:
        assert [draft.passages for draft in threads.map(stage, drafts)] == alone


def test_the_draft_says_what_was_searched():
    """Another document, chunking, depth or query is another index; the same ones are the same in every run."""

    def index(documents=CORPUS, **options):
        return opened(Kit(documents=documents), **options)(make_draft({"q": "lamp"})).index

    others = [
        index(CORPUS[:2]),
        index((*CORPUS[:2], replace(CORPUS[2], text=CORPUS[2].text + "!"))),
        index((*CORPUS[:2], replace(CORPUS[2], title="Guarantee"))),
        index(chunk={"tokens": 10, "overlap": 0}),
        index(chunk={"characters": 200, "overlap": 30}),
        index(top_k=7),
        index(query="{{ q }}"),
    ]
    assert len({index(), *others}) == 1 + len(others)
    assert index() == index(chunk={"overlap": 30, "tokens": 200})
