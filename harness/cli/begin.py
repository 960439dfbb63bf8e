"""A run folder to write to: a new one, or one that was left unfinished."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from harness.cli.conclude import metric_infos
from harness.cli.flags import RunFlags, listed
from harness.cli.prepare import Prepared
from harness.errors import Fault, UsageError
from harness.files.ledger import Ledger, find_run, runs
from harness.files.provenance import git_revision, machine, versions
from harness.flow.layers import layers
from harness.registry import provider_of
from harness.types.run import Manifest, Selection
from harness.types.trial import Trial

MOST_DIFF_LINES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Where the run is written, and what is left of its plan."""

    ledger: Ledger
    todo: tuple[Trial, ...]
    """Empty where every trial has its record."""


def selection_of(flags: RunFlags, out: Path) -> Selection:
    """What the flags ask for."""
    only = None if flags.failed_from is None else _wrong_in(find_run(flags.failed_from, out))
    return Selection(
        variants=listed(flags.variants),
        partitions=listed(flags.partitions),
        tags=listed(flags.tags),
        limit=flags.limit,
        only=only,
    )


def begin(prepared: Prepared, trials: Sequence[Trial], flags: RunFlags) -> Started:
    """Make the run folder and write its manifest."""
    manifest = _manifest(prepared, trials, flags)
    wanted = {trial.example_id for trial in trials}
    rows = prepared.evalset.partitions.items()
    examples = [(name, row) for name, partition in rows for row in partition if row.id in wanted]
    ledger = Ledger.create(flags.out, manifest, examples)
    ledger.point_latest()
    return Started(ledger=ledger, todo=tuple(trials))


def left_of(ledger: Ledger, prepared: Prepared, trials: Sequence[Trial]) -> Started:
    """Go on with a run: what is missing or failed there. Raises UsageError, with a diff, for a changed config."""
    manifest = ledger.manifest()
    _same(manifest, prepared)
    done = {
        record.key for record in ledger.records() if not record.warmup and record.outcome.kind != "failed"
    }
    todo = [trial for trial in trials if not trial.warmup and trial.key not in done]
    live = {trial.variant for trial in todo}
    warm = [trial for trial in trials if trial.warmup and trial.variant in live]
    return Started(ledger=ledger, todo=(*warm, *todo) if todo else ())


def resumable(flags: RunFlags, experiment: str) -> Ledger | None:
    """The run that --resume means: the newest of this experiment; None where there is none."""
    if flags.resume_run is not None:
        return find_run(flags.resume_run, flags.out)
    mine = [ledger for ledger in runs(flags.out) if ledger.manifest().experiment == experiment]
    unfinished = [ledger for ledger in mine if not is_finished(ledger)]
    newest = unfinished or mine
    return newest[-1] if newest else None


def is_finished(ledger: Ledger) -> bool:
    """True where the summary says that every planned trial was tried and none failed."""
    summary = ledger.summary()
    if summary is None or not summary["run"]["complete"]:
        return False
    partitions = (part for v in summary["variants"].values() for part in v["partitions"].values())
    return not any(part["outcomes"].get("failed") for part in partitions)


def flags_of(ledger: Ledger, flags: RunFlags) -> RunFlags:
    """The flags with which a run was started: what was asked for then is what is resumed.

    Keys that are set again stand, so that others than at the start are shown as a changed config.
    """
    kept: Mapping[str, Any] = ledger.manifest().selection
    overrides = flags.overrides() or tuple(kept["set"])
    return replace(flags, **{**kept, "set": overrides, "repeats": None, "concurrency": None, "seed": None})


def _manifest(prepared: Prepared, trials: Sequence[Trial], flags: RunFlags) -> Manifest:
    experiment, evalset = prepared.experiment, prepared.evalset
    now = datetime.now(UTC)
    used = [v for v in experiment.variants if any(trial.variant == v.name for trial in trials)]
    digest8 = experiment.digest[:8]
    run_id = _free(flags.out, f"{now:%Y%m%dT%H%M%SZ}-{_safe(experiment.name)}-{digest8}")
    differing = layers(experiment)
    providers = {v.name: provider_of(v.model) for v in used if v.model}
    return Manifest(
        id=run_id,
        experiment=experiment.name,
        config_file=experiment.file,
        config=experiment.resolved,
        config_digest=experiment.digest,
        evalset_digest=evalset.digest,
        digests=evalset.digests,
        started_at=now.isoformat(timespec="seconds"),
        seed=experiment.seed,
        concurrency=experiment.concurrency,
        timeout_s=experiment.timeout_s,
        control=experiment.control,
        layers={variant.name: differing[variant.name] for variant in used},
        plan=_counts(trials, [variant.name for variant in used]),
        metrics=metric_infos(prepared.panel),
        live={v.name: v.name in providers and providers[v.name].live for v in used},
        schema=evalset.schema,
        notes=tuple(dict.fromkeys(provider.note for provider in providers.values() if provider.note)),
        prices={v.model.name: v.model.price for v in used if v.model},
        selection=_selection(flags),
        versions=versions(),
        machine=machine(),
        git_revision=git_revision(Path(experiment.file).resolve().parent),
    )


def _counts(trials: Sequence[Trial], names: Sequence[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {name: {} for name in names}
    for trial in trials:
        if not trial.warmup:
            partitions = counts[trial.variant]
            partitions[trial.partition] = partitions.get(trial.partition, 0) + 1
    return {
        name: dict(sorted(found.items(), key=lambda item: item[0] != "golden"))
        for name, found in counts.items()
    }


def _selection(flags: RunFlags) -> dict[str, Any]:
    kept = ("variants", "partitions", "tags", "limit", "failed_from", "gate")
    asked = {name: getattr(flags, name) for name in kept}
    if flags.failed_from == "latest":  # by the time of a resume, this run is the latest
        asked["failed_from"] = find_run("latest", flags.out).run_id
    return {**asked, "set": list(flags.overrides())}


def _wrong_in(ledger: Ledger) -> frozenset[tuple[str, str, str, int]]:
    """The trials of a run whose primary judgement is not full marks, or that have none."""
    primary = next((metric.name for metric in ledger.manifest().metrics if metric.primary), None)
    right = {
        (line.variant, line.partition, line.example_id, line.repeat)
        for line in ledger.judgements()
        if line.metric == primary and line.value is not None and line.value >= 1.0
    }
    return frozenset(
        record.key for record in ledger.records() if not record.warmup and record.key not in right
    )


def _same(manifest: Manifest, prepared: Prepared) -> None:
    where = manifest.id
    if manifest.config_digest != prepared.experiment.digest:
        old, new = (_pretty(config) for config in (manifest.config, prepared.experiment.resolved))
        lines = list(difflib.unified_diff(old, new, "when the run began", "now", lineterm="", n=1))
        shown = "\n".join(f"  {line}" for line in lines[:MOST_DIFF_LINES])
        what = f"the config has changed since this run began:\n{shown}\n"
        raise UsageError(
            Fault(where=where, what=what, next="undo the change, or start a new run without --resume")
        )
    if manifest.evalset_digest != prepared.evalset.digest:
        now = prepared.evalset.digests
        changed = sorted(
            name for name in {*manifest.digests, *now} if manifest.digests.get(name) != now.get(name)
        )
        what = f"the evalset has changed since this run began: {', '.join(changed)}"
        raise UsageError(
            Fault(where=where, what=what, next="undo the change, or start a new run without --resume")
        )


def _pretty(config: Mapping[str, Any]) -> list[str]:
    return orjson.dumps(config, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode().splitlines()


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:60].strip("-.") or "run"


def _free(root: Path, wanted: str) -> str:
    """Two runs may begin in one second: the later one gets a number."""
    name, number = wanted, 2
    while (root / name).exists():
        name, number = f"{wanted}-{number}", number + 1
    return name
