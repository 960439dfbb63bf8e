"""Judges records: one Judgement for each record and metric, whatever became of the trial."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.text.answers import hints_at_unknown, refuses, said
from harness.text.json_answer import read_json
from harness.text.quote import clip
from harness.types.evalset import Example
from harness.types.experiment import Metric
from harness.types.panel import SCHEMA_METRIC, Panel
from harness.types.plugins import Scorer
from harness.types.record import ALTERNATIVES, Record
from harness.types.score import SCORER_ERROR, UNLABELLED, Judgement, Scored, Unscored

Result = Scored | Unscored


def score(records: Iterable[Record], examples: Mapping[str, Example], panel: Panel) -> Iterator[Judgement]:
    """Judge every record but the warm-ups; `examples` are by id.

    What an outcome means for a score is decided here and nowhere else. For scorers that judge the answer:

    * failed, timed out: unscored, with the kind and the error. Errors are never scores.
    * truncated: wrong. Refused: right where the example accepts a refusal, else wrong; an answer in plain text that
      declines is a refusal too where one is accepted.
    * breaks the variant's schema: wrong, unless the metric is lenient and the JSON inside the wrapping is valid.
    * a recorded list of which the best counts (`list: best`): what the best of them scores.
    * answered although nothing but a refusal is right (it is accepted, and nothing else is expected): wrong.

    Scorers that judge the outcome are asked wherever something came, those that judge facts always. One that raises,
    or gives a number outside of its range, leaves the trial unscored.
    """
    for record in records:
        if not record.warmup:
            yield from _judgements(record, examples.get(record.example_id), panel)


def _judgements(record: Record, example: Example | None, panel: Panel) -> Iterator[Judgement]:
    schema = panel.schemas.get(record.variant)
    verdict = _came(schema, record, example) if schema else None
    if verdict:
        yield _judgement(record, SCHEMA_METRIC, verdict)
    for metric, scorer in panel.metrics:
        match scorer.judges:
            case "facts":
                result = _asked(scorer, record, example)
            case "outcome":
                result = _came(scorer, record, example)
            case "answer":
                said = _sayings(record, verdict, schema, example)
                result = _best([_quality(metric, scorer, each, example) for each in said])
        yield _judgement(record, metric.name, result)


def _sayings(
    record: Record, verdict: Result | None, schema: Scorer | None, example: Example | None
) -> list[tuple[Record, Result | None]]:
    """What the record says, with the schema's verdict on it; of a list of which the best counts, each."""
    texts = (record.recorded or {}).get(ALTERNATIVES) or ()
    others = [replace(record, outcome=replace(record.outcome, text=text)) for text in texts[1:]]
    judged = [(other, _came(schema, other, example) if schema else None) for other in others]
    return [(record, verdict), *judged]


def _best(results: Sequence[Result]) -> Result:
    """The highest number; where there is none, the first reason."""
    scored = [result for result in results if isinstance(result, Scored)]
    return max(scored, key=lambda result: result.value) if scored else results[0]


def _quality(
    metric: Metric, scorer: Scorer, said: tuple[Record, Result | None], example: Example | None
) -> Result:
    record, verdict = said
    broken = _broken(verdict, lenient=metric.lenient) if verdict else None
    return _answer(scorer, _unwrapped(record) if metric.lenient else record, example, broken)


def _answer(scorer: Scorer, record: Record, example: Example | None, broken: Scored | None) -> Result:
    """Judge quality. `broken` is what a broken schema makes of it; None where there is none, or it is forgiven."""
    if example is None or not record.outcome.came:
        return _came(scorer, record, example)
    if record.outcome.kind == "truncated":
        return Scored(value=0.0, why="truncated")
    if example.accept_refusal and refuses(record):
        return Scored(value=1.0, why="refusal accepted")
    if record.outcome.kind == "refused":
        return Scored(value=0.0, why="refused")
    if broken is not None:
        return broken
    result = _asked(scorer, record, example)
    if result == UNLABELLED and example.accept_refusal:
        # Left unscored, such a row could only ever count as right.
        right = hints_at_unknown(record)
        return Scored(value=float(right), why="" if right else "answered where only a refusal is right")
    return result


def _came(scorer: Scorer, record: Record, example: Example | None) -> Result:
    """Ask a scorer that needs something to have come."""
    if record.outcome.came:
        return _asked(scorer, record, example)
    error = record.outcome.error or {}
    return Unscored(reason=clip(f"{record.outcome.kind}: {error.get('type') or 'no answer came'}"))


def _asked(scorer: Scorer, record: Record, example: Example | None) -> Result:
    """Ask a scorer inside a fence: what it cannot judge is unscored, never zero."""
    if example is None:
        return Unscored(reason=f"the example '{record.example_id}' is not in the evalset")
    try:
        result = scorer(record, example)
        value = 0.0 if isinstance(result, Unscored) else float(result.value)
    except Exception as error:  # noqa: BLE001 - a scorer's fault must not cost the other judgements
        return Unscored(reason=clip(f"{SCORER_ERROR}: {type(error).__name__}: {error}"))
    if not math.isfinite(value) or (scorer.judges != "facts" and not 0 <= value <= 1):
        return Unscored(reason=f"{SCORER_ERROR}: value {value:g} out of range")
    return result


def _broken(verdict: Result, *, lenient: bool) -> Scored | None:
    if (
        isinstance(verdict, Unscored)
        or verdict.value == 1.0
        or (lenient and verdict.parts.get("lenient") == 1.0)
    ):
        return None
    return Scored(value=0.0, why=clip(f"breaks the schema: {verdict.label}: {verdict.why}"))


def _unwrapped(record: Record) -> Record:
    """The record as if the answer had been its JSON alone, where a fence or prose surrounds one."""
    answer = read_json(said(record))
    if answer.kind != "fenced":
        return record
    return replace(record, outcome=replace(record.outcome, text=answer.text, tool_calls=()))


def _judgement(record: Record, metric: str, result: Result) -> Judgement:
    bare = Judgement(
        variant=record.variant,
        partition=record.partition,
        example_id=record.example_id,
        repeat=record.repeat,
        metric=metric,
        value=None,
    )
    if isinstance(result, Unscored):
        return replace(bare, why=result.reason)
    return replace(bare, value=float(result.value), why=result.why, parts=result.parts, label=result.label)
