"""Many texts made vectors: batched, each once, kept, and every failure told."""

import asyncio
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.calls.embedding import (
    MOST_CHARACTERS,
    MOST_TEXTS,
    Account,
    embed_texts,
    embedding_requests,
    unit,
)
from harness.errors import RunIncomplete
from harness.types.call import Reply
from tests.stages.conftest import Asked, Failing, KeptHere


def embedded(texts, *, endpoint=None, kept=None):
    """Embed."""
    endpoint = Asked() if endpoint is None else endpoint
    account = Account()
    vectors = asyncio.run(embed_texts(endpoint, texts, KeptHere() if kept is None else kept, account))
    told = SimpleNamespace(vectors=vectors, told=account.told, embedded=account.embedded, kept=account.kept)
    return told, [len(request.texts) for _, request in endpoint.requests]


def test_texts_go_in_batches_and_come_back_in_order():
    """At most 96 a call; the vector of each text stands in its row, at length 1."""
    texts = [f"text number {n}" for n in range(200)]
    told, sizes = embedded(texts)
    assert sorted(sizes) == [8, MOST_TEXTS, MOST_TEXTS]
    one, _ = embedded(texts[150:151])
    assert told.vectors[150] == pytest.approx(one.vectors[0])
    assert np.linalg.norm(told.vectors, axis=1) == pytest.approx(1.0)


def test_the_same_text_is_paid_for_once():
    """Twice in one corpus, or again in a later run."""
    kept = KeptHere()
    told, sizes = embedded(["a", "b", "a"], kept=kept)
    assert (sizes, told.embedded, told.kept) == ([2], 2, 1)
    assert told.vectors[0] == pytest.approx(told.vectors[2])
    told, sizes = embedded(["b", "c"], kept=kept)
    assert (sizes, told.embedded, told.kept) == ([1], 1, 1)


def test_nothing_to_embed_asks_nothing():
    """An empty corpus, and one that is kept whole."""
    assert embedded([])[1] == []


@given(st.lists(st.integers(1, 3 * MOST_CHARACTERS // 2), max_size=30))
def test_no_batch_is_over_its_bounds_but_a_single_text(sizes):
    """Every text is in one batch; a batch is over the characters only where one text alone is."""
    requests = embedding_requests(["x" * size for size in sizes])
    assert [len(text) for request in requests for text in request.texts] == sizes
    for request in requests:
        assert len(request.texts) <= MOST_TEXTS
        assert sum(map(len, request.texts)) <= MOST_CHARACTERS or len(request.texts) == 1


def test_what_came_before_a_failure_is_kept():
    """The second of two batches fails: the run ends in one line, and a later one asks only for the rest."""

    class Half(Asked):
        async def call(self, request, *, stage):
            if len(self.requests) == 1:
                return await Failing.call(self, request, stage=stage)
            return await super().call(request, stage=stage)

    kept = KeptHere()
    with pytest.raises(RunIncomplete, match="connection: refused"):
        embedded([f"t{n}" for n in range(2 * MOST_TEXTS)], endpoint=Half(), kept=kept)
    assert len(kept) == MOST_TEXTS


def test_a_model_that_changes_its_length_is_told():
    """Vectors of two lengths in one index cannot be compared."""

    class Changing(Asked):
        async def call(self, request, *, stage):
            self.says = Reply(text="", vectors=((1.0,) * (2 + len(self.requests)),) * len(request.texts))
            return await super().call(request, stage=stage)

    with pytest.raises(RunIncomplete, match=r"vectors of \d numbers, and of \d before"):
        embedded([f"t{n}" for n in range(MOST_TEXTS + 1)], endpoint=Changing())


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8))
def test_a_vector_keeps_its_direction_at_length_one(vector):
    """But for one that is all zero, which stays."""
    found = unit(vector)
    length = math.sqrt(sum(value * value for value in vector))
    if length < 1e-3:
        return
    assert float(np.linalg.norm(found)) == pytest.approx(1.0, abs=1e-4)
    assert found * length == pytest.approx(vector, rel=1e-3, abs=1e-3 * length)


def test_a_text_that_was_cut_is_counted():
    """The endpoint says that it read the beginning only."""
    told, _ = embedded(
        ["a", "b"], endpoint=Asked(says=Reply(text="", kind="truncated", cut=1, vectors=((1.0,), (0.5,))))
    )
    assert told.told()["cut"] == 1


def test_nothing_but_zeros_is_not_kept():
    """A server that is not well: the next run would find its answers kept, and search with them for ever."""
    kept, zeros = KeptHere(), Reply(text="", vectors=((0.0, 0.0),) * 4)
    with pytest.raises(RunIncomplete, match="vectors of zeros for all of 4 texts"):
        embedded(["lamp", "kettle", "fan", "iron"], endpoint=Asked(says=zeros), kept=kept)
    assert not kept
    one = Reply(text="", vectors=((0.0, 0.0), (1.0, 0.0)))
    embedded(["of no use at all", "kettle"], endpoint=Asked(says=one), kept=kept)
    assert len(kept) == 2
