"""Reranking keeps what the search itself thought of each passage."""

import asyncio
from dataclasses import replace

from harness.stages.rerank import Rerank
from harness.types.experiment import ModelSpec
from harness.types.trial import Passage

MODEL = ModelSpec(name="r", provider="reference", model="reference-rerank")


def passage(doc: str, rank: int, **parts) -> Passage:
    """One of several found."""
    return Passage(
        **(
            {"doc": doc, "chunk": 0, "start": 0, "end": 1, "text": doc, "score": 1 / rank, "rank": rank}
            | parts
        )
    )


def reranked(kit, draft, top_n: int = 2):
    """The passages behind a reranker that turns their order round."""
    stage = asyncio.run(Rerank(model=MODEL, top_n=top_n).open(kit))
    return replace(draft, passages=asyncio.run(stage.call(draft)).passages)


def order(draft) -> list[tuple[object, ...]]:
    """Document, rank, the search's own rank, and whether it is used."""
    return [(one.doc, one.rank, one.found_rank, one.used) for one in draft.passages]


def test_both_ranks_and_scores_stand_side_by_side(make_kit, draft):
    """Rank and score are the reranker's; the search's own are kept beside them, for what is cut too."""
    found = draft({"q": "x"}, passages=tuple(passage(doc, rank) for rank, doc in enumerate("abc", 1)))
    done = reranked(make_kit(), found)
    assert order(done) == [("c", 1, 3, True), ("b", 2, 2, True), ("a", 3, 1, False)]
    assert [one.found_score for one in done.passages] == [1 / 3, 1 / 2, 1.0]


def test_reranked_twice_the_search_is_still_the_first(make_kit, draft):
    """A second reranker sees what the first one kept, and loses neither its cut nor the search's order."""
    found = draft({"q": "x"}, passages=tuple(passage(doc, rank) for rank, doc in enumerate("abc", 1)))
    done = reranked(make_kit(), reranked(make_kit(), found), top_n=1)
    assert order(done) == [("b", 1, 2, True), ("c", 2, 3, False), ("a", 3, 1, False)]


def test_where_nothing_is_put_in_order_nothing_is_claimed(make_kit, draft):
    """Passages that no reranker has seen say nothing of another rank."""
    assert passage("a", 1).found_rank is None
    assert reranked(make_kit(), draft({"q": "x"})).passages == ()
