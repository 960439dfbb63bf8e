"""Baseline files: what a run came to, example by example, small enough to be committed and laid out to be read in a diff."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

from harness.errors import Fault, UsageError
from harness.files.exposures import rows_digest
from harness.text.canonical import digest
from harness.types.comparison import WHOLE, Baseline, Noise, Samples, Side, Sides
from harness.types.experiment import Gate
from harness.types.run import Manifest

FORMAT = 1
DIGITS = 16
_DEPTH = {"examples": 2, "noise": 2, "sides": 4}
"""Levels of a part whose entries stand on lines of their own, where they are not one; a list is one line."""


def baseline_of(file: Path, manifest: Manifest, sides: Sides, noise: Iterable[Noise]) -> Baseline:
    """What is kept of a run: of its variants those that have `sides`, of these marks and whole times."""
    rows: dict[str, dict[str, str]] = {}
    for (_, partition), side in sides.items():
        rows.setdefault(partition, {}).update(zip(side.examples, side.digests, strict=True))
    names = dict.fromkeys(variant for variant, _ in sides)
    primary = manifest.primary
    return Baseline(
        file=str(file),
        experiment=manifest.experiment,
        run=manifest.id,
        version=manifest.versions.get("variant-harness", ""),
        control=manifest.control,
        primary=primary.name if primary else None,
        sides=sides,
        rows={partition: rows_digest(found) for partition, found in rows.items()},
        asked={name: asked_digest(manifest.config, name) for name in names},
        noise=tuple(one for one in noise if (one.variant, one.partition) in sides),
    )


def asked_digest(config: Mapping[str, Any], variant: str) -> str:
    """What a resolved config says of a variant and of the models that it names, prices left out, in 16 hex digits."""
    variants = config.get("variants") or {}
    told = variants.get(variant) or {"ablation": config.get("ablation"), "variants": variants}
    models = config.get("models") or {}
    named = {name for name in _words(told) if name in models}
    asked = {
        name: {key: value for key, value in models[name].items() if key not in ("price", "limits")}
        for name in sorted(named)
    }
    return digest({"variant": told, "models": asked})[:DIGITS]


def write_baseline(baseline: Baseline) -> None:
    """Write a baseline to its file: the same run, the same bytes. Raises UsageError where that cannot be done."""
    file = Path(baseline.file)
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(_laid_out(_document(baseline)), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise UsageError(Fault(where=str(file), what=what, next="name another file: --to FILE")) from None


def read_baseline(file: Path) -> Baseline:
    """Read a baseline file. Raises UsageError: it is missing, is none, or a newer harness wrote it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _unfit(file, "there is no such baseline", "write it: harness baseline RUN") from None
    except (OSError, ValueError) as error:
        raise _unfit(file, f"cannot be read as a baseline ({error})", _MAKE) from None
    number = found.get("format") if isinstance(found, dict) and "sides" in found else None
    if not isinstance(number, int):
        raise _unfit(file, "is no baseline", _MAKE)
    if number > FORMAT:
        what = f"is a baseline of format {number}, and this harness reads up to {FORMAT}"
        raise _unfit(file, what, "update the harness, or write it again: harness baseline RUN")
    try:
        return _baseline(file, found)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"is no whole baseline ({type(error).__name__}: {error})"
        raise _unfit(file, what, _MAKE) from None


def baseline_for(gates: Sequence[Gate], file: str | Path | None) -> Baseline | None:
    """Read the baseline where a gate is held against it. Raises UsageError where that cannot be done."""
    asking = next((gate for gate in gates if gate.versus == "baseline"), None)
    if asking is None:
        return None
    if file is None:
        what = f"the gate '{asking}' has no baseline to be held against"
        raise UsageError(Fault(where=asking.where, what=what, next="name the file: baseline: FILE"))
    if not Path(file).exists():
        what = f"the gate '{asking}' is held against {file}, which is not there"
        hint = "write it: harness run CONFIG --no-gate, then harness baseline latest"
        raise UsageError(Fault(where=asking.where, what=what, next=hint))
    return read_baseline(Path(file))


_MAKE = "name a file that harness baseline wrote"


def _unfit(file: Path, what: str, hint: str) -> UsageError:
    return UsageError(Fault(where=str(file), what=what, next=hint))


def _words(told: Any) -> Iterator[str]:
    match told:
        case str():
            yield told
        case Mapping():
            for value in told.values():
                yield from _words(value)
        case list() | tuple():
            for value in told:
                yield from _words(value)


def _document(baseline: Baseline) -> dict[str, Any]:
    examples: dict[str, dict[str, list[str]]] = {}
    for (_, partition), side in baseline.sides.items():
        held = examples.setdefault(partition, {})
        for id_, row, tags in zip(side.examples, side.digests, side.tags, strict=True):
            held[id_] = [row, *tags]
    sides: dict[str, dict[str, Any]] = {}
    for (variant, partition), side in baseline.sides.items():
        sides.setdefault(variant, {})[partition] = _kept(side, sorted(examples[partition]))
    identity: dict[str, str] = {}
    for side in baseline.sides.values():
        identity |= side.identity
    return {
        "format": FORMAT,
        "experiment": baseline.experiment,
        "run": baseline.run,
        "harness": baseline.version,
        "control": baseline.control,
        "primary": baseline.primary,
        "identity": {name: held for name, held in identity.items() if name != "prices"},
        "prices": {variant: side.identity.get("prices", "") for (variant, _), side in baseline.sides.items()},
        "asked": dict(baseline.asked),
        "rows": dict(baseline.rows),
        "noise": _noise(baseline.noise),
        "examples": examples,
        "sides": sides,
    }


def _kept(side: Side, ids: Sequence[str]) -> dict[str, Any]:
    """One side in the order of all examples of its partition; null for one that it was not asked."""
    places = {id_: place for place, id_ in enumerate(side.examples)}
    order = [places.get(id_) for id_ in ids]
    marks = {
        name: [None if place is None else _number(float(values[place])) for place in order]
        for name, values in side.marks.items()
    }
    kept: dict[str, Any] = {"repeats": side.repeats, "flips": list(side.flips), "marks": marks}
    times = side.times.get(WHOLE)
    if times is not None:
        samples: dict[int, list[float]] = {}
        for ms, place in zip(times.ms, times.examples, strict=True):
            samples.setdefault(int(place), []).append(_ms(float(ms)))
        found = [samples.get(-1 if place is None else place, []) for place in order]
        kept["latency_ms"] = [one if len(one) > 1 else one[0] if one else None for one in found]
        kept["timed_out"] = times.timed_out
    return kept


def _number(value: float) -> float | int | None:
    """As it is, to the last bit, so that a run held against its own baseline differs nowhere; whole numbers without a point."""
    return None if isnan(value) else int(value) if value.is_integer() else value


def _ms(value: float) -> float | int:
    """A tenth of a millisecond, or four digits of what is shorter: no time becomes 0."""
    rounded = round(value, 1) if value >= 100 else float(f"{value:.4g}")
    return int(rounded) if rounded.is_integer() else rounded


def _noise(told: Iterable[Noise]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in told:
        figures = asdict(one)
        found.setdefault(figures.pop("variant"), {})[figures.pop("partition")] = figures
    return found


def _laid_out(document: Mapping[str, Any]) -> str:
    parts = (
        f"{json.dumps(key)}: {_entries(value, _DEPTH.get(key, 1), 1)}" for key, value in document.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _entries(value: Any, depth: int, level: int) -> str:
    """JSON with one line an entry for `depth` levels of objects, keys sorted, and one line for what lies below."""
    if depth == 0 or not value or not isinstance(value, dict):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    pad = " " * level
    rows = [f"{pad}{json.dumps(key)}: {_entries(value[key], depth - 1, level + 1)}" for key in sorted(value)]
    return "{\n" + ",\n".join(rows) + f"\n{pad[1:]}}}"


def _baseline(file: Path, found: Mapping[str, Any]) -> Baseline:
    sides = {
        (variant, partition): _side(found, variant, partition, kept)
        for variant, parts in found["sides"].items()
        for partition, kept in parts.items()
    }
    return Baseline(
        file=str(file),
        experiment=found["experiment"],
        run=found["run"],
        version=found["harness"],
        control=found["control"],
        primary=found["primary"],
        sides=sides,
        rows=found["rows"],
        asked=found["asked"],
        noise=tuple(
            _noise_of(variant, partition, told)
            for variant, parts in found["noise"].items()
            for partition, told in parts.items()
        ),
    )


def _noise_of(variant: str, partition: str, told: Mapping[str, Any]) -> Noise:
    low, high = told["ci"]
    return Noise(
        variant=variant,
        partition=partition,
        flips=told["flips"],
        pairs=told["pairs"],
        rate=told["rate"],
        ci=(low, high),
        mde=told["mde"],
        examples=told["examples"],
    )


def _side(found: Mapping[str, Any], variant: str, partition: str, kept: Mapping[str, Any]) -> Side:
    import numpy as np

    rows = found["examples"][partition]
    ids = sorted(rows)
    for name, values in kept["marks"].items():
        if len(values) != len(ids):
            raise ValueError(f"{len(values)} marks of {name}, and {len(ids)} examples")
    asked = [place for place, covered in enumerate(kept["marks"]["coverage"]) if covered is not None]
    marks: dict[str, Any] = {
        name: np.asarray([values[place] for place in asked], dtype=float)
        for name, values in kept["marks"].items()
    }
    return Side(
        variant=variant,
        partition=partition,
        run=found["run"],
        examples=tuple(ids[place] for place in asked),
        digests=tuple(rows[ids[place]][0] for place in asked),
        tags=tuple(tuple(rows[ids[place]][1:]) for place in asked),
        repeats=kept["repeats"],
        marks=marks,
        times=_times(kept, asked),
        flips=(kept["flips"][0], kept["flips"][1]),
        identity={**found["identity"], "prices": found["prices"][variant]},
        version=found["harness"],
    )


def _times(kept: Mapping[str, Any], asked: Sequence[int]) -> dict[str, Samples]:
    if "latency_ms" not in kept:
        return {}
    ms: list[float] = []
    examples: list[int] = []
    for example, place in enumerate(asked):
        held = kept["latency_ms"][place]
        for value in held if isinstance(held, list) else [] if held is None else [held]:
            ms.append(float(value))
            examples.append(example)
    return {WHOLE: Samples(ms=ms, examples=examples, timed_out=kept["timed_out"])}
