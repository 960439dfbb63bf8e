"""In which layers a variant is not the control."""

from dataclasses import replace

import pytest

from harness.flow.layers import layers
from harness.types.evalset import EvalsetSpec
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, StageSpec, Variant

PROMPT = StageSpec(kind="prompt", options={"user": "{{ q }}"}, where="c.yaml:3")
GENERATE = StageSpec(kind="generate")
MODEL = ModelSpec(name="base", provider="openai", model="m", where="c.yaml:9")
CONTROL = Variant(name="control", stages=(PROMPT, GENERATE), model=MODEL, output=OutputSpec())


def staged(*stages):
    """The control with stages before its prompt."""
    return {"stages": (*stages, PROMPT, GENERATE)}


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, ()),
        (staged(StageSpec(kind="fewshot", options={"k": 5})), ("few-shot",)),
        (staged(StageSpec(kind="retrieve", options={})), ("retrieval",)),
        (
            staged(StageSpec(kind="fewshot"), StageSpec(kind="retrieve"), StageSpec(kind="rerank")),
            ("few-shot", "retrieval", "rerank"),
        ),
        (staged(StageSpec(kind="oracle", options={"relevant": {"g-1": ("a",)}})), ("oracle",)),
        (staged(StageSpec(kind="embed"), StageSpec(kind="fewshot")), ("few-shot",)),
        (staged(StageSpec(kind="embed", options={"query": None})), ("retrieval",)),
        ({"stages": (replace(PROMPT, options={"user": "other"}), GENERATE)}, ("prompt",)),
        ({"stages": (replace(PROMPT, where="c.yaml:88"), GENERATE)}, ()),
        ({"stages": (GENERATE,)}, ("prompt",)),
        (staged(StageSpec(kind="my.module:Stage")), ("own stage",)),
        ({"model": replace(MODEL, model="tuned")}, ("model",)),
        ({"model": replace(MODEL, params={"temperature": 1})}, ("model",)),
        ({"model": replace(MODEL, name="alias", where="c.yaml:10")}, ()),
        ({"model": None}, ("model",)),
        ({"output": OutputSpec(mode="json_schema")}, ("output",)),
        ({"tools": ({"name": "t"},)}, ("tools",)),
    ],
)
def test_a_layer_is_named_where_it_differs_and_nowhere_else(changes, differs):
    """What a part is made of decides; its name and its place in the file do not."""
    experiment = Experiment(
        name="x",
        file="c.yaml",
        evalset=EvalsetSpec(),
        variants=(CONTROL, replace(CONTROL, **{"name": "v", **changes})),
        metrics=(),
        control="control",
    )
    assert layers(experiment) == {"control": (), "v": differs}
