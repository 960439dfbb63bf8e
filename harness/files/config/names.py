"""Whether every name that the file says is the name of something in it, and which of its parts wait for later."""

from collections.abc import Iterator
from itertools import combinations

from harness.files.config.gates import check_gates
from harness.files.config.shape import Ablation, ExperimentFile
from harness.files.config.site import At, Site
from harness.types.experiment import Experiment


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
    check_gates(shape.gates, known, experiment, site)
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


def _top(shape: ExperimentFile) -> Iterator[At]:
    if shape.ablation:
        yield ("ablation",)
