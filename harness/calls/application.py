"""A whole application in place of a model: what it is never asked, and what it tells of itself, read without trust."""

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

from harness.types.call import Usage
from harness.types.experiment import OutputSpec
from harness.types.plugins import Objection

BUCKETS = Usage.__slots__

_ENDINGS: Mapping[str, Literal["refused", "truncated"]] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "content_filter": "refused",
    "refusal": "refused",
}
"""Words of the vendors for an answer that ended before its end."""


def objections(output: OutputSpec, tools: Sequence[Mapping[str, Any]]) -> tuple[Objection, ...]:
    """An application decides by itself how it answers and with which tools: asking for either is a mistake."""
    return tuple(_objections(output, tools))


def _objections(output: OutputSpec, tools: Sequence[Mapping[str, Any]]) -> Iterator[Objection]:
    if output.mode != "prompt":
        what = f"an application decides by itself how it answers; it cannot be asked for {output.mode}"
        yield Objection(key="output", what=what, next="take the mode out; the schema is checked all the same")
    if tools:
        yield Objection(key="tools", what="an application has its own tools", next="take them out")


def number(value: Any) -> float | None:
    """A finite number, of any library; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def amount(value: Any) -> float | None:
    """Money or time: a number from 0; None for anything else."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def count(value: Any) -> int | None:
    """Tokens: a whole number from 0; None for anything else."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return int(value) if whole and value >= 0 else None


def usage(told: Mapping[str, Any]) -> Usage | None:
    """Tokens by bucket, disjoint as declared; None where no bucket holds a count."""
    buckets = {name: count(told.get(name)) for name in BUCKETS}
    return None if all(tokens is None for tokens in buckets.values()) else Usage(**buckets)


def document(told: Any) -> Mapping[str, Any] | None:
    """One retrieved document, an id or a mapping {doc or id, text?, score?}, as {doc, text?, score?}.

    None for what names no document.
    """
    row = told if isinstance(told, Mapping) else {"doc": told}
    name, text, score = row.get("doc", row.get("id")), row.get("text"), number(row.get("score"))
    if isinstance(name, bool) or not isinstance(name, str | int):
        return None
    found: dict[str, Any] = {"doc": str(name)}
    if isinstance(text, str):
        found["text"] = text
    if score is not None:
        found["score"] = score
    return found


def ending(finish_reason: str | None) -> Literal["answered", "refused", "truncated"]:
    """How an answer ended, by the reason that was told; `answered` for one that is not known."""
    return _ENDINGS.get(finish_reason or "", "answered")
