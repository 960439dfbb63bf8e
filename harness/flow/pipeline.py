"""One trial through its stages, and the record of what happened. The clock stands here."""

import asyncio
import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from harness.calls.clock import ms_between, now_ns
from harness.calls.money import total_usage, total_usd
from harness.errors import Abandoned, HarnessError
from harness.text.similarity import inputs_text
from harness.types.call import Call, Reply
from harness.types.evalset import Example
from harness.types.line import Line
from harness.types.plugins import ComputeStage, NetworkStage
from harness.types.record import Entry, Outcome, Record, Retrieved, StageTime
from harness.types.trial import Draft, Passage, Trial

_SEARCH = "retrieve"
"""The stage that searches; what another one finds where nothing was found before is found by it."""


@dataclass(slots=True)
class _Course:
    """One trial under way. Mutable, owned by that trial."""

    draft: Draft
    found: tuple[Passage, ...] = ()
    """As the newest search left them, whatever later stages made of them."""
    stages: list[StageTime] = field(default_factory=list)
    queue_ms: float = 0.0
    error: dict[str, Any] | None = None


async def pipeline(line: Line, trial: Trial, example: Example, seed: int) -> Entry:
    """Run one trial and tell what happened. Raises only HarnessError: a request that cannot be meant."""
    course = _Course(Draft(trial=trial, inputs=example.inputs, seed=seed))
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    began_ns = now_ns()
    for computes, stages in groupby(line.stages, key=lambda stage: isinstance(stage, ComputeStage)):
        if course.error is None:
            await (_compute if computes else _call)(line, course, tuple(stages))
    spent_ms = ms_between(began_ns, now_ns())
    return _entry(line, course, example, _Spent(started_at, spent_ms))


async def _compute(line: Line, course: _Course, stages: Sequence[Any]) -> None:
    """Run neighbouring stages in one trip to a thread; the way there and back is queue."""
    left_ns = now_ns()
    trip = await asyncio.get_running_loop().run_in_executor(line.threads, _in_thread, course.draft, stages)
    course.queue_ms += ms_between(left_ns, trip.arrived_ns) + ms_between(trip.done_ns, now_ns())
    for stage, passages in zip(stages, trip.left, strict=False):
        _note(course, stage.name, passages)
    course.draft = trip.draft
    course.stages += trip.times
    course.error = trip.error


@dataclass(slots=True)
class _Trip:
    """What came of some stages on their thread."""

    draft: Draft
    arrived_ns: int
    done_ns: int
    times: list[StageTime] = field(default_factory=list)
    left: list[tuple[Passage, ...]] = field(default_factory=list)
    """The passages after each stage that ended."""
    error: dict[str, Any] | None = None


def _in_thread(draft: Draft, stages: Sequence[ComputeStage]) -> _Trip:
    began_ns = now_ns()
    trip = _Trip(draft, arrived_ns=began_ns, done_ns=began_ns)
    for stage in stages:
        try:
            draft = stage(trip.draft)
            trip.left.append(tuple(draft.passages))  # a list could be changed in place later
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 -- a user's own stage may raise anything; it is that trial's end
            trip.times.append(StageTime(name=stage.name, ms=None, clock="client"))
            trip.error = _stage_error(stage, error)
            trip.done_ns = now_ns()
            return trip
        trip.draft, trip.done_ns = draft, now_ns()
        trip.times.append(StageTime(name=stage.name, ms=ms_between(began_ns, trip.done_ns), clock="client"))
        began_ns = trip.done_ns
    return trip


async def _call(_line: Line, course: _Course, stages: Sequence[Any]) -> None:
    for stage in stages:
        before, began_ns = course.draft, now_ns()
        try:
            course.draft = await stage.call(before)
        except Abandoned:
            if not course.draft.calls:
                raise
            course.error = {"type": "stopped", "message": f"the run stopped before {stage.name}"}
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 -- as above
            course.stages.append(StageTime(name=stage.name, ms=None, clock="client"))
            course.error = _stage_error(stage, error)
        else:
            _take(course, stage, before, ms_between(began_ns, now_ns()))
        if course.error is not None:
            return


def _take(course: _Course, stage: NetworkStage, before: Draft, ms: float) -> None:
    """Note what a step called; one of the user's own that waited without a call of ours took time all the same."""
    _note(course, stage.name, tuple(course.draft.passages))
    calls = course.draft.calls[len(before.calls) :]
    if not calls and course.draft is not before:
        course.stages.append(StageTime(name=stage.name, ms=ms, clock="client"))
    for call in calls:
        course.stages += _stage_times(call)
        if call.reply is None:
            course.error = dict(call.error or {})
            return


def _note(course: _Course, stage: str, passages: tuple[Passage, ...]) -> None:
    """Remember what a search found, before later stages drop some of it."""
    if stage == _SEARCH or not course.found:
        course.found = passages


def _stage_error(stage: ComputeStage | NetworkStage, error: Exception) -> dict[str, Any]:
    return {"type": "stage_error", "message": f"{stage.name}: {type(error).__name__}: {error}"[:500]}


def _stage_times(call: Call) -> list[StageTime]:
    """The call's own line, and below it those that the service tells of its insides."""
    reply = call.reply
    own = StageTime(
        name=call.stage,
        ms=call.ms,
        clock=call.clock,
        connect_ms=reply.wire.connect_ms if reply and reply.wire else None,
        model=call.model,
        cost_usd=call.cost_usd,
        usage=reply.usage if reply else None,
        sdk_ms=call.sdk_ms,
        cached=call.cached,
        cost_told=reply is not None and reply.told_cost_usd is not None,
    )
    if reply is None or call.cached:
        return [own]
    steps = [
        StageTime(
            name=step.name,
            ms=step.ms,
            clock="client" if call.clock == "client" else "recorded",
            cost_usd=step.cost_usd,
            usage=step.usage,
            within=call.stage,
        )
        for step in reply.steps
    ]
    return [own, *steps]


@dataclass(frozen=True, slots=True)
class _Spent:
    started_at: str
    ms: float


def _entry(line: Line, course: _Course, example: Example, spent: _Spent) -> Entry:
    draft, trial = course.draft, course.draft.trial
    calls = draft.calls
    reply = calls[-1].reply if calls and course.error is None else None
    outcome = _outcome(course)
    attempts = tuple(attempt for call in calls for attempt in call.attempts)
    backoff_ms = sum(call.backoff_ms for call in calls)
    queue_ms = course.queue_ms + sum(call.queue_ms for call in calls)
    wasted_ms = sum(attempt.ms for attempt in attempts if attempt.error is not None)
    texts: dict[str, str] = {}
    record = Record(
        variant=trial.variant,
        example_id=trial.example_id,
        partition=trial.partition,
        repeat=trial.repeat,
        warmup=trial.warmup,
        tags=example.tags,
        outcome=outcome,
        started_at=spent.started_at,
        latency_ms=_latency_ms(outcome, course),
        elapsed_ms=_elapsed_ms(spent.ms - queue_ms - backoff_ms - wasted_ms, outcome, calls),
        stages=tuple(course.stages),
        first_token_ms=calls[-1].first_token_ms if reply else None,
        queue_ms=round(queue_ms, 3),
        backoff_ms=round(backoff_ms, 3),
        attempts=attempts,
        usage=total_usage([call.reply.usage if call.reply else None for call in calls]),
        cost_usd=total_usd([call.cost_usd for call in calls]) if calls else None,
        spent_usd=total_usd([call.spent_usd for call in calls]),
        spent_at_most_usd=total_usd([call.spent_at_most_usd for call in calls]),
        cached=any(call.cached for call in calls),
        recorded_latency_ms=_cached_ms(calls, outcome),
        retrieved=_retrieved(course, reply, texts),
        request=_request(line, course, texts),
        input_characters=_input_characters(draft),
        model_returned=reply.model_returned if reply else None,
        system_fingerprint=reply.system_fingerprint if reply else None,
        recorded=reply.meta if reply and not line.live else None,
    )
    return Entry(record=record, texts=texts)


def _outcome(course: _Course) -> Outcome:
    if course.error is not None:
        timed_out = course.error.get("type") == "timeout"
        return Outcome(kind="timed_out" if timed_out else "failed", error=course.error)
    calls = course.draft.calls
    reply = calls[-1].reply if calls else None
    if reply is None:
        return Outcome(
            kind="failed", error={"type": "stage_error", "message": "no stage generated an answer"}
        )
    return Outcome(
        kind=reply.kind, text=reply.text, tool_calls=reply.tool_calls, finish_reason=reply.finish_reason
    )


def _latency_ms(outcome: Outcome, course: _Course) -> float | None:
    """Sum of the stages; a time-out counts at its limit, and what never finished has none."""
    times = [stage.ms for stage in course.stages if stage.within is None]
    if outcome.kind == "timed_out":
        return times[-1] if times else None
    if not outcome.came or any(ms is None for ms in times):
        return None
    return round(sum(ms for ms in times if ms is not None), 3)


def _elapsed_ms(ms: float, outcome: Outcome, calls: Sequence[Call]) -> float | None:
    """None where no answer was waited for: nothing came, or it came from the cache."""
    return round(max(0.0, ms), 3) if outcome.came and not any(call.cached for call in calls) else None


def _cached_ms(calls: Sequence[Call], outcome: Outcome) -> float | None:
    """The latency that a trial had whose answer came from the cache; None where nothing did, or a part is unknown."""
    times = [call.cached_ms if call.cached else call.ms for call in calls]
    if not any(call.cached for call in calls) or not outcome.came or any(ms is None for ms in times):
        return None
    return round(sum(ms for ms in times if ms is not None), 3)


def _retrieved(course: _Course, reply: Reply | None, texts: dict[str, str]) -> tuple[Retrieved, ...]:
    """What the pipeline looked up, or what a whole application says that it did."""
    if reply is not None and reply.retrieved:
        return tuple(_told(rank, told, texts) for rank, told in enumerate(reply.retrieved, 1))
    kept = []
    for passage in _passages(course.found, tuple(course.draft.passages)):
        digest = _keep(passage.text, texts)
        names = ("doc", "chunk", "start", "end", "score", "rank", "found_rank", "found_score")
        # A trial that ended before its prompt was written used nothing.
        used = passage.used and (course.error is None or bool(course.draft.messages))
        told = {name: getattr(passage, name) for name in names}
        kept.append(Retrieved(text=digest, used=used, **told))
    return tuple(kept)


_Place = tuple[str, int, int, int]
"""Document, chunk, start and end: what a passage is, whatever a stage makes of its rank, score and text."""


def _place(passage: Passage) -> _Place:
    return (passage.doc, passage.chunk, passage.start, passage.end)


def _passages(found: tuple[Passage, ...], left: tuple[Passage, ...]) -> Iterator[Passage]:
    """The passages that are left, each with the search's rank and score beside its own; then those that were dropped.

    One that the search did not find stands, in the search's order, behind all that it found.
    """
    if left == found:
        yield from left
        return
    waiting: defaultdict[_Place, deque[tuple[int, Passage]]] = defaultdict(deque)
    for at, one in enumerate(found):
        waiting[_place(one)].append((at, one))
    for number, one in enumerate(left, len(found) + 1):
        alike = waiting[_place(one)]
        yield _beside(one, alike.popleft()[1] if alike else replace(one, rank=number))
    last = max((one.rank for one in left), default=0)
    dropped = sorted(chain.from_iterable(waiting.values()), key=itemgetter(0))
    for rank, (_, one) in enumerate(dropped, last + 1):
        searched = (
            one if one.found_rank is not None else replace(one, found_rank=one.rank, found_score=one.score)
        )
        yield replace(searched, rank=rank, used=False)


def _beside(one: Passage, searched: Passage) -> Passage:
    """The passage with what the search thought of it, where a later stage thinks otherwise."""
    same = (one.rank, one.score) == (searched.rank, searched.score)
    if same or one.found_rank is not None:
        return one
    return replace(one, found_rank=searched.rank, found_score=searched.score)


def _told(rank: int, told: Mapping[str, Any], texts: dict[str, str]) -> Retrieved:
    text, score = str(told.get("text") or ""), told.get("score")
    return Retrieved(
        doc=str(told.get("doc", "")),
        chunk=0,
        start=0,
        end=len(text),
        score=float(score) if isinstance(score, int | float) else None,
        rank=rank,
        used=True,
        text=_keep(text, texts),
    )


def _request(line: Line, course: _Course, texts: dict[str, str]) -> dict[str, Any]:
    calls = course.draft.calls
    reply = calls[-1].reply if calls else None
    messages = [{"role": message.role, "content": message.content} for message in course.draft.messages]
    return {
        "messages": _keep(json.dumps(messages, ensure_ascii=False, separators=(",", ":")), texts)
        if messages
        else None,
        **({"rewritten": _keep(course.draft.rewritten, texts)} if course.draft.rewritten else {}),
        "params": dict(reply.params) if reply else {},
        "dropped": list(reply.dropped) if reply else [],
        "output_mode": (reply.output_mode if reply else None) or line.output_mode,
    }


def _input_characters(draft: Draft) -> dict[str, int] | None:
    """Texts of passages and shots as they were found: what a template sets around them is the prompt's."""
    if not draft.messages:
        return None
    left = sum(len(message.content) for message in draft.messages)
    context = min(left, sum(len(passage.text) for passage in draft.passages if passage.used))
    shown = sum(len(inputs_text(shot.inputs)) + len(shot.answer) for shot in draft.shots)
    fewshot = min(left - context, shown)
    return {"prompt": left - context - fewshot, "fewshot": fewshot, "context": context}


def _keep(text: str, texts: dict[str, str]) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    texts[digest] = text
    return digest
