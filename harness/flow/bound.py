"""What a plan may cost at most, before a single call is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.calls.money import bound_usd, unbounded
from harness.registry import provider_of
from harness.text.canonical import canonical
from harness.types.call import Request
from harness.types.evalset import Example
from harness.types.experiment import ModelSpec, OutputSpec, Variant
from harness.types.line import Line
from harness.types.plugins import AskingStage, BoundedStage, ComputeStage, IndexingStage
from harness.types.run import CostBound
from harness.types.trial import Draft, Trial

INDEX = "(index)"
"""Stands for a variant's name where documents are embedded: no variant's trial pays for it."""


def bound(
    variants: Sequence[Variant],
    lines: Mapping[str, Line],
    trials: Sequence[Trial],
    examples: Mapping[str, Example],
) -> tuple[CostBound, ...]:
    """Bound each planned variant's cost: every call of every trial, every prompt at its longest, every answer too.

    `lines` hold the stages that come before the call; `variants` have their output schema resolved.
    """
    each = tuple(
        _of_variant(variant, lines[variant.name], own, examples)
        for variant in variants
        if (own := [trial for trial in trials if trial.variant == variant.name])
    )
    return (*_of_indexes([lines[bound.variant] for bound in each]), *each)


def _of_indexes(lines: Sequence[Line]) -> tuple[CostBound, ...]:
    """What embedding the documents costs, each text once a model, where nothing is kept from earlier runs."""
    asked = {
        canonical([replace(model, where=""), request]): (model, request)
        for line in lines
        for stage in line.stages
        if isinstance(stage, IndexingStage)
        for model, request in stage.index_asks
    }
    if not asked:
        return ()
    asks = [_bounded(model, request) for model, request in asked.values()]
    why = next((ask.why for ask in asks if ask.why), "")
    usd = None if why else sum(ask.usd for ask in asks)
    return (CostBound(variant=INDEX, calls=len(asks), usd=usd, why=why),)


def _of_variant(
    variant: Variant, line: Line, trials: Sequence[Trial], examples: Mapping[str, Example]
) -> CostBound:
    model = variant.model
    if model is None or not provider_of(model).live:
        return CostBound(variant=variant.name, calls=0, usd=0.0)
    each: dict[str, tuple[_Ask, ...]] = {}
    for trial in trials:
        if trial.example_id not in each:
            asks = _asks(variant, line, trial, examples[trial.example_id])
            each[trial.example_id] = () if isinstance(asks, str) else asks
            why = asks if isinstance(asks, str) else next((ask.why for ask in asks if ask.why), None)
            if why:
                return CostBound(
                    variant=variant.name,
                    calls=len(trials) * max(1, len(each[trial.example_id])),
                    usd=None,
                    why=why,
                )
    planned = [ask for trial in trials for ask in each[trial.example_id]]
    return CostBound(variant=variant.name, calls=len(planned), usd=sum(ask.usd for ask in planned))


@dataclass(frozen=True, slots=True)
class _Ask:
    """One call at its longest; `why` where it has no bound."""

    usd: float
    why: str = ""


def _asks(variant: Variant, line: Line, trial: Trial, example: Example) -> tuple[_Ask, ...] | str:
    """Every call of one trial; a stage of which nobody knows what it writes or asks is the reason why there is no bound."""
    draft = Draft(trial=trial, inputs=example.inputs, seed=0)
    asks: list[_Ask] = []
    for stage in line.stages:
        if isinstance(stage, AskingStage):
            asks += [_bounded(model, request) for model, request in stage.asks(draft)]
        elif not isinstance(stage, ComputeStage):
            return f"what the stage '{stage.name}' asks is not known"
        if not isinstance(stage, BoundedStage):
            return f"how much the stage '{stage.name}' writes is not known"
        draft = stage.longest(draft)
    output: OutputSpec = variant.output
    request = Request(messages=draft.messages, inputs=example.inputs, output=output, tools=variant.tools)
    assert variant.model is not None
    return (*asks, _bounded(variant.model, request))


def _bounded(model: ModelSpec, request: Request) -> _Ask:
    longest_tokens = provider_of(model).longest_answer_tokens
    why = unbounded(model, longest_tokens, request.task)
    if why is not None:
        return _Ask(0.0, f"model '{model.name}': {why}")
    return _Ask(bound_usd(model, request, longest_tokens) or 0.0)
