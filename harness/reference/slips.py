"""Slips in format: how often a model that nothing constrains misses the asked form, and in which ways."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from harness.reference.ask import Ask
from harness.reference.declared import (
    SLIP_DECAY_EXAMPLES,
    SLIP_FLOOR,
    SLIP_JSON_OBJECT,
    SLIP_RANGE,
    SLIP_WARNED,
)
from harness.reference.fields import json_object
from harness.reference.prompt import Brief


def share(ask: Ask, brief: Brief) -> float:
    """The share of such requests that are answered with a slip; 0 under a schema or a tool."""
    if not ask.slip or ask.shape == "json_schema" or brief.tool is not None:
        return 0.0
    shown = sum(1 for shot in brief.shots if brief.plain or json_object(shot.output) is not None)
    found = SLIP_FLOOR + SLIP_RANGE * math.exp(-shown / SLIP_DECAY_EXAMPLES)
    if brief.rules.bare:
        found *= SLIP_WARNED
    return found * SLIP_JSON_OBJECT if ask.shape == "json_object" else found


def fenced(answer: Mapping[str, Any], _brief: Brief) -> str:
    """A Markdown code fence around it."""
    return f"```json\n{written(answer)}\n```"


def wrapped(answer: Mapping[str, Any], _brief: Brief) -> str:
    """Prose before and after it."""
    return f"Here is the JSON you asked for:\n\n{written(answer)}\n\nLet me know if you need anything else."


def trailing(answer: Mapping[str, Any], _brief: Brief) -> str:
    """A comma before the closing brace."""
    return written(answer)[:-1] + ",}"


def missing(answer: Mapping[str, Any], _brief: Brief) -> str:
    """The last key left out."""
    return written(dict(list(answer.items())[:-1]))


def off_list(answer: Mapping[str, Any], brief: Brief) -> str:
    """A label that nobody listed: two of the listed ones as one; a key left out where there is no label."""
    for each in brief.fields:
        others = [name for name in each.names if name != answer.get(each.name)]
        if each.kind == "label" and others and isinstance(answer.get(each.name), str):
            return written({**answer, each.name: f"{answer[each.name]}/{others[0]}"})
    return missing(answer, brief)


Slip = Callable[[Mapping[str, Any], Brief], str]
FREE: tuple[Slip, ...] = (fenced, wrapped, fenced, missing, off_list, trailing)
"""A fence is the most common slip, so it stands twice."""
JSON_OBJECT: tuple[Slip, ...] = (missing, off_list)


def written(answer: Mapping[str, Any]) -> str:
    """Write an answer as it should be: one JSON object."""
    return orjson.dumps(answer).decode()


def slipped(ask: Ask, brief: Brief, answer: Mapping[str, Any]) -> str | None:
    """The answer with a slip; None where this request meets none."""
    if ask.draw("slip") >= share(ask, brief):
        return None
    kinds = JSON_OBJECT if ask.shape == "json_object" else FREE
    return kinds[int(ask.draw("slip kind") * len(kinds))](answer, brief)


def slipped_plain(ask: Ask, brief: Brief, answer: str) -> str | None:
    """A label in plain text with prose around it; None where this request meets no slip."""
    if brief.fields[0].kind != "label" or ask.draw("slip") >= share(ask, brief):
        return None
    if ask.draw("slip kind") < 0.5:
        return f"The answer is: {answer}."
    return f"Based on the text, I would say this is about {answer}, because of the words it uses."
