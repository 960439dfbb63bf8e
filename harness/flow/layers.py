"""In which layers each variant differs from the control."""

from collections.abc import Mapping
from typing import Any

from harness.types.experiment import Experiment, ModelSpec, StageSpec, Variant

_STAGES = {
    "fewshot": "few-shot",
    "rewrite": "retrieval",
    "embed": "retrieval",
    "retrieve": "retrieval",
    "rerank": "rerank",
    "oracle": "oracle",
    "prompt": "prompt",
}
_OURS = frozenset({*_STAGES, "generate"})


def layers(experiment: Experiment) -> dict[str, tuple[str, ...]]:
    """Variant → the layers in which it is not the control; empty for the control itself."""
    control = _parts(experiment.variant(experiment.control))
    return {variant.name: _differing(_parts(variant), control) for variant in experiment.variants}


def _parts(variant: Variant) -> dict[str, Any]:
    """Layer → what it is made of, as something that compares."""
    parts: dict[str, Any] = {}
    for stage in variant.stages:
        if stage.kind in _STAGES and (stage.kind != "embed" or stage.looks_up):
            parts.setdefault(_STAGES[stage.kind], []).append((stage.kind, _told(stage)))
    own = [(stage.kind, dict(stage.options)) for stage in variant.stages if stage.kind not in _OURS]
    if own:
        parts["own stage"] = own
    parts["model"] = _model(variant)
    parts["output"] = (variant.output.mode, variant.output.schema)
    if variant.tools:
        parts["tools"] = list(variant.tools)
    return parts


def _told(stage: StageSpec) -> dict[str, Any]:
    return {
        key: _spec(value) if isinstance(value, ModelSpec) else value for key, value in stage.options.items()
    }


def _model(variant: Variant) -> Any:
    return _spec(variant.model)


def _spec(model: ModelSpec | None) -> Any:
    """What makes a model the same one, wherever it stands in the file."""
    if model is None:
        return None
    return (model.provider, model.model, dict(model.params), dict(model.extra), model.base_url)


def _differing(own: Mapping[str, Any], control: Mapping[str, Any]) -> tuple[str, ...]:
    names = [*own, *(name for name in control if name not in own)]
    return tuple(name for name in names if own.get(name) != control.get(name))
