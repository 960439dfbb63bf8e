"""The variants that tell where others fail: what is taken out, what is put in, who shares, and what they are called."""

import re
from dataclasses import replace

import pytest

from harness.flow.controls import controls
from harness.types.evalset import Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, StageSpec, Variant

MODEL = ModelSpec(name="base", provider="openai", model="m", where="c.yaml:9")
EMBEDDER = ModelSpec(name="e", provider="openai", model="e")
PROMPT = StageSpec(kind="prompt", options={"user": "{{ q }}"})
GENERATE = StageSpec(kind="generate")
SHOTS = (StageSpec(kind="embed", options={"model": EMBEDDER}), StageSpec(kind="fewshot", options={"k": 2}))
REWRITE = StageSpec(kind="rewrite", options={"model": MODEL})
EMBED = StageSpec(kind="embed", options={"model": EMBEDDER, "query": None, "rewritten": True})
RETRIEVE = StageSpec(kind="retrieve", options={"corpus": None, "top_k": 8}, where="c.yaml:20")
RERANK = StageSpec(kind="rerank", options={"model": MODEL, "top_n": 2})
OWN = StageSpec(kind="mine:Stage")
ROWS = (
    Example(id="g-1", inputs={"q": "?"}, relevant=("b", "a")),
    Example(id="g-2", inputs={"q": "??"}),
)
EVALSET = Evalset(name="e", partitions={"golden": ROWS})


def variant(name, *stages, **more):
    """A variant of these stages before the prompt."""
    fields = {"model": MODEL, "output": OutputSpec(), "stages": (*stages, PROMPT, GENERATE), **more}
    return Variant(name=name, **fields)


def controlled(*variants, asked=("closed-book", "oracle")):
    """The experiment with its controls."""
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=variants, metrics=(), controls=asked
    )
    return controls(experiment, EVALSET)


def kinds(one):
    """The kinds of a variant's stages."""
    return [stage.kind for stage in one.stages]


def names(experiment):
    """All variants, in order."""
    return [one.name for one in experiment.variants]


def test_retrieval_goes_and_everything_else_stays():
    """Rewrite, embed, retrieve and rerank are left out; few-shot keeps its own embedding, the prompt and the model stay."""
    whole = variant("rag", *SHOTS, REWRITE, EMBED, RETRIEVE, RERANK)
    made = controlled(whole)
    assert names(made) == ["rag", "closed-book", "oracle"]
    closed, oracle = made.variants[1:]
    assert closed.stages == (*SHOTS, PROMPT, GENERATE)
    assert kinds(oracle) == ["embed", "fewshot", "oracle", "prompt", "generate"]
    assert oracle.stages[:2] == SHOTS
    assert (closed.aid, oracle.aid) == ("closed-book", "oracle")
    assert (closed.model, closed.output) == (whole.model, whole.output)
    assert made.variant("rag").aids == {"closed-book": "closed-book", "oracle": "oracle"}
    assert made.variant("rag").stages == whole.stages


def test_only_the_oracle_is_handed_what_is_relevant():
    """Its options hold the documents of each example that names some, in their order; nobody else's hold any."""
    made = controlled(variant("rag", replace(RETRIEVE, options={"corpus": "/docs"})))
    spec = made.variant("oracle").stages[0]
    assert spec.options == {"corpus": "/docs", "relevant": {"g-1": ("b", "a")}}
    assert spec.where == RETRIEVE.where
    others = [stage for one in made.variants for stage in one.stages if stage.kind != "oracle"]
    assert not any("relevant" in stage.options for stage in others)


def test_variants_that_differ_in_retrieval_alone_share_their_controls():
    """Another search, another reranker or another depth makes no other answer without it."""
    deep = replace(RETRIEVE, options={"corpus": None, "top_k": 50})
    made = controlled(variant("plain"), variant("rag", RETRIEVE), variant("deep", EMBED, deep, RERANK))
    assert names(made) == ["plain", "rag", "deep", "oracle"]
    for name in ("rag", "deep"):
        assert made.variant(name).aids == {"closed-book": "plain", "oracle": "oracle"}
    assert made.variant("plain").aids == {}
    assert made.variant("plain").aid == ""


def test_another_corpus_is_another_oracle():
    """Its documents may say something else; what is answered without any is the same."""
    other = replace(RETRIEVE, options={"corpus": "/other"})
    made = controlled(variant("a", RETRIEVE), variant("b", other))
    assert names(made) == ["a", "b", "closed-book", "oracle@a", "oracle@b"]


@pytest.mark.parametrize(
    ("changes", "stands"),
    [
        ({}, True),
        ({"where": "c.yaml:77"}, True),
        ({"model": replace(MODEL, name="alias", where="c.yaml:3")}, True),
        ({"partitions": ("edge", "golden", "holdout")}, True),
        ({"partitions": ("golden",)}, False),
        ({"model": replace(MODEL, model="tuned")}, False),
        ({"output": OutputSpec(mode="json_schema")}, False),
        ({"tools": ({"name": "t"},)}, False),
        ({"stages": (replace(PROMPT, options={"user": "other"}), GENERATE)}, False),
    ],
)
def test_a_declared_variant_stands_for_the_closed_book_where_it_is_just_that(changes, stands):
    """It must answer alike, on all the partitions that are needed; what it is called and where it stands is no matter."""
    declared = replace(variant("mine"), **changes)
    rag = variant("rag", RETRIEVE, partitions=("golden", "edge"))
    made = controlled(declared, rag, asked=("closed-book",))
    assert (names(made) == ["mine", "rag"]) == stands
    assert made.variant("rag").aids["closed-book"] == ("mine" if stands else "closed-book")


def test_several_bases_are_told_apart_by_a_name_that_a_flag_can_take():
    """Letters, digits and . _ + @ - as every variant's name, 80 at most, no two alike and none that was taken."""
    tuned = replace(MODEL, model="tuned")
    long = "v" * 80
    declared = [
        variant("rag", RETRIEVE),
        variant("rag+tuned", RETRIEVE, model=tuned),
        variant(long, RETRIEVE, model=replace(MODEL, model="long")),
        variant(f"{long[:-1]}w", RETRIEVE, model=replace(MODEL, model="longer")),
        variant("oracle@rag", model=replace(MODEL, model="other")),
    ]
    made = controlled(*declared)
    added = names(made)[len(declared) :]
    assert added[:2] == ["closed-book@rag", "closed-book@rag+tuned"]
    assert added[4:6] == ["oracle@rag-2", "oracle@rag+tuned"]
    assert len(set(names(made))) == len(made.variants) == 13
    assert all(re.fullmatch(r"\w[\w.+@-]{0,79}", name) for name in names(made))


def test_a_control_is_run_wherever_somebody_needs_it():
    """On the partitions of all that it is for."""
    made = controlled(
        variant("a", RETRIEVE, partitions=("golden",)), variant("b", RETRIEVE, RERANK, partitions=("edge",))
    )
    assert made.variant("oracle").partitions == ("golden", "edge")
    everywhere = controlled(variant("a", RETRIEVE, partitions=("golden",)), variant("b", RETRIEVE, RERANK))
    assert everywhere.variant("oracle").partitions is None


def test_a_stage_of_the_users_own_between_search_and_prompt_belongs_to_the_search():
    """There it works on what was found; before the search, and after the prompt, it works on something else and stays."""
    pipeline = (
        OWN,
        RETRIEVE,
        replace(OWN, kind="mine:Rerank"),
        PROMPT,
        replace(OWN, kind="mine:Trim"),
        GENERATE,
    )
    made = controlled(variant("rag", stages=pipeline))
    assert kinds(made.variant("closed-book")) == ["mine:Stage", "prompt", "mine:Trim", "generate"]
    assert kinds(made.variant("oracle")) == ["mine:Stage", "oracle", "prompt", "mine:Trim", "generate"]


def test_where_a_stage_of_the_users_own_writes_the_messages_it_stays():
    """The documents then stand where the search stood."""
    made = controlled(variant("rag", stages=(EMBED, RETRIEVE, RERANK, OWN, GENERATE)))
    assert kinds(made.variant("closed-book")) == ["mine:Stage", "generate"]
    assert kinds(made.variant("oracle")) == ["oracle", "mine:Stage", "generate"]


@pytest.mark.parametrize("asked", [(), ("closed-book", "oracle")])
def test_nothing_is_added_where_nothing_is_asked_for_or_looked_up(asked):
    """Without `controls:`, or without a retrieval variant, the experiment stays what it was."""
    plain = variant("plain")
    assert controlled(plain, asked=asked).variants == (plain,)
    assert controlled(variant("rag", RETRIEVE), asked=()).variants == (variant("rag", RETRIEVE),)
