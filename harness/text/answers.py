"""What a trial said and what would have been right, in the form that scorers compare."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.text.json_answer import JsonAnswer, read_json
from harness.text.refusal import REFUSAL, UNKNOWN, declines
from harness.types.record import Record


def said(record: Record) -> str:
    """The answer's text; of a trial that was to call a tool, the arguments of its first call, as JSON text."""
    calls, text = record.outcome.tool_calls, record.outcome.text or ""
    if not calls or (text.strip() and record.request.get("output_mode") != "tool"):
        return text
    call = calls[0].get("function", calls[0])
    arguments = call.get("arguments", "") if isinstance(call, Mapping) else ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def refuses(record: Record, answer: JsonAnswer | None = None) -> bool:
    """True where the provider reports a refusal, or the answer declines in plain text.

    A JSON answer is an answer, whatever its fields say. `answer` is what `said` reads as, where that is known.
    """
    if record.outcome.kind == "refused":
        return True
    answer = answer or read_json(said(record))
    plain = answer.kind == "not_json" or (
        answer.kind == "fenced" and is_list(answer.value)
    )  # "... [1]" is prose
    return plain and declines(said(record))


def hints_at_unknown(record: Record) -> bool:
    """True where any text inside a JSON answer says that the variant does not know, or will not."""
    return any(
        text.strip() and declines(text, UNKNOWN + REFUSAL, ())
        for text in _texts(read_json(said(record)).value)
    )


def acceptable(expected: Any) -> tuple[str, ...]:
    """The acceptable texts of a labelled example: one, or those of a list. An empty list has none.

    What is no text is written as JSON, objects with sorted keys.
    """
    items = expected if is_list(expected) else (expected,)
    return tuple(item if isinstance(item, str) else _written(item) for item in items)


def is_list(value: Any) -> bool:
    """True for a JSON array, however it is held."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
