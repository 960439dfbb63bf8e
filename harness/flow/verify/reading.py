"""From one line of records.jsonl to one trial, and from one of scores.jsonl to one judgement."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from harness.flow.verify.trials import CAME, PARTS, TOKENS, Line, Lookup, Score, Stage, Trial

_LONGEST_REASON = 160
_SCORER_FAILED = "scorer error"


def trial_of(line: Line, example: Line | None, absent: frozenset[str]) -> Trial:
    """Read one record; `absent` are the documents that its variant's corpus does not hold."""
    outcome, usage = line["outcome"], line.get("usage") or {}
    text, calls = outcome.get("text"), _calls(outcome)
    characters, own = line.get("input_characters") or {}, _own(line)
    relevant = tuple((example or {}).get("relevant") or ())
    answering = _answering(line)
    return Trial(
        variant=sys.intern(line["variant"]),
        partition=sys.intern(line["partition"]),
        example=sys.intern(line["example_id"]),
        repeat=line.get("repeat") or 0,
        kind=sys.intern(outcome["kind"]),
        tags=tuple(sys.intern(tag) for tag in line.get("tags") or ()),
        error=_error(outcome.get("error")),
        answer=None if text is None else hash((text, calls)),
        heard=_heard(text, calls),
        dropped=", ".join((line.get("request") or {}).get("dropped") or ()) or None,
        latency_ms=_number(line.get("latency_ms")),
        elapsed_ms=_number(line.get("elapsed_ms")),
        first_token_ms=_number(line.get("first_token_ms")),
        usd=_number(line.get("cost_usd")),
        cached=bool(line.get("cached")),
        recorded=any(stage.get("clock") == "recorded" for stage in own),
        tokens=tuple(usage.get(bucket) for bucket in TOKENS),
        asked=_asked(answering),
        model=None if answering is None else answering["model"],
        characters=tuple(characters.get(part) for part in PARTS),
        stages=tuple(_stages(line)),
        lookup=_lookup(line) if relevant else None,
        reach=_reach(line, relevant, absent) if relevant else None,
    )


def score_of(line: Line) -> Score:
    """Read one judgement."""
    value, why = _number(line.get("value")), line.get("why") or ""
    failed = line.get("value") is None and why.startswith(_SCORER_FAILED)
    lenient = _number((line.get("parts") or {}).get("lenient"))
    return Score(value, line.get("label"), lenient, _in_short(why) if failed else None)


def warmup_ms(line: Line) -> dict[str, float]:
    """Stage → milliseconds of a warm-up, with the time that it took to connect."""
    times: dict[str, float] = {}
    for name, stage in _named(line):
        if stage.get("ms") is not None:
            times[name] = times.get(name, 0.0) + stage["ms"] + (stage.get("connect_ms") or 0.0)
    return times


def _number(held: Any) -> float | None:
    return held if held is not None and isfinite(held) else None


def _in_short(reason: str) -> str:
    return " ".join(reason[: 4 * _LONGEST_REASON].split())[:_LONGEST_REASON]


def _error(told: Mapping[str, Any] | None) -> str | None:
    if not told:
        return None
    status = f" ({told['status']})" if told.get("status") else ""
    return _in_short(f"{told.get('type')}{status}: {told.get('message')}")


def _calls(outcome: Line) -> str:
    return str(outcome.get("tool_calls") or [])


def _heard(text: str | None, calls: str) -> int | None:
    """What is said in JSON is the same in any order of its keys."""
    if text is None and calls == "[]":
        return None
    try:
        said = json.dumps(json.loads(text or ""), sort_keys=True)
    except (ValueError, RecursionError):
        said = text or ""
    return hash((" ".join(said.casefold().split()), calls))


def _own(line: Line) -> list[Line]:
    return [stage for stage in line.get("stages") or () if stage.get("within") is None]


def _answering(line: Line) -> Line | None:
    """The call that holds the answer: the last one, where an answer came."""
    calls = [stage for stage in _own(line) if stage.get("model") is not None]
    return calls[-1] if calls and line["outcome"]["kind"] in CAME else None


def _asked(answering: Line | None) -> tuple[int, int, int] | None:
    usage = (answering or {}).get("usage") or {}
    if usage.get("input_tokens") is None:
        return None
    return (
        usage["input_tokens"],
        usage.get("cached_input_tokens") or 0,
        usage.get("cache_write_tokens") or 0,
    )


def _named(line: Line) -> Iterator[tuple[str, Line]]:
    """A part that has the name of a whole stage is told apart by the call around it."""
    whole = {stage["name"] for stage in _own(line)}
    for stage in line.get("stages") or ():
        within = stage.get("within")
        alike = within is not None and stage["name"] in whole
        yield sys.intern(f"{within}/{stage['name']}" if alike else stage["name"]), stage


def _stages(line: Line) -> Iterator[Stage]:
    answering, ended = _answering(line), _ended_in(line)
    for name, stage in _named(line):
        calls, told = stage.get("model") is not None, stage.get("cost_usd")
        yield Stage(
            name=name,
            ms=_number(stage.get("ms")),
            usd=_number(_own_usd(stage, line)),
            calls=calls,
            costs=calls or told is not None,
            by_client=stage.get("clock") == "client",
            part=stage.get("within") is not None,
            answers=stage is answering,
            ended=stage is ended,
        )


def _ended_in(line: Line) -> Line | None:
    """The last stage of a trial without an answer, unless it ended and the run stopped before the next."""
    own, kind = _own(line), line["outcome"]["kind"]
    if kind in CAME or not own:
        return None
    whole = own[-1].get("ms") is not None or own[-1].get("cached")
    return None if whole and kind != "timed_out" else own[-1]


def _own_usd(stage: Line, line: Line) -> float | None:
    told: float | None = stage.get("cost_usd")
    if told is None or stage.get("within") is not None:
        return told
    inside = [
        part["cost_usd"]
        for part in line["stages"]
        if part.get("within") == stage["name"] and part.get("cost_usd")
    ]
    return round(told - sum(inside), 12) if inside else told


def _reach(line: Line, relevant: Sequence[str], absent: frozenset[str]) -> str | None:
    """used, cut, missed, absent (from the corpus) or nothing (was found); the document that came farthest speaks."""
    passages = line.get("retrieved") or ()
    if not all(passage.get("doc") for passage in passages):
        return None
    found = {passage["doc"] for passage in passages}
    used = {passage["doc"] for passage in passages if passage.get("used")}
    if used.intersection(relevant):
        return "used"
    if found.intersection(relevant):
        return "cut"
    if absent.issuperset(relevant):
        return "absent"
    return "missed" if found else "nothing"


def _lookup(line: Line) -> Lookup:
    passages = line.get("retrieved") or ()
    came, own = line["outcome"]["kind"] in CAME, _own(line)
    ended = own[:-1] if line["outcome"]["kind"] == "timed_out" else own
    searched = any(
        stage["name"] == "retrieve" and (stage.get("ms") is not None or stage.get("cached"))
        for stage in ended
    )
    if not all(passage.get("doc") for passage in passages) or not (passages or searched):
        says_nothing = came and all(stage["name"] != "retrieve" for stage in line.get("stages") or ())
        return Lookup(None, None, between=False, silent=not passages and says_nothing)
    moved = any(passage.get("found_rank") is not None for passage in passages)
    found = sorted(passages, key=_found_rank)
    kept = [passage for passage in passages if passage.get("used")]
    prompted = came or bool((line.get("request") or {}).get("messages"))
    return Lookup(
        retrieved=_documents(found),
        used=_documents(kept) if prompted else None,
        between=moved or kept != found,
        silent=False,
    )


def _found_rank(passage: Line) -> int:
    moved: int | None = passage.get("found_rank")
    rank: int = passage["rank"]
    return rank if moved is None else moved


def _documents(passages: Sequence[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sys.intern(passage["doc"]) for passage in passages))
