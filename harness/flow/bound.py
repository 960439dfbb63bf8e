"""What a plan may cost at most, before a single call is made."""

from collections.abc import Mapping, Sequence

from harness.calls.money import bound_usd, unbounded
from harness.registry import provider_of
from harness.types.call import Request
from harness.types.evalset import Example
from harness.types.experiment import ModelSpec, OutputSpec, Variant
from harness.types.line import Line
from harness.types.plugins import BoundedStage
from harness.types.run import CostBound
from harness.types.trial import Draft, Trial


def bound(
    variants: Sequence[Variant],
    lines: Mapping[str, Line],
    trials: Sequence[Trial],
    examples: Mapping[str, Example],
) -> tuple[CostBound, ...]:
    """Bound each planned variant's cost: every prompt at its longest, every answer too.

    `lines` hold the stages that come before the call; `variants` have their output schema resolved.
    """
    return tuple(
        _of_variant(variant, lines[variant.name], own, examples)
        for variant in variants
        if (own := [trial for trial in trials if trial.variant == variant.name])
    )


def _of_variant(
    variant: Variant, line: Line, trials: Sequence[Trial], examples: Mapping[str, Example]
) -> CostBound:
    model = variant.model
    if model is None or not provider_of(model).live:
        return CostBound(variant=variant.name, calls=0, usd=0.0)
    longest_tokens = provider_of(model).longest_answer_tokens
    why = _why(model, longest_tokens, line)
    if why is not None:
        return CostBound(variant=variant.name, calls=len(trials), usd=None, why=why)
    each: dict[str, float] = {}
    for trial in trials:
        if trial.example_id not in each:
            request = _longest(variant, line, trial, examples[trial.example_id])
            each[trial.example_id] = bound_usd(model, request, longest_tokens) or 0.0
    return CostBound(
        variant=variant.name, calls=len(trials), usd=sum(each[trial.example_id] for trial in trials)
    )


def _why(model: ModelSpec, longest_tokens: int | None, line: Line) -> str | None:
    why = unbounded(model, longest_tokens)
    if why is not None:
        return f"model '{model.name}': {why}"
    unknown = [stage.name for stage in line.stages if not isinstance(stage, BoundedStage)]
    return f"how much the stage '{unknown[0]}' writes is not known" if unknown else None


def _longest(variant: Variant, line: Line, trial: Trial, example: Example) -> Request:
    draft = Draft(trial=trial, inputs=example.inputs, seed=0)
    for stage in line.stages:
        assert isinstance(stage, BoundedStage)
        draft = stage.longest(draft)
    output: OutputSpec = variant.output
    return Request(messages=draft.messages, inputs=example.inputs, output=output, tools=variant.tools)
