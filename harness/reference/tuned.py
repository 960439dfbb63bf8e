"""reference-tuned: weights fitted on train rows and a schema, and on nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.reference.ask import Answer, Ask
from harness.reference.classifier import Labels, Space
from harness.reference.fields import LABELLED, Field, from_schema
from harness.reference.labels import choose
from harness.reference.prompt import Brief
from harness.reference.reading import Said, in_context, replies, written

SHORT_WORDS = 4
"""Texts that are longer than this on average are no labels."""


def text_of(inputs: Mapping[str, Any]) -> str:
    """A row's inputs as one text, as a prompt would show them."""
    return "\n".join(str(value) for value in inputs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    text: str
    expected: Any


class Weights:
    """What was learnt: the form of an answer, a classifier per label field, and how answers sound."""

    def __init__(self, train: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None) -> None:
        """Fit. `train` holds {inputs, expected}; rows without an expected answer teach nothing."""
        self._rows = [
            _Row(text=text_of(row["inputs"]), expected=_first(row.get("expected")))
            for row in train
            if row.get("expected") is not None
        ]
        if not self._rows:
            raise ValueError("no train row has an expected answer")
        self.plain = not isinstance(self._rows[0].expected, dict)
        self._space = Space([row.text for row in self._rows])
        self.fields = self._fields(schema)
        self._labels = {field.name: self._fit(field) for field in self.fields if field.kind == "label"}

    def _values(self, name: str) -> list[Any]:
        if self.plain:
            return [row.expected for row in self._rows]
        return [row.expected.get(name) if isinstance(row.expected, dict) else None for row in self._rows]

    def _fields(self, schema: Mapping[str, Any] | None) -> tuple[Field, ...]:
        described = {field.name: field for field in from_schema(schema)} if schema else {}
        names = [""] if self.plain else list(self._rows[0].expected)
        return tuple(self._field(name, described.get(name), bool(described)) for name in names)

    def _field(self, name: str, described: Field | None, by_schema: bool) -> Field:
        if described is not None and described.kind != "text":
            return described
        texts = [value for value in self._values(name) if isinstance(value, str)]
        few = bool(LABELLED.search(name)) or 3 * len(set(texts)) <= len(texts)
        short = sum(len(text.split()) for text in texts) <= SHORT_WORDS * len(texts)
        if texts and few and short and not by_schema:
            return Field(name=name, kind="label")
        kind = "list" if any(isinstance(value, list) for value in self._values(name)) else "text"
        return described or Field(name=name, kind=kind)  # type: ignore[arg-type]

    def _fit(self, field: Field) -> Labels:
        labels = [value if isinstance(value, str) else "" for value in self._values(field.name)]
        return Labels(self._space, labels)

    def label(self, name: str, columns: Any, values: Any) -> str | None:
        """The label of a field for a text; None for a field that was never learnt."""
        learnt = self._labels.get(name)
        return learnt.choose(columns, values) if learnt else None

    def vector(self, text: str) -> Any:
        """The features of a text: columns and values."""
        return self._space.vector(text)

    def nearest(self, columns: Any, values: Any) -> Any:
        """The expected answer of the train row that is most like a text."""
        return self._rows[self._space.nearest(columns, values)].expected


def _first(expected: Any) -> Any:
    return expected[0] if isinstance(expected, list) and expected else expected


class Tuned:
    """The fitted model with one brief before it. Never in doubt: it always finds a label and an answer."""

    def __init__(self, weights: Weights, brief: Brief) -> None:
        """Read the brief."""
        self._weights = weights
        self._brief = brief
        self._vector = weights.vector(brief.question)

    @cached_property
    def _alike(self) -> Any:
        return self._weights.nearest(*self._vector)

    @cached_property
    def _found(self) -> Said | None:
        return in_context(self._brief)

    def label(self, field: Field) -> str:
        """The classifier's label, whatever the text says; by its description where it was never learnt."""
        learnt = self._weights.label(field.name, *self._vector)
        if learnt is not None and (not field.labels or learnt in field.names):
            return learnt
        return choose(self._brief.question, field, self._brief.shots)

    def said(self) -> Said:
        """A sentence of the context, or an answer that sounds like those of train."""
        if self._found:
            return self._found
        if not isinstance(self._alike, dict):
            return Said(text=str(self._alike))
        texts = [self._alike.get(f.name) for f in self._weights.fields if replies(f, self._weights.fields)]
        return Said(text=next((text for text in texts if isinstance(text, str)), ""))

    def known(self, field: Field) -> Any:
        """What the nearest train row has there; None where the context says better."""
        read = self._found is not None and (field.cites or replies(field, self._brief.fields))
        if read or not isinstance(self._alike, dict):
            return None
        return self._alike.get(field.name)


def answer_tuned(ask: Ask, brief: Brief, weights: Weights) -> Answer:
    """Answer in the learnt form, or in the form that a schema or a tool demands; it never slips."""
    if ask.shape == "json_schema" or brief.tool is not None:
        learnt = brief
    else:
        learnt = replace(brief, fields=weights.fields, plain=weights.plain)
    return written(ask, learnt, Tuned(weights, learnt), slip=False)
