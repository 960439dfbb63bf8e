"""The oracle: the right documents, whole, and nothing that another stage could read."""

import asyncio

import pytest

from harness.stages.oracle import Oracle
from harness.types.evalset import Document

LONG = "Ulm lies on the Danube. " * 200
DOCUMENTS = (
    Document(id="ulm", text=LONG, title="Ulm", meta={"year": 2026}),
    Document(id="bonn", text="Bonn lies on the Rhine."),
)


def opened(kit, relevant, **more):
    """The stage, ready."""
    return asyncio.run(Oracle(relevant=relevant, **more).open(kit))


@pytest.fixture
def kit(make_kit):
    """With two documents."""
    return make_kit(documents=DOCUMENTS, corpora={"/other": (Document(id="ulm", text="Ulm, elsewhere."),)})


def test_documents_come_whole_and_in_the_order_of_the_example(kit, draft):
    """Each is one passage of its document's whole text, used, ranked from 1, with no score that nobody gave."""
    made = opened(kit, {"g-1": ("bonn", "ulm")})(draft({"q": "?"}))
    assert [(one.doc, one.rank, one.used, one.score) for one in made.passages] == [
        ("bonn", 1, True, None),
        ("ulm", 2, True, None),
    ]
    last = made.passages[1]
    assert (last.text, last.start, last.end, last.title) == (LONG, 0, len(LONG), "Ulm")


@pytest.mark.parametrize(
    ("relevant", "found"),
    [
        ({"g-2": ("ulm",)}, []),
        ({}, []),
        ({"g-1": ("atlantis",)}, []),
        ({"g-1": ("atlantis", "ulm", "ulm")}, ["ulm"]),
    ],
)
def test_what_is_not_known_or_not_there_is_left_out(kit, draft, relevant, found):
    """An example of which nothing is known gets no context, and a document that the corpus does not hold is no error."""
    assert [one.doc for one in opened(kit, relevant)(draft({"q": "?"})).passages] == found


def test_the_variants_own_corpus_is_read(kit, draft):
    """Its documents may say something else than the evalset's."""
    made = opened(kit, {"g-1": ("ulm",)}, corpus="/other")(draft({"q": "?"}))
    assert made.passages[0].text == "Ulm, elsewhere."


def test_its_longest_is_what_it_writes(kit, draft):
    """What an example is given follows from the example alone, so the bound of its cost is exact."""
    stage = opened(kit, {"g-1": ("ulm",)})
    assert stage.longest(draft({"q": "?"})) == stage(draft({"q": "?"}))


def test_nothing_that_is_held_out_travels_on(kit, draft):
    """The draft of an example does not tell what is relevant to another."""
    made = opened(kit, {"g-1": ("ulm",), "g-2": ("bonn",)})(draft({"q": "?"}))
    assert "bonn" not in repr(made)
