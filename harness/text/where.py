"""Conditions on the meta of documents: which of them a search may find."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.text import templates
from harness.types.search import Scalar, Where

_NAME_ALONE = re.compile(r"\s*\{\{\s*(\w+)\s*\}\}\s*")

Asked = Mapping[str, "tuple[tuple[str, templates.Template] | Scalar, ...]"]
"""A condition as the config has it, its texts compiled."""


def compiled(where: Mapping[str, Any]) -> Asked:
    """Compile `{key: value or [values]}`; a text may be a template over the inputs. ConfigError for one that is none."""
    return {
        key: tuple(
            _compiled(value, f"retrieve.where.{key}") if isinstance(value, str) else value
            for value in (
                values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
            )
        )
        for key, values in where.items()
    }


def filled(asked: Asked, inputs: Mapping[str, Any]) -> Where:
    """The condition for one example."""
    return {key: tuple(_filled(value, inputs) for value in values) for key, values in asked.items()}


def _compiled(text: str, where: str) -> "tuple[str, templates.Template]":
    return text, templates.parse(text, where)


def _filled(value: "tuple[str, templates.Template] | Scalar", inputs: Mapping[str, Any]) -> Scalar:
    """A template that is an input's name and nothing else gives the input as it is: a number stays one."""
    if not isinstance(value, tuple):
        return value
    text, template = value
    alone = _NAME_ALONE.fullmatch(text)
    found = inputs.get(alone[1]) if alone else None
    return found if isinstance(found, int | float) else template.render(inputs)


def holds(meta: Mapping[str, Any], where: Where) -> bool:
    """True where every key has one of its values, or a list that holds one; 1 and true are two things."""
    return all(any(_same(meta.get(key), value) for value in values) for key, values in where.items())


def _same(found: Any, wanted: Scalar) -> bool:
    if isinstance(found, list | tuple):
        return any(_same(one, wanted) for one in found)
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
