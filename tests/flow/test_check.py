"""What is wrong, or weak, with an experiment before a call is made."""

import pytest

from harness.flow.check import FEWEST_GOLDEN, check
from harness.types.evalset import EDGE_TAGS, Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, Gate, Metric, ModelSpec, OutputSpec, StageSpec, Variant

METRIC = Metric(name="answer", scorer="exact")
LONG = "the parcel that I sent to my aunt in March never came and nobody answers the phone"


def row(example_id, text, *tags, where=""):
    """One example."""
    return Example(id=example_id, inputs={"ticket": text}, tags=tags, where=where)


def unlike(prefix, count, *tags):
    """Rows that have nothing to do with each other."""
    return tuple(
        row(f"{prefix}-{n}", f"{prefix} " + " ".join(f"{prefix}{n}x{m}" for m in range(12)), *tags)
        for n in range(count)
    )


def looked_over(metrics=(METRIC,), **partitions):
    """Faults and notices of an evalset."""
    given = {
        "golden": unlike("g", FEWEST_GOLDEN),
        "edge": unlike("e", 3, *EDGE_TAGS),
        "train": unlike("t", 5),
    }
    evalset = Evalset(name="e", partitions={**given, **partitions})
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(), metrics=tuple(metrics)
    )
    return check(experiment, evalset)


def test_a_sound_experiment_has_neither():
    """Nothing wrong, nothing weak."""
    assert looked_over() == ((), ())


@pytest.mark.parametrize("partition", ["golden", "edge", "holdout"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LONG.upper() + "!!", "is the same text as"),
        ("Hello. " + LONG + " Please help me.", "of its text with"),
    ],
)
def test_leakage_names_both_rows(partition, text, said):
    """Held-out text in train, up to case and punctuation or in its greater part, by both ids and both places."""
    leaking = (*unlike("g", FEWEST_GOLDEN), row("h-1", text, *EDGE_TAGS, where="held.jsonl:7"))
    train = (*unlike("t", 5), row("t-9", LONG, where="train.jsonl:9"))
    faults, _ = looked_over(**{partition: leaking, "train": train})
    (fault,) = faults
    assert fault.where == "held.jsonl:7"
    assert said in fault.what
    assert "h-1" in fault.what
    assert "train row t-9 (train.jsonl:9)" in fault.what


def test_rows_without_text_leak_nothing():
    """Inputs that normalise to nothing are not each other's copies."""
    faults, _ = looked_over(edge=(row("e-1", "...", *EDGE_TAGS),), train=(row("t-1", "!!"),))
    assert faults == ()


@pytest.mark.parametrize(
    ("partitions", "metrics", "code", "word"),
    [
        ({"golden": unlike("g", 49)}, (METRIC,), "few_examples", "49"),
        ({"edge": ()}, (METRIC,), "no_edge_partition", "edge"),
        ({"edge": unlike("e", 3, "adversarial")}, (METRIC,), "edge_tag_missing", "out_of_domain, malformed"),
        ({}, (), "no_metrics", "metrics"),
    ],
)
def test_what_weakens_a_verdict_is_noticed(partitions, metrics, code, word):
    """One notice, with what is missing; a run still starts."""
    faults, notices = looked_over(metrics, **partitions)
    assert faults == ()
    assert [notice.code for notice in notices] == [code]
    assert word in notices[0].message


@pytest.mark.parametrize("advisory", [None, True, False])
def test_an_early_stop_with_nothing_to_decide_is_noticed(advisory):
    """Without a gate, and with one that can fail nothing."""
    gate = Gate(metric="m", judge="point", at_least=0.0, advisory=bool(advisory))
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(), metrics=(METRIC,), stop_early=True,
        gates=() if advisory is None else (gate,),
    )  # fmt: skip
    rows = {
        "golden": unlike("g", FEWEST_GOLDEN),
        "edge": unlike("e", 3, *EDGE_TAGS),
        "train": unlike("t", 5),
    }
    _, notices = check(experiment, Evalset(name="e", partitions=rows))
    assert [notice.code for notice in notices] == ["stop_early_idle"] * (advisory is not False)


def asked(**changes):
    """Faults and notices of one variant of an OpenAI model that reasons."""
    given = {"params": {"temperature": 0.0}, "where": "c.yaml:3", **changes}
    model = ModelSpec(name="o", provider="openai", model="o3-mini", **given)
    variant = Variant(name="v", stages=(), model=model, output=OutputSpec(), where="c.yaml:7")
    evalset = Evalset(
        name="e", partitions={"golden": unlike("g", FEWEST_GOLDEN), "edge": unlike("e", 3, *EDGE_TAGS)}
    )
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=(METRIC,)
    )
    return check(experiment, evalset)


def test_what_a_model_will_refuse_is_a_fault_before_the_run():
    """A parameter that a reasoning model does not take is named, with the model's line."""
    faults, _ = asked()
    (fault,) = faults
    assert fault.where == "c.yaml:3"
    assert "temperature" in fault.what
    assert "'o'" in fault.what


def test_what_the_config_lets_drop_is_told_instead():
    """With drop_unsupported it is a notice, and no fault."""
    faults, notices = asked(drop_unsupported=True)
    assert faults == ()
    (notice,) = [one for one in notices if one.code == "dropped_parameters"]
    assert "temperature" in notice.message


def test_an_output_mode_that_cannot_be_had_is_the_variants_fault():
    """json_schema without any schema: at the variant's line, whatever may be dropped."""
    model = ModelSpec(name="o", provider="openai", model="gpt-4o-mini", drop_unsupported=True)
    variant = Variant(
        name="v", stages=(), model=model, output=OutputSpec(mode="json_schema"), where="c.yaml:7"
    )
    evalset = Evalset(name="e", partitions={"golden": unlike("g", FEWEST_GOLDEN)})
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=(METRIC,)
    )
    faults, _ = check(experiment, evalset)
    assert [fault.where for fault in faults] == ["c.yaml:7"]
    assert "schema" in faults[0].what


# --- models that embed, put in order, rewrite -----------------------------------------------------


def of_steps(*steps, model=None):
    """Faults and notices of one variant whose steps ask these models: (kind, key, model)."""
    stages = tuple(
        StageSpec(kind=kind, options={key: ModelSpec(**{"name": "s", "where": "c.yaml:9", **spec})})
        for kind, key, spec in steps
    )
    variant = Variant(
        name="v", stages=stages, model=model, output=OutputSpec(mode="json_schema"), where="c.yaml:7"
    )
    evalset = Evalset(
        name="e",
        partitions={"golden": unlike("g", FEWEST_GOLDEN), "edge": unlike("e", 3, *EDGE_TAGS)},
        schema={"type": "object"},
    )
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=(METRIC,)
    )
    return check(experiment, evalset)


E5 = {"provider": "openai", "model": "e5", "base_url": "http://127.0.0.1:9/v1"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"params": {"temperature": 0.0}}, "temperature"),
        ({"params": {"seed": 1}}, "seed"),
        ({"stream": True}, "stream"),
        ({"api": "responses"}, "api"),
        ({"prompt_cache": True}, "prompt_cache"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["embed", "rerank"])
def test_what_only_an_answer_takes_is_a_fault_elsewhere(kind, changes, key):
    """It would be left out without a word: once, at the model's line, however many steps ask the model."""
    (fault,), _ = of_steps((kind, "model", {**E5, **changes}), (kind, "model", {**E5, **changes}))
    assert fault.where == "c.yaml:9"
    assert f"model 's': {key} is for answers, and this model is asked to {kind}" in fault.what


def test_a_parameter_of_an_embedding_model_may_be_let_drop():
    """With drop_unsupported it is told, and no fault; a switch of the harness's own stays one."""
    given = {**E5, "params": {"temperature": 0.0}, "drop_unsupported": True}
    faults, notices = of_steps(("retrieve", "embed", given))
    assert faults == ()
    assert [notice.code for notice in notices] == ["dropped_parameters"]
    faults, _ = of_steps(("retrieve", "embed", {**given, "stream": True}))
    assert len(faults) == 1


def test_a_provider_of_ones_own_may_read_every_key():
    """Nothing is known of it but what it can be asked for."""
    own = f"{__name__}:Own"
    assert of_steps(("embed", "model", {"provider": own, "model": "m", "stream": True}))[0] == ()


class Own:
    """A provider of the user's own."""

    tasks = frozenset({"embed"})


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("rerank", {"provider": "openai", "model": "gpt-4o-mini"}, "OpenAI has no rerank endpoint"),
        ("rerank", {"provider": "anthropic", "model": "claude-haiku-4-5"}, "cannot rerank"),
        ("rerank", {"provider": "reference", "model": "reference-embed"}, "reference-rerank can"),
        ("embed", {"provider": "reference", "model": "reference-base"}, "reference-embed can"),
    ],
    ids=str,
)
def test_a_model_that_cannot_do_a_step_is_a_fault_before_the_run(kind, spec, said):
    """Known without a call: the vendor has no such endpoint, or the model is for something else."""
    (fault,), _ = of_steps((kind, "model", spec))
    assert fault.where == "c.yaml:9"
    assert said in fault.what
    assert fault.next


def test_models_that_can_do_their_steps_are_no_faults():
    """A compatible server reranks; each built-in model does its own."""
    reference = {"provider": "reference"}
    assert of_steps(
        ("rerank", "model", E5),
        ("rerank", "model", {**reference, "model": "reference-rerank"}),
        ("embed", "model", {**reference, "model": "reference-embed"}),
        ("embed", "model", {"provider": "openai", "model": "text-embedding-3-small"}),
    ) == ((), ())


def test_a_model_that_rewrites_is_asked_for_a_plain_answer():
    """What it refuses is a fault; the variant's own output mode and schema are not asked of it."""
    reasons = {"provider": "openai", "model": "o3-mini", "params": {"temperature": 0.5}}
    (fault,), _ = of_steps(("rewrite", "model", reasons))
    assert (fault.where, "temperature" in fault.what) == ("c.yaml:9", True)
    assert of_steps(("rewrite", "model", {"provider": "anthropic", "model": "claude-haiku-4-5"}))[0] == ()
