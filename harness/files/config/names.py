"""Whether every name that the file says is the name of something in it, and which of its parts wait for later."""

from collections.abc import Iterator
from itertools import combinations

from harness.files.config.metrics import ALWAYS
from harness.files.config.shape import Ablation, ExperimentFile, Gate
from harness.files.config.site import At, Site
from harness.types.experiment import Experiment

_CRITERIA = ("at_least", "at_most", "versus", "certify_below")


def control_and_candidates(shape: ExperimentFile, site: Site) -> tuple[str, tuple[str, ...]]:
    """The variant that the others are compared with, and those that gates judge."""
    known = variant_names(shape)
    control = shape.control or next(iter(shape.variants))
    if control not in known:
        site.unknown(("control",), "variant", control, known)
    candidates = shape.candidate
    if candidates is None:
        candidates = [name for name in shape.variants if name != control]
    for n, name in enumerate(candidates):
        if name not in known:
            site.unknown(("candidate", n), "variant", name, known)
        elif name == control:
            site.fault(
                ("candidate", n), f"'{name}' is the control", "name another variant, or another control"
            )
    site.written[("control",)] = control
    site.written[("candidate",)] = list(candidates)
    return control, tuple(candidates)


def variant_names(shape: ExperimentFile) -> list[str]:
    """Every variant, those that an ablation makes among them."""
    return [*shape.variants, *(_ablated(shape.ablation) if shape.ablation else ())]


def check_names(shape: ExperimentFile, experiment: Experiment, site: Site) -> None:
    """Note every gate, economics entry and ablation that names what is not there."""
    known = variant_names(shape)
    for n, gate in enumerate(shape.gates):
        _check_gate(gate, ("gates", n), known, experiment, site)
    for name in shape.economics.variants if shape.economics else ():
        if name not in known:
            site.unknown_key(("economics", "variants", name), "variant", name, known)
    if shape.ablation and shape.ablation.base not in shape.variants:
        site.unknown(("ablation", "base"), "variant", shape.ablation.base, list(shape.variants))


def later(shape: ExperimentFile, site: Site) -> dict[str, str]:
    """Every part that would act in a run and is not built yet: dotted key → `file:line`."""
    places = [*_top(shape)]
    return {_dotted(place): site.where(*place) for place in dict.fromkeys(places)}


def _dotted(place: At) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)[1:]


def _ablated(ablation: Ablation) -> Iterator[str]:
    layers = list(ablation.layers)
    for size in range(1, len(layers) + 1):
        for chosen in combinations(layers, size):
            yield "+".join((ablation.base, *chosen))


def _check_gate(gate: Gate, at: At, known: list[str], experiment: Experiment, site: Site) -> None:
    metrics = [*(metric.name for metric in experiment.metrics), *ALWAYS]
    if gate.metric not in metrics:
        site.unknown((*at, "metric"), "metric", gate.metric, metrics)
    if gate.variant is not None and gate.variant not in known:
        site.unknown((*at, "variant"), "variant", gate.variant, known)
    words = ["control", "baseline", *known]
    if gate.versus is not None and gate.versus not in words:
        site.unknown((*at, "versus"), "variant", gate.versus, words)
    stages = [stage.kind for variant in experiment.variants for stage in variant.stages]
    own = any(":" in kind for kind in stages)
    if gate.stage is not None and gate.stage not in stages and not own:
        site.unknown((*at, "stage"), "stage", gate.stage, list(dict.fromkeys(stages)))
    criteria = [key for key in _CRITERIA if getattr(gate, key) is not None]
    if len(criteria) != 1:
        said = f"has {' and '.join(criteria)}" if criteria else "has none"
        site.fault_key(at, f"a gate has exactly one of {', '.join(_CRITERIA)}; this one {said}")
    if gate.margin is not None and gate.versus is None:
        site.fault_key((*at, "margin"), "a margin needs versus:", "add versus: control")


def _top(shape: ExperimentFile) -> Iterator[At]:
    if shape.ablation:
        yield ("ablation",)
