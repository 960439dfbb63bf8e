"""What has changed since a baseline was written, and so stands between it and a run."""

from collections.abc import Iterator, Mapping

from harness.text.figures import count
from harness.types.comparison import Baseline, Sides
from harness.types.run import Manifest
from harness.types.summary import Notice

CHOSEN = ("limit", "tags", "only")
"""What makes a run one of a part of its rows."""
_BESIDE = frozenset({"schema", "prices"})


def stale(manifest: Manifest, sides: Sides, baseline: Baseline) -> tuple[Notice, ...]:
    """Tell which rows, scorers, schema and prices are not those of the baseline, and whose version wrote it.

    Rows that a run left out by its flags, or may have since it stops early, are no sign of age.
    """
    part = bool(manifest.looks) or any(manifest.selection.get(key) for key in CHOSEN)
    told = (
        *_rows(sides, baseline, whole=not part),
        *_judges(sides, baseline),
        *_prices(sides, baseline),
        *_version(manifest, baseline),
    )
    return tuple(Notice(code="baseline_stale", message=f"the baseline {said}") for said in told)


def _rows(sides: Sides, baseline: Baseline, *, whole: bool) -> Iterator[str]:
    now, then = _digests(sides), _digests(baseline.sides)
    for partition in (name for name in now if name in then):
        ours, theirs = now[partition], then[partition]
        changed = sum(ours[id_] != theirs[id_] for id_ in ours.keys() & theirs.keys())
        new, missing = len(ours.keys() - theirs.keys()), len(theirs.keys() - ours.keys()) if whole else 0
        counts = {"changed": changed, "new": new, "missing": missing}
        if any(counts.values()):
            told = ", ".join(f"{count(number)} {name}" for name, number in counts.items() if number)
            yield f"knows other rows of {partition}: {told}; only the {count(len(ours) - changed - new)} that are the same are compared"


def _digests(sides: Sides) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (_, partition), side in sides.items():
        found.setdefault(partition, {}).update(zip(side.examples, side.digests, strict=True))
    return found


def _judges(sides: Sides, baseline: Baseline) -> Iterator[str]:
    now, then = _identity(sides), _identity(baseline.sides)
    if now.keys() & then.keys() and now["schema"] != then["schema"]:
        yield "was judged by another answer schema: no quality is compared with it"
    for metric in sorted((now.keys() & then.keys()) - _BESIDE):
        if now[metric] != then[metric]:
            yield f"was judged by another scorer of '{metric}', or other options of it: '{metric}' is not compared with it"
    for metric in sorted(now.keys() - then.keys()):
        yield f"has no metric '{metric}'"


def _identity(sides: Sides) -> Mapping[str, str]:
    return next((side.identity for side in sides.values()), {})


def _prices(sides: Sides, baseline: Baseline) -> Iterator[str]:
    then = {variant: side.identity.get("prices") for (variant, _), side in baseline.sides.items()}
    now = {variant: side.identity.get("prices") for (variant, _), side in sides.items()}
    other = [name for name in now if name in then and now[name] != then[name]]
    if other:
        yield f"was priced otherwise ({', '.join(other)}): no cost is compared with it"


def _version(manifest: Manifest, baseline: Baseline) -> Iterator[str]:
    own = manifest.versions.get("variant-harness", "")
    if own and baseline.version and own != baseline.version:
        yield f"was written by harness {baseline.version}, and this run by {own}"
