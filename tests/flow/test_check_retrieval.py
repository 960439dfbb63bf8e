"""What keeps a run from telling where retrieval fails, said before it begins."""

import pytest

from harness.flow.check import SHOWN_DOCUMENTS, check
from harness.types.evalset import Document, Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, OutputSpec, StageSpec, Variant

RAG = Variant(name="rag", stages=(StageSpec(kind="retrieve"),), model=None, output=OutputSpec())
PLAIN = Variant(name="plain", stages=(StageSpec(kind="prompt"),), model=None, output=OutputSpec())


def noticed(code, relevant, *, variants=(RAG,), asked=("oracle",), held=("a",)):
    """The messages of one code, for rows with these relevant documents."""
    rows = tuple(
        Example(id=f"g-{n}", inputs={"q": f"q{n}"}, relevant=ids, where=f"golden.jsonl:{n}")
        for n, ids in enumerate(relevant, 1)
    )
    documents = tuple(Document(id=name, text=name) for name in held)
    evalset = Evalset(name="e", partitions={"golden": rows, "train": rows[:0]}, documents=documents)
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=variants, metrics=(), controls=asked
    )
    _, notices = check(experiment, evalset)
    return [notice.message for notice in notices if notice.code == code]


def test_documents_that_are_not_in_the_corpus_are_named_where_a_row_names_them_first():
    """A slip in an id, or a gap in the corpus: each once, the first few with their line."""
    (told,) = noticed("documents_absent", [("a",), ("gone", "a"), ("gone", "lost")])
    assert told.endswith("not in the corpus: 'gone' (golden.jsonl:2), 'lost' (golden.jsonl:3)")
    many = [tuple(f"d{n}" for n in range(SHOWN_DOCUMENTS + 4))]
    assert noticed("documents_absent", many)[0].endswith(" and 4 more")
    assert noticed("documents_absent", [("a",)]) == noticed("documents_absent", [("gone",)], held=()) == []


@pytest.mark.parametrize(
    ("variants", "relevant", "asked", "said"),
    [
        ((PLAIN,), [("a",)], ("oracle",), ["no variant looks anything up"]),
        ((RAG,), [()], ("closed-book",), ["no example names its relevant documents"]),
        ((PLAIN, RAG), [("a",), ()], ("oracle",), []),
        ((PLAIN,), [()], (), []),
    ],
)
def test_controls_that_can_tell_nothing_are_told_of(variants, relevant, asked, said):
    """Where there is nothing to control, or nothing to hold it against; in silence where none is asked for."""
    told = noticed("controls_idle", relevant, variants=variants, asked=asked)
    assert [message[: len(start)] for message, start in zip(told, said, strict=True)] == said
