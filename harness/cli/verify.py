"""`harness verify RUN`: recompute every figure of a run's summary from what lies on disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import orjson
from cyclopts import Parameter

from harness.cli.conclude import metric_infos, prices_of
from harness.cli.flags import listed
from harness.cli.prepare import Prepared, prepare
from harness.cli.voice import say, tell, tell_json
from harness.errors import Disagrees, Fault, HarnessError, Undecided, UsageError, UserError
from harness.files.kept_texts import with_passages
from harness.files.ledger import RECORDS, SCORES, SUMMARY, TEXTS, Ledger, find_run
from harness.files.plain_lines import plain_document, plain_lines
from harness.files.record_lines import record_of
from harness.flow.reprice import reprice
from harness.flow.score import score
from harness.flow.verify.agreeing import ABSENT, Agreement, Difference
from harness.flow.verify.gathering import Files
from harness.flow.verify.trials import Line
from harness.flow.verify.verify import verify as verified
from harness.text.figures import count
from harness.text.quote import quote
from harness.types.experiment import Experiment
from harness.types.run import Manifest

SHOWN = 20
"""Differences that are told one by one."""


def verify(
    run: str,
    *,
    config: Path | None = None,
    out: Path = Path("results"),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Recompute every figure of a run's summary.json from its records, by other code, and say whether both agree.

    Args:
        run: A run folder, a run id, or latest.
        config: The config that the run was judged by again, where that is not its own.
        out: The folder that holds the runs.
        json: Print one JSON document instead of lines.
    """
    ledger = find_run(run, out)
    stated = plain_document(ledger.folder / SUMMARY, hint=f"harness score {run}")
    if not (ledger.folder / RECORDS).is_file():
        what = "is not there: without records there is nothing to recompute from"
        raise UsageError(Fault(where=str(ledger.folder / RECORDS), what=what))
    judges = _judges(ledger.manifest(), config)
    agreement = verified(_files(ledger, judges, again=config is not None), stated)
    _show(agreement, judges, as_json=json)
    ending = _ending(agreement)
    if ending is not None:
        raise ending
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """By whom a run's answers can be judged again."""

    prepared: Prepared | None
    why: str = ""
    """Why by nobody."""


def _judges(manifest: Manifest, config: Path | None) -> Judges:
    """The panel of the given config, or of the run's own where nothing that it judges by has changed since."""
    file = config or Path(manifest.config_file)
    if config is None and not file.is_file():
        return Judges(prepared=None, why=f"the run's config {file} is not to be found from here")
    sets = () if config else manifest.selection["set"]
    try:
        prepared = prepare(file, sets=sets, partitions=listed(manifest.selection["partitions"]))
    except UserError as error:
        if config is not None:
            raise
        return Judges(prepared=None, why=str(error.faults[0]))
    changed = None if config is not None else _changed(manifest, prepared)
    return Judges(prepared=prepared) if changed is None else Judges(prepared=None, why=f"{changed} since")


def _changed(manifest: Manifest, prepared: Prepared) -> str | None:
    if prepared.experiment.digest != manifest.config_digest:
        return f"{manifest.config_file} has changed"
    if prepared.evalset.digest != manifest.evalset_digest:
        return "the evalset has changed"
    now = {metric.name: metric.digest for metric in metric_infos(prepared.panel)}
    then = {metric.name: metric.digest for metric in manifest.metrics}
    other = [name for name, digest in now.items() if then.get(name) != digest]
    return f"the scorer of '{other[0]}' has changed" if other else None


def _files(ledger: Ledger, judges: Judges, *, again: bool) -> Files:
    """The run folder as plain lines; `again`: judged and priced as the given config has it."""
    manifest, prepared = plain_document(ledger.folder / "manifest.json"), judges.prepared
    files = Files(manifest=manifest, lines=lambda name: plain_lines(ledger.folder / name))
    if prepared is None:
        return files
    files = replace(files, judged=partial(_judged, ledger, prepared))
    if not again:
        return files
    experiment = prepared.experiment
    judged_by = replace(
        ledger.manifest(),
        metrics=metric_infos(prepared.panel),
        gates=experiment.gates,
        candidates=experiment.candidates,
        alpha=experiment.alpha,
    )
    plain = orjson.loads(orjson.dumps(judged_by, option=orjson.OPT_NON_STR_KEYS))
    return replace(files, manifest=plain, priced=_priced(experiment))


def _judged(ledger: Ledger, prepared: Prepared) -> Iterator[Line]:
    """The judgements once more, as lines of scores.jsonl would have them."""
    panel, records = prepared.panel, ledger.records()
    if panel.reads_passages:
        records = with_passages(records, ledger.folder / TEXTS)
    for one in score(records, ledger.examples(), panel):
        parts = {name: value if isfinite(value) else None for name, value in one.parts.items()}
        yield {name: getattr(one, name) for name in type(one).__slots__} | {"parts": parts}


def _priced(experiment: Experiment) -> Callable[[Line], Line]:
    """Price a line's calls as `harness score --config` does."""
    prices = prices_of(experiment)

    def priced(line: Line) -> Line:
        (record,) = reprice([record_of(line)], prices)
        told = zip(line.get("stages") or (), record.stages, strict=True)
        stages = [{**stage, "cost_usd": now.cost_usd} for stage, now in told]
        return {**line, "stages": stages, "cost_usd": record.cost_usd}

    return priced


def _ending(agreement: Agreement) -> HarnessError | None:
    """What differs is shown wrong; what nothing recomputes could not be decided."""
    differing, unknown = len(agreement.differences), len(agreement.unverified)
    if differing:
        return Disagrees(f"{count(differing)} figures are not what the records give")
    return Undecided(f"{count(unknown)} values of {SUMMARY} were not verified") if unknown else None


def _show(agreement: Agreement, judges: Judges, *, as_json: bool) -> None:
    if as_json:
        tell_json(_document(agreement, judges))
        return
    lines = [
        *(_line(one) for one in agreement.differences),
        *(f"not verified: {path}" for path in agreement.unverified),
    ]
    for line in lines[:SHOWN]:
        tell(line)
    if len(lines) > SHOWN:
        tell(f"… and {count(len(lines) - SHOWN)} more")
    agreed = agreement.agreed + len(agreement.differences)
    tell(f"{count(agreed)} figures recomputed" + (", all agree" if not agreement.differences else ""))
    if agreement.scores is None:
        tell(f"scores taken as stored: {judges.why}")
    else:
        tell(f"{count(agreement.scores)} scores made again from the records")
    if agreement.differences and judges.prepared is None:
        say("if the run was judged again by another config, name that: --config FILE")


def _line(one: Difference) -> str:
    file = SCORES if one.path.startswith(SCORES) else SUMMARY
    stated = "says nothing" if one.stated is ABSENT else f"says {quote(one.stated)}"
    found = "nothing" if one.found is ABSENT else quote(one.found)
    return f"{one.path}: {file} {stated}, the records give {found}"


def _document(agreement: Agreement, judges: Judges) -> dict[str, Any]:
    return {
        "agrees": not agreement.differences and not agreement.unverified,
        "figures": agreement.agreed + len(agreement.differences),
        "scores": agreement.scores,
        "scores_as_stored": judges.why or None,
        "differences": [
            {"path": one.path, "stated": _shown(one.stated), "found": _shown(one.found)}
            for one in agreement.differences
        ],
        "unverified": agreement.unverified,
    }


def _shown(value: Any) -> Any:
    return None if value is ABSENT else value
