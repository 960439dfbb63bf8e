"""What is wrong, or weak, with an experiment before a single call is made."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from harness.errors import Fault, UsageError
from harness.registry import provider_of, require_task
from harness.text.overlap import find_overlaps, inputs_text
from harness.types.call import Task
from harness.types.evalset import EDGE_TAGS, JUDGED, Evalset, Example
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, Variant
from harness.types.plugins import Objection, Particular
from harness.types.summary import Notice

FEWEST_GOLDEN = 50
SHOWN_DOCUMENTS = 3


def check(experiment: Experiment, evalset: Evalset) -> tuple[tuple[Fault, ...], tuple[Notice, ...]]:
    """Look for leakage and for what a model refuses (faults), and for what weakens a verdict (notices)."""
    faults, notices = _refusals(experiment, evalset)
    unable = dict.fromkeys(_unable(experiment))
    leaks = (*_leaks(evalset), *_prompt_leaks(experiment, evalset))
    return (*unable, *faults, *leaks), (
        *notices,
        *_weak(experiment, evalset),
    )


def _unable(experiment: Experiment) -> Iterator[Fault]:
    """A model that is asked for something that its provider has no endpoint for."""
    for variant in experiment.variants:
        for model, task in variant.asked():
            try:
                require_task(model, cast("Task", task))
            except UsageError as error:
                yield from error.faults


def _refusals(experiment: Experiment, evalset: Evalset) -> tuple[list[Fault], list[Notice]]:
    """What a model will refuse of what is asked of it: a fault, or a notice where it is left out as the config says."""
    faults: dict[str, Fault] = {}
    dropped: dict[str, list[str]] = {}
    asked = [(variant, *one) for variant in experiment.variants for one in variant.asked()]
    for variant, model, task in asked:
        for objection in _objections(variant, model, task, evalset):
            if model.drop_unsupported and objection.key in {**model.params, **model.extra}:
                dropped.setdefault(model.name, []).append(objection.key)
                continue
            own = objection.key.partition(".")[0] in ("output", "tools")
            what = f"{f'variant {variant.name!r}' if own else f'model {model.name!r}'}: {objection.what}"
            fault = Fault(where=variant.where if own else model.where, what=what, next=objection.next)
            faults[str(fault)] = fault
    notices = [
        Notice(
            code="dropped_parameters",
            message=f"model '{name}' is asked without {', '.join(dict.fromkeys(keys))}",
        )
        for name, keys in dropped.items()
    ]
    return list(faults.values()), notices


def _objections(variant: Variant, model: ModelSpec, task: str, evalset: Evalset) -> Iterable[Objection]:
    provider = provider_of(model)
    if task not in provider.tasks:
        return ()
    if task in ("embed", "rerank"):
        return (*_of_answers_only(model, task), *_unfit(provider, model, cast("Task", task)))
    if task == "answer" and model == variant.model:
        output = replace(variant.output, schema=variant.output.schema or evalset.schema)
        return provider.objections(model, output, variant.tools)
    return provider.objections(model, OutputSpec(), ())


def _unfit(provider: object, model: ModelSpec, task: Task) -> Sequence[Objection]:
    return provider.unfit(model, task) if isinstance(provider, Particular) else ()


def _of_answers_only(model: ModelSpec, task: str) -> Iterator[Objection]:
    """Keys that nothing but an answer is asked with; a provider of the user's own may read them for more."""
    if ":" in model.provider:
        return
    fixed = {"stream": model.stream, "api": model.api != "chat", "prompt_cache": model.prompt_cache}
    for key in (*model.params, *(key for key, given in fixed.items() if given)):
        let = ", or say drop_unsupported: true" if key in model.params else ""
        what = f"{key} is for answers, and this model is asked to {task}"
        yield Objection(key=key, what=what, next=f"leave {key} out{let}")


def _leaks(evalset: Evalset) -> Iterator[Fault]:
    """Held-out text that stands in train, from which few-shot examples and tuned weights are made."""
    places = {row.id: row.where or row.id for rows in evalset.partitions.values() for row in rows}
    held_out = [row for name in JUDGED for row in evalset.partitions.get(name, ())]
    train = evalset.partitions.get("train", ())
    for overlap in find_overlaps(_texts(held_out), _texts(train)):
        share = (
            "is the same text as"
            if overlap.kind == "exact"
            else f"shares {overlap.share:.0%} of its text with"
        )
        yield Fault(
            where=places[overlap.held_out],
            what=f"leakage: {overlap.held_out} {share} train row {overlap.train} ({places[overlap.train]})",
            next="take one of the two out: a variant that learnt the row is not measured by it",
        )


def _prompt_leaks(experiment: Experiment, evalset: Evalset) -> Iterator[Fault]:
    """Held-out text that somebody wrote into a prompt as an example."""
    rows = {row.id: row for name in JUDGED for row in evalset.partitions.get(name, ())}
    prompts = {
        str(text): (stage.where, f"variants.{variant.name}.prompt.{part}")
        for variant in experiment.variants
        for stage in variant.stages
        for part in ("system", "user")
        if stage.kind == "prompt" and (text := stage.options.get(part))
    }
    for overlap in find_overlaps(_texts(list(rows.values())), [(text, text) for text in prompts]):
        where, key = prompts[overlap.train]
        row = rows[overlap.held_out]
        yield Fault(
            where=where,
            what=f"leakage: {overlap.share:.0%} of {row.id} ({row.where or row.id}) stands in {key}",
            next="take it out of the prompt, or out of the evalset",
        )


def _texts(rows: Sequence[Example]) -> list[tuple[str, str]]:
    return [(row.id, inputs_text(row.inputs)) for row in rows]


def _weak(experiment: Experiment, evalset: Evalset) -> Iterator[Notice]:
    golden, edge = evalset.partitions.get("golden", ()), evalset.partitions.get("edge", ())
    if len(golden) < FEWEST_GOLDEN:
        message = (
            f"golden has {len(golden)} examples; under {FEWEST_GOLDEN} only large differences can be seen"
        )
        yield Notice(code="few_examples", message=message, partition="golden")
    if not edge:
        message = "there is no edge partition: a gain on golden alone says nothing of what the variant does elsewhere"
        yield Notice(code="no_edge_partition", message=message, partition="edge")
    missing = [tag for tag in EDGE_TAGS if edge and not any(tag in row.tags for row in edge)]
    if missing:
        message = f"edge has no row tagged {', '.join(missing)}"
        yield Notice(code="edge_tag_missing", message=message, partition="edge")
    yield from _beside_retrieval(experiment, evalset)
    if not experiment.metrics:
        message = "no metrics are declared: only schema failures, cost and latency will be reported"
        yield Notice(code="no_metrics", message=message)
    if experiment.stop_early and all(gate.advisory for gate in experiment.gates):
        message = "stop_early has no gate that could decide a variant: nothing will stop"
        yield Notice(code="stop_early_idle", message=message)


def _beside_retrieval(experiment: Experiment, evalset: Evalset) -> Iterator[Notice]:
    """What keeps a run from telling where retrieval fails."""
    held = {document.id for document in evalset.documents}
    rows = [row for name, part in evalset.partitions.items() if name != "train" for row in part]
    places: dict[str, str] = {}
    for row in rows:
        for doc in row.relevant:
            places.setdefault(doc, f"'{doc}'{f' ({row.where})' if row.where else ''}")
    absent = [place for doc, place in places.items() if doc not in held]
    if held and absent:
        more = f" and {len(absent) - SHOWN_DOCUMENTS} more" if len(absent) > SHOWN_DOCUMENTS else ""
        shown = ", ".join(absent[:SHOWN_DOCUMENTS])
        message = f"relevant documents that are not in the corpus: {shown}{more}"
        yield Notice(code="documents_absent", message=message)
    if experiment.controls and not any(variant.retrieves for variant in experiment.variants):
        yield Notice(code="controls_idle", message="no variant looks anything up, so `controls:` adds none")
    elif experiment.controls and not any(row.relevant for row in rows):
        message = (
            "no example names its relevant documents, so that controls cannot tell where retrieval fails"
        )
        yield Notice(code="controls_idle", message=message)
