"""Search by meaning: the query embedded, an index that is built once, passages put in order, all through one endpoint."""

import asyncio
from dataclasses import replace

import pytest

from harness.errors import RunIncomplete, UsageError
from harness.stages.embed import Embed
from harness.stages.fewshot import FewShot
from harness.stages.rerank import Rerank
from harness.stages.retrieve.options import Retrieve
from harness.stages.rewrite import LONGEST_QUERY, Rewrite
from harness.types.call import Reply
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec
from harness.types.plugins import AskingStage, BoundedStage, ComputeStage, IndexingStage, NetworkStage
from harness.types.trial import Passage
from tests.stages.conftest import Asked, Failing, Kit, make_draft

EMBED = ModelSpec(name="e", provider="reference", model="reference-embed")
RERANK = ModelSpec(name="r", provider="reference", model="reference-rerank")
CORPUS = (
    Document(id="returns", text="Goods may be sent back within 30 days.", meta={"lang": "en"}),
    Document(id="shipping", text="Parcels leave the warehouse within one day.", meta={"lang": "en"}),
    Document(id="garantie", text="The kettle is covered for two years.", meta={"lang": "de"}),
)


def run(kit, draft, *options):
    """Open the stages and run the draft through them."""

    async def through():
        nonlocal draft
        for one in [await option.open(kit) for option in options]:
            draft = one(draft) if isinstance(one, ComputeStage) else await one.call(draft)
        return draft

    return asyncio.run(through())


def dense(**options):
    """The two stages of a dense search."""
    return Embed(model=EMBED), Retrieve(search="dense", embed=EMBED, **options)


def passages(count=4):
    """Passages as a search left them."""
    return tuple(
        Passage(doc=f"d{n}", chunk=0, start=0, end=6, text=f"text {n}", score=1.0 - n / 10, rank=n + 1)
        for n in range(count)
    )


def test_the_nearest_come_first_by_the_query_that_was_embedded():
    """One call for the query; the corpus was embedded before, apart from every trial."""
    kit = Kit(documents=CORPUS)
    draft = run(kit, make_draft({"q": "How long is the kettle covered?"}), *dense(top_k=2))
    assert next(p.doc for p in draft.passages) == "garantie"
    assert [p.rank for p in draft.passages] == [1, 2]
    assert [call.stage for call in draft.calls] == ["embed"]
    assert [stage for stage, _ in kit.asked.requests] == ["index", "embed"]
    assert draft.index


def test_a_query_is_asked_for_in_every_trial_and_once_in_each():
    """Two searches of one text with one model share its vector; a fresh trial is asked freshly."""
    kit = Kit(documents=CORPUS, train=(Example(id="t", inputs={"q": "the kettle"}, expected="x"),))
    draft = make_draft({"q": "kettle"})
    draft = replace(draft, trial=replace(draft.trial, fresh=True))
    done = run(kit, draft, Embed(model=EMBED), FewShot(k=1, embed=EMBED), *dense())
    assert [call.stage for call in done.calls] == ["embed"]
    assert [request.fresh for stage, request in kit.asked.requests if stage == "embed"] == [True]
    assert [shot.id for shot in done.shots] == ["t"]


def test_an_index_is_built_once_and_embeds_only_what_is_new():
    """Variants share it; a second run finds every embedding kept; of a changed document only its own chunk is asked."""
    kit = Kit(documents=CORPUS)
    run(kit, make_draft({"q": "kettle"}), *dense(), *dense(), *dense(top_k=1))
    assert [stage for stage, _ in kit.asked.requests].count("index") == 1
    first = kit.told[0]
    assert (first.chunks, first.embedded, first.kept, first.calls) == (3, 3, 0, 1)
    assert (first.cost_usd, first.input_tokens) == (0.5, 3)
    again = Kit(documents=CORPUS, kept=kit.kept)
    run(again, make_draft({"q": "kettle"}), *dense())
    assert (again.told[0].embedded, again.told[0].kept, again.told[0].cost_usd) == (0, 3, 0)
    assert again.told[0].index == first.index
    changed = Kit(documents=(*CORPUS[:2], replace(CORPUS[2], text="The lamp.")), kept=kit.kept)
    run(changed, make_draft({"q": "lamp"}), *dense())
    assert [r.texts for stage, r in changed.asked.requests if stage == "index"] == [("The lamp.",)]
    assert changed.told[0].index != first.index


def test_an_endpoint_that_is_down_leaves_the_run_undecided():
    """Exit 3, in one line that names the model and what it said."""
    with pytest.raises(RunIncomplete, match="the index cannot be built: m: connection: refused"):
        run(Kit(documents=CORPUS, asked=Failing()), make_draft({"q": "x"}), *dense())


def test_a_hybrid_search_finds_what_either_side_finds():
    """A word that no meaning is near to, and a meaning without the word."""
    kit = Kit(documents=CORPUS)
    options = (Embed(model=EMBED), Retrieve(search="hybrid", embed=EMBED, top_k=3))
    draft = run(kit, make_draft({"q": "parcels"}), *options)
    assert draft.passages[0].doc == "shipping"
    assert len(draft.passages) == 3
    weighted = {"fuse": "weighted", "weights": {"bm25": 1.0, "dense": 0.0}}
    options = (Embed(model=EMBED), Retrieve(search="hybrid", embed=EMBED, tuning=weighted))
    assert [p.score for p in run(kit, make_draft({"q": "parcels"}), *options).passages] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("search", ["bm25", "dense", "hybrid"])
def test_a_condition_holds_for_every_search(search):
    """Documents of another language are never found; the value may come from the example."""
    kit = Kit(documents=CORPUS)
    embed = EMBED if search != "bm25" else None
    steps = [Embed(model=EMBED)] * (embed is not None)
    retrieve = Retrieve(search=search, embed=embed, where={"lang": "{{ lang }}"}, query="{{ q }}")
    steps = [replace(step, query="{{ q }}") for step in steps]
    draft = run(kit, make_draft({"q": "the kettle within one day", "lang": "de"}), *steps, retrieve)
    assert {p.doc for p in draft.passages} == {"garantie"}


def test_what_a_look_at_the_config_shows_is_sent_nowhere():
    """Offline a dense search says where its passages will stand, and what it would embed; nothing is asked."""
    kit = Kit(documents=CORPUS, offline=True)

    async def opened():
        return await Retrieve(search="dense", embed=EMBED, top_k=2).open(kit)

    stage = asyncio.run(opened())
    assert isinstance(stage, ComputeStage)
    assert isinstance(stage, BoundedStage)
    assert isinstance(stage, IndexingStage)
    shown = stage(make_draft({"q": "x"})).passages
    assert "2 passages" in shown[0].text
    assert len(stage.longest(make_draft({"q": "x"})).passages) == 2
    assert [request.texts for _, request in stage.index_asks] == [tuple(d.text for d in CORPUS)]
    assert kit.asked.requests == []


def test_passages_are_put_in_order_and_cut():
    """What is cut stays, as not used; the query is the example's; ranks and scores are the reranker's."""
    kit = Kit()
    draft = run(kit, make_draft({"q": "x"}, passages=passages()), Rerank(model=RERANK, top_n=2))
    assert [(p.doc, p.rank, p.used, p.score) for p in draft.passages] == [
        ("d3", 1, True, 4.0), ("d2", 2, True, 3.0), ("d1", 3, False, 2.0), ("d0", 4, False, 1.0),
    ]  # fmt: skip
    ((stage, request),) = kit.asked.requests
    assert (stage, request.task, request.query, len(request.texts)) == ("rerank", "rerank", "x", 4)


def test_nothing_found_is_nothing_asked():
    """A reranker without passages costs nothing."""
    kit = Kit()
    assert run(kit, make_draft({"q": "x"}), Rerank(model=RERANK)).calls == ()
    assert kit.asked.requests == []


@pytest.mark.parametrize(
    ("answer", "order"),
    [
        ("[3, 1]", [2, 0, 1, 3]),
        ("The order is [4, 3, 2, 1].", [3, 2, 1, 0]),
        ("[2] > [1]", [1, 0, 2, 3]),
        ("2, 2, 9, 1", [1, 0, 2, 3]),
    ],
)
def test_a_chat_model_may_rank_by_a_prompt(answer, order):
    """Whatever it says, every passage is there once; those that it leaves out keep their order, and none has a score."""
    kit = Kit(asked=Asked(says=Reply(text=answer)))
    chat = ModelSpec(name="c", provider="openai", model="gpt")
    draft = run(kit, make_draft({"q": "x"}, passages=passages()), Rerank(model=chat, by="prompt", top_n=1))
    assert [p.doc for p in draft.passages] == [f"d{n}" for n in order]
    assert [p.used for p in draft.passages] == [True, False, False, False]
    assert {p.score for p in draft.passages} == {None}
    assert "[1]\ntext 0" in kit.asked.requests[0][1].messages[1].content


@pytest.mark.parametrize("answer", ["I cannot", "", "There are 2 of them", "[]", "[9]"])
def test_what_is_no_order_fails_the_trial(answer):
    """The search's own order is not passed off as the reranker's."""
    chat = ModelSpec(name="c", provider="openai", model="gpt")
    with pytest.raises(ValueError, match="names no order"):
        run(
            Kit(asked=Asked(says=Reply(text=answer))),
            make_draft({"q": "x"}, passages=passages()),
            Rerank(model=chat, by="prompt"),
        )


def test_a_vector_of_zeros_finds_nothing():
    """It is as near to every chunk as to any other: the first ones by id are no find. The words still count."""
    zeros = Asked(says=Reply(text="", vectors=((0.0, 0.0),) * 3))
    kit = Kit(documents=CORPUS, asked=zeros)
    assert run(kit, make_draft({"q": "kettle"}), *dense()).passages == ()
    hybrid = (Embed(model=EMBED), Retrieve(search="hybrid", embed=EMBED))
    assert [p.doc for p in run(kit, make_draft({"q": "kettle"}), *hybrid).passages] == ["garantie"]


def test_a_condition_keeps_the_kind_of_an_input():
    """A number of the example is looked for as a number, a text as a text."""
    rows = tuple(replace(one, meta={"year": 2020 + n}) for n, one in enumerate(CORPUS))
    retrieve = Retrieve(where={"year": "{{ year }}"}, query="{{ q }}")
    draft = run(Kit(documents=rows), make_draft({"q": "the kettle parcels goods", "year": 2022}), retrieve)
    assert {passage.doc for passage in draft.passages} == {"garantie"}


def test_a_model_that_has_no_such_endpoint_is_refused_before_anything():
    """Anthropic neither embeds nor ranks: one line, with those that do."""
    claude = ModelSpec(name="c", provider="anthropic", model="claude", where="x.yaml:3")
    with pytest.raises(UsageError, match=r"x.yaml:3: model 'c' cannot rerank.*litellm"):
        run(Kit(), make_draft({"q": "x"}), Rerank(model=claude))
    with pytest.raises(UsageError, match=r"x.yaml:3: model 'c' cannot embed.*openai"):
        run(Kit(), make_draft({"q": "x"}), Embed(model=claude))


def test_a_rewritten_query_is_what_is_searched_for():
    """The model's words go to the embedding, the search and the reranker; what it says beyond bounds is cut."""
    kit = Kit(documents=CORPUS, asked=Asked())
    chat = ModelSpec(name="c", provider="openai", model="gpt")

    class Rewriter(Asked):
        async def call(self, request, *, stage):
            self.says = Reply(text="  kettle\ncovered ") if stage == "rewrite" else None
            return await super().call(request, stage=stage)

    kit = Kit(documents=CORPUS, asked=Rewriter())
    draft = run(
        kit,
        make_draft({"q": "it broke!!"}),
        Rewrite(model=chat),
        Embed(model=EMBED, rewritten=True),
        Retrieve(search="dense", embed=EMBED, rewritten=True, top_k=1),
        Rerank(model=RERANK, rewritten=True),
    )
    assert draft.rewritten == "kettle covered"
    assert [p.doc for p in draft.passages] == ["garantie"]
    asked = dict(kit.asked.requests)
    assert asked["embed"].texts == ("kettle covered",)
    assert asked["rerank"].query == "kettle covered"
    long = run(Kit(asked=Asked(says=Reply(text="x" * 9_999))), make_draft({"q": "y"}), Rewrite(model=chat))
    assert len(long.rewritten) == LONGEST_QUERY


def test_every_step_that_calls_says_beforehand_what_it_will_ask():
    """So that a cost has an upper bound."""
    kit = Kit(documents=CORPUS)

    async def opened():
        made = (Rewrite(model=RERANK), Embed(model=EMBED), Rerank(model=RERANK, top_n=2))
        return [await one.open(kit) for one in made]

    draft = make_draft({"q": "x"}, passages=passages())
    for stage in asyncio.run(opened()):
        assert isinstance(stage, NetworkStage)
        assert isinstance(stage, AskingStage)
        assert isinstance(stage, BoundedStage)
        assert len(stage.asks(draft)) == 1
    assert len(stage.longest(draft).passages) == 2


def test_a_collection_of_ones_own_is_asked_with_the_vector_as_it_came():
    """Its distance may read the length; the same text embedded for the harness's own store is another vector."""
    kit = Kit(asked=Asked(says=Reply(text="", vectors=((3.0, 4.0),))))
    draft = run(kit, make_draft({"q": "kettle"}), Embed(model=EMBED, as_it_is=True), Embed(model=EMBED))
    assert sorted(map(tuple, draft.vectors.values())) == [pytest.approx((0.6, 0.8)), (3.0, 4.0)]
    assert len(draft.calls) == 2
