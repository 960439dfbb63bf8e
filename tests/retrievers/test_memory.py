"""The embedded store: the suite, and that it is exact."""

import numpy as np
import pytest

from harness.retrievers.memory import Memory
from harness.types.search import Query
from tests.retrievers.store_conformance import Kit, StoreConformance, chunks, vectors


class TestMemory(StoreConformance):
    """In memory."""

    keeps = False

    @pytest.fixture
    def options(self):
        """It has none."""
        return Memory()


def test_ties_go_by_document_and_chunk(tmp_path):
    """Equal scores stand in one order, whatever order the chunks were added in."""
    store = Memory().open(Kit(name="harness-x", home=tmp_path))
    made = chunks()
    store.add(made[::-1], np.repeat(vectors()[:1], 6, axis=0))
    found = store.search(Query(text="", vector=vectors()[0].tolist()), 4)
    assert [(p.doc, p.chunk) for p in found] == [("doc-0", 0), ("doc-0", 1), ("doc-1", 0), ("doc-1", 1)]
