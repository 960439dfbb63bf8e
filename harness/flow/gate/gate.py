"""The step itself: every gate on every variant that it is about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from harness.flow.gate.absolute import absolute
from harness.flow.gate.case import LEVEL, Case, Reading
from harness.flow.gate.certificate import certificate
from harness.flow.gate.comparative import comparative
from harness.flow.gate.edge import edge
from harness.flow.gate.ruling import Ruling, Tested, ruling
from harness.stats.multiple import holm
from harness.types.comparison import Evidence
from harness.types.experiment import Gate, GateKind
from harness.types.run import Manifest
from harness.types.summary import Summary, Verdict

_READ: Mapping[GateKind, Callable[[Case], Reading]] = {
    "absolute": absolute,
    "comparative": comparative,
    "certificate": certificate,
    "edge": edge,
}


def gate(summary: Summary, manifest: Manifest, evidence: Evidence) -> tuple[Verdict, ...]:
    """Judge every gate on every variant that it is about.

    Fail where it is shown to be broken, pass where it is shown to be kept, else inconclusive: by one-sided 95 % bounds, or
    those that `evidence.levels` asks for. A comparative gate fails by its p, adjusted for all comparative gates and
    variants of the run (Holm, at `manifest.alpha`), or by what `evidence.fails` allows. What was not measured never
    passes. Where the harness itself was late its times are too long, never too short: they may still keep a bound from
    above, and break none. A gate on a stage that names no variant is about those candidates that have the stage.

    Raises UsageError for a gate that is held against a baseline where none is given.
    """
    cases = [
        Case(gate=one, variant=variant, summary=summary, manifest=manifest, evidence=evidence)
        for one in manifest.gates
        for variant in _judged(one, summary, manifest)
    ]
    readings = [_READ[case.gate.kind](case) for case in cases]
    return tuple(
        _verdict(case, found, tested)
        for case, found, tested in zip(cases, readings, _tested(cases, readings), strict=True)
    )


def _judged(one: Gate, summary: Summary, manifest: Manifest) -> Iterator[str]:
    for name in manifest.candidates if one.variant is None else (one.variant,):
        variant = summary.variants.get(name)
        if variant is None or name == _other(one, manifest):
            continue  # not run, as the flags have it; or what the others are held against
        measured = {stage for part in variant.partitions.values() for stage in part.latency.stages}
        if one.variant or one.stage is None or one.stage in (*manifest.stages.get(name, ()), *measured):
            yield name


def _other(one: Gate, manifest: Manifest) -> str | None:
    return manifest.control if one.versus == "control" else one.versus


def _tested(cases: Sequence[Case], readings: Sequence[Reading]) -> list[Tested]:
    """Adjust every p for the others; advice, which can fail no run, weakens none, and is adjusted for itself.

    A gate that is judged by its value alone is not tested.
    """
    tested = [Tested()] * len(cases)
    for advisory in (False, True):
        p = {
            at: found.p
            for at, (case, found) in enumerate(zip(cases, readings, strict=True))
            if found.p is not None and case.gate.judge == "interval" and case.gate.advisory == advisory
        }
        for at, adjusted in zip(p, holm(list(p.values())), strict=True):
            case = cases[at]
            most = case.evidence.fails.get(case.variant)
            shown = adjusted <= case.manifest.alpha if most is None else p[at] <= most
            tested[at] = Tested(p=adjusted, within=len(p), shown=shown)
    return tested


def _verdict(case: Case, found: Reading, tested: Tested) -> Verdict:
    one, made = case.gate, ruling(case, found, tested)
    verdict: Literal["pass", "fail", "inconclusive"] = (
        "inconclusive" if made.keeps is None else "pass" if made.keeps else "fail"
    )
    return Verdict(
        gate=str(one),
        variant=case.variant,
        verdict=verdict,
        value=found.value,
        ci=(None, None) if one.judge == "point" else found.ci,
        bound=one.bound + 0.0,
        why=f"{made.why}{_sureness(case, found)}",
        counts=_counts(one, made, measured=not found.void),
        metric=one.metric,
        partition=one.partition,
        stage=one.stage,
        versus=found.versus,
        n=found.n,
        level=case.level,
        p=found.p,
        p_adjusted=tested.p,
        mde=found.mde,
        wins=found.wins,
        losses=found.losses if found.wins is not None else None,
        lost=found.lost,
        share=case.share,
    )


def _sureness(case: Case, found: Reading) -> str:
    """Bounds other than those of a run that is looked at once say so."""
    if case.level == LEVEL or found.void or case.gate.judge == "point":
        return ""
    return f" (repeated interval: bounds at {case.level * 100:.4f} %, since the run may stop early)"


def _counts(one: Gate, made: Ruling, *, measured: bool) -> Literal["pass", "warn", "fail", "undecided"]:
    if made.keeps:
        return "pass"
    if one.advisory:
        return "warn"
    if made.keeps is False:
        return "fail"
    if not measured or one.inconclusive == "fail":
        return "undecided"
    return "pass" if one.inconclusive == "pass" else "warn"
