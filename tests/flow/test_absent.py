"""Which relevant documents no search could have found."""

import pytest

from harness.errors import EvalsetError
from harness.flow.absent import absent
from harness.types.evalset import Document, Evalset, Example
from harness.types.experiment import ModelSpec, OutputSpec, StageSpec, Variant

EVALSET = Evalset(
    name="e",
    partitions={
        "golden": (Example(id="g", inputs={}, relevant=("a", "lost")),),
        "edge": (Example(id="e", inputs={}, relevant=("gone",)),),
        "train": (Example(id="t", inputs={}, relevant=("never asked",)),),
    },
    documents=(Document(id="a", text="A."), Document(id="b", text="B.")),
)


def searching(name, **options):
    """A variant that retrieves so."""
    stages = (StageSpec(kind="retrieve", options=options), StageSpec(kind="generate"))
    return Variant(name=name, stages=stages, model=None, output=OutputSpec())


def test_each_corpus_is_held_against_what_is_relevant(tmp_path):
    """The evalset's or the variant's own; a variant that looks nothing up is not in it, and neither are train's rows."""
    (tmp_path / "gone.md").write_text("Here it is.")
    plain = Variant(name="plain", stages=(StageSpec(kind="generate"),), model=None, output=OutputSpec())
    found = absent([plain, searching("rag"), searching("own", corpus=str(tmp_path))], EVALSET)
    assert found == {"rag": ("gone", "lost"), "own": ("a", "lost")}


@pytest.mark.parametrize(
    "options",
    [
        {"service": ModelSpec(name="s", provider="python", model="s")},
        {"store": {"kind": "qdrant", "url": "http://127.0.0.1:9", "collection": "theirs"}},
    ],
)
def test_what_nobody_can_list_is_unknown(options):
    """A retriever of the user's own, and a collection that is searched as it is: unknown is not nothing."""
    assert absent([searching("rag", **options)], EVALSET) == {"rag": None}


def test_a_corpus_that_is_not_there_is_a_fault(tmp_path):
    """Before anything is run."""
    with pytest.raises(EvalsetError):
        absent([searching("rag", corpus=str(tmp_path / "nowhere"))], EVALSET)
