"""From specs to open stages: shared where they are the same, closed with the run, and faults at the config's line."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from harness.errors import ConfigError, EvalsetError, UsageError, UserError
from harness.flow.assemble import Works, assemble
from harness.flow.pipeline import pipeline
from harness.types.evalset import Document, Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, StageSpec, Variant
from harness.types.trial import Trial

EXAMPLE = Example(id="g-1", inputs={"q": "where is Ulm?"})
TRAIN = Example(id="t-1", inputs={"q": "where is Bonn?"}, expected="on the Rhine")
GENERATE = StageSpec(kind="generate", where="c.yaml:5")


@pytest.fixture
def outputs(tmp_path):
    """A model whose answers are in a file."""
    file = tmp_path / "outputs.jsonl"
    file.write_text(json.dumps({"id": "g-1", "output": "on the Danube", "latency_ms": 9}) + "\n")
    return ModelSpec(
        name="old", provider="recorded", model="old", extra={"file": str(file)}, where="c.yaml:9"
    )


def variant(name, model, *stages, **more):
    """A variant of these stages."""
    return Variant(
        name=name, stages=(*stages, GENERATE), model=model, output=OutputSpec(), where="c.yaml:4", **more
    )


def opened(*variants, use=None, evalset=None):
    """The lines of these variants, and what `use` makes of them while they are open."""
    held = evalset or Evalset(
        name="e",
        partitions={"golden": (EXAMPLE,), "train": (TRAIN,)},
        documents=(Document(id="ulm", text="Ulm lies on the Danube."),),
        schema={"type": "object"},
    )
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=variants, metrics=(), concurrency=3
    )

    async def told():
        async with AsyncExitStack() as closing:
            lines = await assemble(experiment, held, variants, Works(closing=closing))
            return await use(lines) if use else lines

    return asyncio.run(told())


def test_a_variant_runs_through_its_own_stages(outputs):
    """Few-shot, retrieval and prompt compute; the answer comes from the variant's model."""
    stages = (
        StageSpec(kind="fewshot", options={"k": 1}),
        StageSpec(kind="retrieve", options={"top_k": 1}),
        StageSpec(kind="prompt", options={"system": "Be brief.", "user": "{{ q }}"}),
    )

    async def use(lines):
        trial = Trial(variant="v", partition="golden", example_id="g-1")
        return await pipeline(lines["v"], trial, EXAMPLE, seed=1)

    entry = opened(variant("v", outputs, *stages), use=use)
    assert entry.record.outcome.text == "on the Danube"
    assert [stage.name for stage in entry.record.stages] == ["fewshot", "retrieve", "prompt", "generate"]
    assert entry.record.retrieved[0].doc == "ulm"
    assert "on the Rhine" in entry.texts[entry.record.request["messages"]]


def test_variants_with_the_same_model_share_its_endpoint(outputs):
    """A model is opened once a run, wherever the config names it; another one is opened beside it."""

    async def use(lines):
        return [line.stages[-1]._endpoint for line in lines.values()]

    same = replace(outputs, where="c.yaml:77")
    other = replace(outputs, extra={**outputs.extra, "list": "join"})
    one, two, three = opened(variant("a", outputs), variant("b", same), variant("c", other), use=use)
    assert one is two
    assert three is not one


def test_the_run_lets_go_of_all_it_opened(outputs):
    """After the run the model is closed and the threads are gone."""

    async def use(lines):
        return lines["v"]

    line = opened(variant("v", outputs), use=use)
    with pytest.raises(RuntimeError, match="shutdown"):
        line.threads.submit(print)
    assert line.stages[-1]._endpoint._provider._outputs is None


def test_a_line_knows_whether_it_is_live(outputs):
    """Recorded answers are not live; what a line's output is asked as stands in it."""
    lines = opened(replace(variant("v", outputs), output=OutputSpec(mode="json_object")))
    assert (lines["v"].live, lines["v"].output_mode) == (False, "json_object")


@pytest.mark.parametrize(
    ("stage", "error", "said"),
    [
        (
            StageSpec(kind="retrieve", options={"search": "bm52"}, where="c.yaml:7"),
            UsageError,
            "c.yaml:7: variants.v.retrieve.search: unknown search 'bm52'; did you mean 'bm25'?",
        ),
        (
            StageSpec(kind="fewshot", options={"select": "simlar"}, where="c.yaml:7"),
            UsageError,
            "c.yaml:7: variants.v.fewshot.select: unknown selection 'simlar'; did you mean 'similar'?",
        ),
        (
            StageSpec(kind="prompt", options={"user": "{{ q"}, where="c.yaml:7"),
            ConfigError,
            "c.yaml:7: variants.v.prompt.user",
        ),
        (StageSpec(kind="fewshoot", where="c.yaml:7"), UsageError, "c.yaml:7: unknown stage 'fewshoot'"),
    ],
)
def test_a_stage_that_cannot_be_opened_is_named_at_its_line(outputs, stage, error, said):
    """The config's file and line, the variant and the key."""
    with pytest.raises(error) as caught:
        opened(variant("v", outputs, stage))
    assert str(caught.value).startswith(said)


class OwnStage:
    """A stage of a user's own, as far as its options."""

    def __init__(self, share: float, least: int = 1) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share must lie in [0, 1],\nnot {share}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"shar": 0.6, "zzz": 1},
            (
                "c.yaml:7: options.shar: unknown option of {kind}; did you mean 'share'?\n"
                "c.yaml:7: options.zzz: unknown option of {kind}; known: share, least"
            ),
        ),
        ({"share": 2}, "c.yaml:7: options of {kind}: share must lie in [0, 1], not 2"),
        ({"share": "a"}, "c.yaml:7: options of {kind}: '<=' not supported between"),
        ({}, "c.yaml:7: options of {kind}: OwnStage.__init__() missing 1 required"),
    ],
)
def test_a_wrong_option_of_a_users_own_stage_is_one_line(outputs, options, said):
    """A misspelt one with the nearest, and whatever else its constructor says, at the stage's line."""
    kind = f"{__name__}:OwnStage"
    with pytest.raises(ConfigError) as caught:
        opened(variant("v", outputs, StageSpec(kind=kind, options=options, where="c.yaml:7")))
    assert str(caught.value).startswith(said.format(kind=kind))


def test_a_fault_in_a_file_keeps_the_files_line(outputs, tmp_path):
    """A broken template file or outputs file is named itself: that is where it is mended."""
    file = tmp_path / "triage.md"
    stage = StageSpec(kind="prompt", options={"user": "\n{{ q", "user_file": str(file)}, where="c.yaml:7")
    with pytest.raises(ConfigError) as caught:
        opened(variant("v", outputs, stage))
    assert caught.value.faults[0].where.startswith(str(file))

    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "g-1", "output": "a"}\n{"id": \n')
    with pytest.raises(EvalsetError) as caught:
        opened(variant("v", replace(outputs, extra={"file": str(broken)})))
    assert caught.value.faults[0].where.endswith("broken.jsonl:2")


def test_a_model_that_cannot_be_used_is_named_at_its_line(monkeypatch):
    """A key that is not set, and a model that is missing altogether."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = ModelSpec(name="gpt", provider="openai", model="gpt-4o", where="c.yaml:9")
    with pytest.raises(
        UsageError, match=r"^c\.yaml:9: model 'gpt' needs a key, and OPENAI_API_KEY is not set"
    ):
        opened(variant("v", model))
    with pytest.raises(UserError, match=r"^c\.yaml:4: variant 'v' has no model"):
        opened(variant("v", None))


def test_a_corpus_of_its_own_is_read_from_its_path(outputs, tmp_path):
    """`retrieve.corpus` reads other documents than the evalset's; an empty one is named."""
    (tmp_path / "corpus").mkdir()
    stage = StageSpec(kind="retrieve", options={"corpus": str(tmp_path / "corpus")}, where="c.yaml:7")
    with pytest.raises(UserError) as caught:
        opened(variant("v", outputs, stage))
    assert "corpus" in caught.value.faults[0].where
    (tmp_path / "corpus" / "a.md").write_text("Ulm lies on the Danube.")
    assert opened(variant("v", outputs, stage))["v"].stages[0].name == "retrieve"
