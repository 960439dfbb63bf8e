"""What a look at a run makes of its variants: which go on, and why the others need not."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.types.experiment import Gate
from harness.types.run import Manifest
from harness.types.summary import Decision, Verdict

Ruling = tuple[Decision, str]
"""The decision, and why."""

_ALL: Ruling = ("go on", "no gate of the run decides on any")
_UNGATED: Ruling = ("go on", "no gate is about it, and others are undecided")
_OVER: Ruling = ("not needed", "every variant that a gate is about is decided")


def decide(
    manifest: Manifest,
    running: Collection[str],
    verdicts: Iterable[Verdict],
    standing: Iterable[Verdict],
    fallen: Mapping[str, str],
) -> Mapping[str, Ruling]:
    """Rule on every variant that is still asked.

    A variant is hopeless once one of its gates has failed, and shown once all are passed. Advisory gates decide nothing; one
    that waits for the end (Gate.waits) fails nothing before, but a variant is shown only while it stands as passed, and with
    a certificate to win only at the end. While a variant is undecided it goes on, and so does what it is held against: the control, and the variants that its gates name. A variant without
    any gate goes on while one is undecided, an aid while one that it serves goes on. Without any gate that decides, all
    go on.

    Args:
        manifest: with every gate of the run, and the plan as it was made.
        running: the variants that were not stopped before.
        verdicts: on gates that do not wait, as the look found them; none where a count alone decides.
        standing: on those that wait, as they stand, certificates left out.
        fallen: variant → why a count of failures has decided it.
    """
    gates = {variant: _binding(manifest, variant) for variant in manifest.plan}
    if not any(gates.values()):
        return dict.fromkeys(running, _ALL)
    found, held = _by_variant(verdicts), _by_variant(standing)
    own = {
        variant: _own(gates[variant], found.get(variant, []), held.get(variant, [])) for variant in running
    }
    own |= {variant: ("hopeless", why) for variant, why in fallen.items() if variant in own}
    undecided = [variant for variant, (decision, _) in own.items() if decision == "go on" and gates[variant]]
    needed = _needed(manifest, [gate for variant in undecided for gate in gates[variant]])
    ruled = dict(own)
    for variant, ruling in own.items():
        if variant in undecided:
            continue
        if variant in needed:
            ruled[variant] = _kept_for(ruling)
        elif not gates[variant]:
            ruled[variant] = _UNGATED if undecided else _OVER
    return {**ruled, **{aid: _aiding(manifest, aid, ruled) for aid in ruled if aid in manifest.aid}}


def _binding(manifest: Manifest, variant: str) -> list[Gate]:
    """The gates that it must pass."""
    return [
        gate
        for gate in manifest.gates
        if not gate.advisory and variant in (manifest.candidates if gate.variant is None else (gate.variant,))
    ]


def _by_variant(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.variant, []).append(verdict)
    return found


def _own(gates: Sequence[Gate], verdicts: Sequence[Verdict], standing: Sequence[Verdict]) -> Ruling:
    """What its own gates make of it."""
    failed = next((one for one in verdicts if one.verdict == "fail"), None)
    if failed is not None:
        return "hopeless", f"{failed.gate}: {failed.why}"
    passed = sum(one.verdict == "pass" for one in (*verdicts, *standing))
    of = len(verdicts) + len(standing) + sum(gate.kind == "certificate" for gate in gates)
    if passed and passed == of:
        return "shown", "its gate is passed" if of == 1 else f"all its {of} gates are passed"
    return "go on", f"{passed} of its {of} gates passed, none failed"


def _needed(manifest: Manifest, gates: Sequence[Gate]) -> set[str]:
    """What the gates of the undecided hold them against; the control always, since every table does."""
    named = {str(gate.versus) for gate in gates if gate.versus not in (None, "control", "baseline")}
    return {*named, manifest.control} if gates else set()


def _kept_for(own: Ruling) -> Ruling:
    decision, why = own
    said = "" if decision == "go on" else f"{decision} by itself ({why}), but "
    return "go on", f"{said}an undecided variant is held against it"


def _aiding(manifest: Manifest, aid: str, ruled: Mapping[str, Ruling]) -> Ruling:
    served = [variant for variant, aids in manifest.aided.items() if aid in aids.values()]
    if any(ruled[variant][0] == "go on" for variant in served if variant in ruled):
        return "go on", "a variant that it serves goes on"
    return "not needed", "no variant that it serves goes on"
