"""One value out of a row, by the name of its column or by a path into it: `answers.text`, `answers[0]`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.registry import nearest
from harness.text.fields import MISSING

_STEP = re.compile(r"\[(-?\d+)\]|\.?([^.\[\]]+)")


def pick(data: Any, path: str) -> Any:
    """The value at `path`, or MISSING. A column of that very name goes before a path.

    A name that meets a list is looked up in each of its elements: `answers.text` on a list of objects is the
    list of their texts.
    """
    if isinstance(data, Mapping) and path in data:
        return data[path]
    if re.sub(_STEP, "", path):
        return MISSING
    value = data
    for index, name in _STEP.findall(path):
        value = _at(value, int(index)) if index else _named(value, name)
        if value is MISSING:
            return MISSING
    return value


def nearest_column(path: str, data: Mapping[str, Any]) -> str:
    """What to do where `path` is in no row: the column of `data` that was meant, or all that there are."""
    near = nearest(path, list(data)) or nearest(re.split(r"[.\[]", path)[0], list(data))
    if near:
        return f"did you mean '{near}'?"
    names = ", ".join(list(data)[:12])
    return f"its columns: {names}{', …' if len(data) > 12 else ''}"


def _at(value: Any, index: int) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str) or not -len(value) <= index < len(value):
        return MISSING
    return value[index]


def _named(value: Any, name: str) -> Any:
    if isinstance(value, list):
        found = [_named(item, name) for item in value]
        return MISSING if MISSING in found else found
    return value[name] if isinstance(value, Mapping) and name in value else MISSING
