"""How sure a gate must be where a run may stop early: more so the earlier it is judged."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from harness.stats.sequential import bounds, level
from harness.types.run import Manifest
from harness.types.summary import Look

ONE_SIDED = 0.05
"""What the bounds of a gate spend over all looks: at a single one they stand at 95 %."""


def levels(
    manifest: Manifest, looks: Iterable[Look], at: int
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Variant → the one-sided confidence of its bounds, and what the p of a comparative gate must not exceed to fail it.

    As types.comparison.Evidence has them; nothing for a run that does not stop early. `at`: the look, from 1, that the
    variants have come to which were not stopped. One that was is judged by the bounds of its own look; by those of the
    last one before it, where a count of failures decided.

    A bound passes a gate at the O'Brien-Fleming level of 5 % in that look. To fail a comparative gate p must cross the
    level of alpha / m, with m the comparative gates of the run, one a variant: Bonferroni over the family instead of
    Holm, whose steps would depend on gates that are not decided yet. Shares are the planned ones, reached to one example
    a partition; trials without a value are missing from every look alike.
    """
    if not manifest.looks:
        return {}, {}
    stopped = {look.variant: look for look in looks if look.stops}
    passes = _spent(manifest.looks, ONE_SIDED)
    fails = _spent(manifest.looks, manifest.alpha / max(1, _family(manifest)))
    reached = {
        variant: _reached(manifest, stopped[variant]) if variant in stopped else at
        for variant in manifest.plan
    }
    return (
        {variant: 1 - passes[look - 1] for variant, look in reached.items()},
        {variant: fails[look - 1] for variant, look in reached.items()},
    )


def _family(manifest: Manifest) -> int:
    """Verdicts of comparative gates that can fail the run: each is a chance of a false alarm."""
    return sum(
        sum(
            name in manifest.plan
            for name in (manifest.candidates if gate.variant is None else (gate.variant,))
        )
        for gate in manifest.gates
        if gate.kind in ("comparative", "edge") and not gate.advisory
    )


def _reached(manifest: Manifest, look: Look) -> int:
    share = look.tried / look.planned if look.planned else 0.0
    return look.look or max(1, sum(share >= planned for planned in manifest.looks))


@lru_cache(maxsize=64)
def _spent(looks: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """By look, the one-sided p that crosses its bound."""
    return tuple(level(-bound) for bound in bounds(looks, alpha))
