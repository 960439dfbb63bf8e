"""A JSON value whose texts are templates over the inputs of an example."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.text import templates

_LONE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTemplate:
    """One value, every text in it compiled once. Keys stand as they are."""

    names: frozenset[str]
    """The inputs that it reads, in any text and any branch."""
    build: Callable[[Mapping[str, Any]], Any]

    def render(self, inputs: Mapping[str, Any]) -> Any:
        """Fill it in: plain JSON. Raises ConfigError, at the text's own key, where an input is missing."""
        return self.build(inputs)


def parse(value: Any, where: str) -> JsonTemplate:
    """Compile a value. `where` names it in messages. Raises ConfigError for a text that is no template.

    A text that is nothing but `{{ name }}` stands for that input itself: a list stays a list, a number a number.
    """
    names: set[str] = set()
    return JsonTemplate(build=_compiled(value, where, names), names=frozenset(names))


def texts(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of a JSON value with its place; the keys of mappings are not among them."""
    if isinstance(value, str):
        yield at, value
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield from texts(item, (*at, key))


def _compiled(value: Any, where: str, names: set[str]) -> Callable[[Mapping[str, Any]], Any]:
    if isinstance(value, Mapping):
        fields = {key: _compiled(item, f"{where}.{key}", names) for key, item in value.items()}
        return lambda inputs: {key: build(inputs) for key, build in fields.items()}
    if isinstance(value, list):
        rows = [_compiled(item, f"{where}[{n}]", names) for n, item in enumerate(value)]
        return lambda inputs: [build(inputs) for build in rows]
    if not isinstance(value, str) or "{" not in value:
        return lambda _inputs: value
    template = templates.parse(value, where)
    names.update(template.names)
    lone = _LONE.fullmatch(value)
    if lone is None:
        return template.render
    name = lone[1]
    return lambda inputs: inputs[name] if name in inputs else template.render(inputs)
