"""Going on with a run that was left unfinished: which one, whether it is still the same, and what is left."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from harness.cli.begin import CHOOSING, Started, chosen
from harness.cli.flags import RunFlags
from harness.cli.prepare import Prepared
from harness.errors import Fault, UsageError
from harness.files.ledger import Ledger, find_run, runs
from harness.types.run import Selection
from harness.types.trial import Trial

MOST_DIFF_LINES = 24
UNDO = "undo the change, or start a new run without --resume"


def resumable(flags: RunFlags, experiment: str) -> Ledger | None:
    """The run that --resume means: the newest of this experiment; None where there is none."""
    if flags.resume_run is not None:
        return find_run(flags.resume_run, flags.out)
    mine = [ledger for ledger in runs(flags.out) if _is_of(ledger, experiment)]
    unfinished = [ledger for ledger in mine if not is_finished(ledger)]
    newest = unfinished or mine
    return newest[-1] if newest else None


def is_finished(ledger: Ledger) -> bool:
    """True where the summary says that every planned trial was tried and none failed, but of a variant that was stopped."""
    summary = ledger.summary()
    if summary is None or not summary["run"]["complete"]:
        return False
    stopped = _stopped(ledger)
    asked = (variant for name, variant in summary["variants"].items() if name not in stopped)
    partitions = (part for variant in asked for part in variant["partitions"].values())
    return not any(part["outcomes"].get("failed") for part in partitions)


def flags_of(ledger: Ledger, flags: RunFlags) -> RunFlags:
    """The flags with which a run was started: what was asked for then is what is resumed.

    Keys that are set again stand, so that others than at the start are shown as a changed config. Raises UsageError
    for a flag that asks for another part of the plan.
    """
    kept: Mapping[str, Any] = ledger.manifest().selection
    unasked = RunFlags()
    for name in CHOOSING:
        given = getattr(flags, name)
        if given != getattr(unasked, name) and given != kept[name]:
            flag = f"--{name.replace('_', '-')}"
            what = (
                f"{ledger.run_id} was started with {f'{flag} {kept[name]}' if kept[name] else f'no {flag}'}"
            )
            raise UsageError(
                Fault(where=f"{flag} {given}", what=what, next="leave it out, or start a new run")
            )
    then = {name: kept[name] for name in (*CHOOSING, "gate")}
    overrides = flags.overrides() or tuple(kept["set"])
    return replace(flags, **then, set=overrides, repeats=None, concurrency=None, seed=None, cache=None)


def selection_kept(ledger: Ledger, flags: RunFlags) -> Selection:
    """What was asked for when the run began; `flags` are those of then."""
    only = ledger.manifest().selection["only"]
    return chosen(flags, None if only is None else frozenset((v, p, e, int(r)) for v, p, e, r in only))


def require_same(ledger: Ledger, prepared: Prepared) -> None:
    """Raise UsageError, with a diff, where the config or a file that it names is not what the run began with."""
    manifest = ledger.manifest()
    where = manifest.id
    if manifest.config_digest != prepared.experiment.digest:
        old, new = (_pretty(config) for config in (manifest.config, prepared.experiment.resolved))
        lines = list(difflib.unified_diff(old, new, "when the run began", "now", lineterm="", n=1))
        shown = "\n".join(f"  {line}" for line in lines[:MOST_DIFF_LINES])
        what = f"the config has changed since this run began:\n{shown}\n"
        raise UsageError(Fault(where=where, what=what, next=UNDO))
    then, now = manifest.digests, prepared.digests()
    changed = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    if changed:
        what = f"files have changed since this run began: {', '.join(changed)}"
        raise UsageError(Fault(where=where, what=what, next=UNDO))


def left_of(ledger: Ledger, trials: Sequence[Trial]) -> Started:
    """Go on with a run: what is missing or failed there, but of a variant that was stopped."""
    stopped = _stopped(ledger)
    done = {
        record.key for record in ledger.records() if not record.warmup and record.outcome.kind != "failed"
    }
    todo = [
        trial
        for trial in trials
        if not trial.warmup and trial.key not in done and trial.variant not in stopped
    ]
    live = {trial.variant for trial in todo}
    warm = [trial for trial in trials if trial.warmup and trial.variant in live]
    return Started(ledger=ledger, todo=(*warm, *todo) if todo else ())


def _stopped(ledger: Ledger) -> set[str]:
    return {look.variant for look in ledger.looks() if look.stops}


def _is_of(ledger: Ledger, experiment: str) -> bool:
    try:
        return ledger.manifest().experiment == experiment
    except UsageError:
        return False  # somebody's broken folder is no reason not to find one's own


def _pretty(config: Mapping[str, Any]) -> list[str]:
    return orjson.dumps(config, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode().splitlines()
