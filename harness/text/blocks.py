"""Worked examples and passages as delimited text that nothing inside can close or forge."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.text.similarity import as_text
from harness.types.trial import Passage, Shot

_MARK = re.compile(r"<(?=/?\s*(?:context|document|example|input|output)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """What `{{ examples }}` and `{{ context }}` are: text when written, its parts when looped over."""

    parts: Sequence[Shot | Passage]
    text: str

    def __str__(self) -> str:
        return self.text

    def __iter__(self) -> Iterator[Shot | Passage]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, place: int) -> Shot | Passage:
        return self.parts[place]


def context(passages: Sequence[Passage]) -> Block:
    """Passages in one `<context>`, each a `<document>` with its id, and its title where it has one.

    No passages make an empty text.
    """
    parts = [passage for passage in passages if passage.used]
    documents = "\n".join(
        f"<document {_attributes(passage)}>\n{_contained(passage.text)}\n</document>" for passage in parts
    )
    return Block(parts, f"<context>\n{documents}\n</context>" if parts else "")


def examples(shots: Sequence[Shot]) -> Block:
    """Worked examples, each an `<example>` with its `<input>` and `<output>`. None make an empty text."""
    text = "\n".join(
        f"<example>\n<input>{_contained(_asked(shot.inputs))}</input>\n"
        f"<output>{_contained(shot.answer)}</output>\n</example>"
        for shot in shots
    )
    return Block(shots, text)


def _attributes(passage: Passage) -> str:
    named = {"id": passage.doc, "title": passage.title}
    return " ".join(f'{name}="{_attribute(value)}"' for name, value in named.items() if value)


def _attribute(value: str) -> str:
    return html.escape(" ".join(value.split()), quote=True)


def _contained(text: str) -> str:
    """Take the power from our own marks where a text holds them; all other text stays as it is."""
    return _MARK.sub("&lt;", text)


def _asked(inputs: Mapping[str, Any]) -> str:
    """The only input as it stands; of several, each on a line under its name."""
    if len(inputs) == 1:
        return as_text(next(iter(inputs.values())))
    return "\n".join(f"{name}: {as_text(value)}" for name, value in inputs.items())
