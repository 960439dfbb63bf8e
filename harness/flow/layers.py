"""In which layers each variant differs from the control."""

from collections.abc import Mapping
from typing import Any

from harness.types.experiment import Experiment, Variant

_STAGES = {"fewshot": "few-shot", "retrieve": "retrieval", "rerank": "rerank", "prompt": "prompt"}
_OURS = frozenset({*_STAGES, "generate"})


def layers(experiment: Experiment) -> dict[str, tuple[str, ...]]:
    """Variant → the layers in which it is not the control; empty for the control itself."""
    control = _parts(experiment.variant(experiment.control))
    return {variant.name: _differing(_parts(variant), control) for variant in experiment.variants}


def _parts(variant: Variant) -> dict[str, Any]:
    """Layer → what it is made of, as something that compares."""
    parts: dict[str, Any] = {
        _STAGES[stage.kind]: dict(stage.options) for stage in variant.stages if stage.kind in _STAGES
    }
    own = [(stage.kind, dict(stage.options)) for stage in variant.stages if stage.kind not in _OURS]
    if own:
        parts["own stage"] = own
    parts["model"] = _model(variant)
    parts["output"] = (variant.output.mode, variant.output.schema)
    if variant.tools:
        parts["tools"] = list(variant.tools)
    return parts


def _model(variant: Variant) -> Any:
    model = variant.model
    if model is None:
        return None
    return (model.provider, model.model, dict(model.params), dict(model.extra), model.base_url)


def _differing(own: Mapping[str, Any], control: Mapping[str, Any]) -> tuple[str, ...]:
    names = [*own, *(name for name in control if name not in own)]
    return tuple(name for name in names if own.get(name) != control.get(name))
