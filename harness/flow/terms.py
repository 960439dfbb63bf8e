"""On what terms the variants of a run are compared: fixed by its config, before anything is looked at."""

from harness.types.comparison import ALWAYS, ALWAYS_SHARES, Better, Terms
from harness.types.run import Manifest


def terms(manifest: Manifest) -> Terms:
    """Read them from a manifest: what decides, which way is better, and the margins that its gates allow.

    Where several gates allow margins on one metric and partition, the smallest holds.
    """
    declared: dict[str, Better] = {one.name: one.better for one in manifest.metrics if one.better is not None}
    margins: dict[tuple[str, str], float] = {}
    for gate in manifest.gates:
        if gate.margin is not None:
            key = (gate.metric, gate.partition)
            margins[key] = min(gate.margin, margins.get(key, gate.margin))
    primary = manifest.primary
    return Terms(
        primary=primary.name if primary else None,
        better={**declared, **ALWAYS},
        shares=frozenset(
            (
                *(one.name for one in manifest.metrics if one.judges != "facts"),
                *ALWAYS_SHARES,
            )
        ),
        times=frozenset(one.name for one in manifest.metrics if one.scorer == "latency"),
        costs=frozenset(one.name for one in manifest.metrics if one.scorer == "cost"),
        alpha=manifest.alpha,
        margins=margins,
        against=manifest.control,
        aids=frozenset(manifest.aid),
        seed=manifest.seed,
    )
