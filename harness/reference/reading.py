"""From a brief to an answer: every field is filled by the voice of a model, then written in the asked form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.reference import slips
from harness.reference.ask import Answer, Ask
from harness.reference.declared import ANSWERS_FROM, OBEYS, OBEYS_WARNED
from harness.reference.features import cosine, profile
from harness.reference.fields import Field
from harness.reference.guess import guess
from harness.reference.gullible import Command, command_in
from harness.reference.labels import choose
from harness.reference.passages import Found, best, questions
from harness.reference.prompt import Brief

REPLIES = re.compile(
    r"answer|reply|response|explanation|reason|rationale|solution|message|text", re.IGNORECASE
)
FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
QUOTED = re.compile(r"[\"“']([^\"”']{1,80})[\"”']")
NAMED = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w-]*)(?: [A-Z][\w-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The answer in words, and the documents that it rests on."""

    text: str
    sources: tuple[str, ...] = ()


class Voice(Protocol):
    """A model that has read a brief."""

    def label(self, field: Field) -> str:
        """Choose one of the field's labels."""

    def said(self) -> Said:
        """Answer the question in words."""

    def known(self, field: Field) -> Any:
        """What the weights hold for a field; None where they hold nothing."""


class Untuned:
    """reference-base: it knows nothing but the words of the prompt."""

    def __init__(self, ask: Ask, brief: Brief) -> None:
        """Read the brief; a command in the text is obeyed or seen through once, for all fields."""
        found = command_in(brief.question, brief.fields)
        self._brief = replace(brief, question=found.rest) if found else brief
        obeys = ask.draw("obeys") < (OBEYS_WARNED if brief.rules.data_only else OBEYS)
        self.command: Command | None = found if obeys else None

    def label(self, field: Field) -> str:
        """The label that a command demands, or the one that fits."""
        if self.command and field.name in self.command.labels:
            return self.command.labels[field.name]
        return choose(self._brief.question, field, self._brief.shots)

    def said(self) -> Said:
        """A sentence of the context; else that it does not know, where it may say so; else a guess."""
        if self.command and self.command.say:
            return Said(text=self.command.say)
        found = in_context(self._brief)
        if found:
            return found
        if self._brief.rules.unknown is not None:
            return Said(text=self._brief.rules.unknown)
        near = best(self._brief.question, self._brief.question, self._brief.sources)
        if near is not None and near.score > 0:
            return _said([near])
        return Said(text=guess(self._brief.question))

    def known(self, field: Field) -> Any:  # noqa: ARG002 - it has no weights
        """Nothing."""
        return None


def in_context(brief: Brief) -> Said | None:
    """Answer from the documents in the prompt; None where none of their sentences answers."""
    found = [best(asked, brief.question, brief.sources) for asked in questions(brief.question)[:2]]
    good = [sentence for sentence in found if sentence is not None and sentence.score >= ANSWERS_FROM]
    return _said(good) if good else None


def _said(found: Sequence[Found]) -> Said:
    texts = dict.fromkeys(sentence.text for sentence in found)
    sources = dict.fromkeys(sentence.source for sentence in found if sentence.source)
    return Said(text=" ".join(texts), sources=tuple(sources))


def answer_untuned(ask: Ask, brief: Brief) -> Answer:
    """Answer as reference-base does, slips included."""
    voice = Untuned(ask, brief)
    demanded = voice.command.say if voice.command and voice.command.whole else None
    if demanded is not None and ask.shape == "text" and brief.tool is None:
        return Answer(text=demanded)
    return written(ask, brief, voice, slip=True)


def written(ask: Ask, brief: Brief, voice: Voice, *, slip: bool) -> Answer:
    """Fill the fields and write them in the form that was asked for."""
    if brief.plain:
        only = brief.fields[0]
        text = voice.label(only) if only.kind == "label" else str(voice.known(only) or voice.said().text)
        return Answer(text=(slips.slipped_plain(ask, brief, text) if slip else None) or text)
    values = filled(brief, brief.fields, voice)
    if brief.tool is not None:
        return Answer(text=slips.written(values), tool=brief.tool.name, finish="tool")
    return Answer(text=(slips.slipped(ask, brief, values) if slip else None) or slips.written(values))


def filled(brief: Brief, fields: Sequence[Field], voice: Voice) -> dict[str, Any]:
    """Give every field its value, in order."""
    said = voice.said() if any(f.kind in ("text", "list", "number") for f in fields) else Said(text="")
    return {field.name: _value(brief, field, voice, said) for field in fields}


def _value(brief: Brief, field: Field, voice: Voice, said: Said) -> Any:
    if field.kind == "label":
        return voice.label(field)
    if field.kind == "object":
        return filled(brief, field.inner, voice)
    if field.kind == "fixed":
        return (field.schema or {}).get("const")
    known = voice.known(field)
    if known is not None:
        return known
    if field.kind == "boolean":
        about = f"{field.name.replace('_', ' ')} {field.text}"
        return cosine(profile(brief.question), profile(about)) > 0.1
    if field.kind == "number":
        return _number(field, f"{brief.question} {said.text}")
    return _list(brief, field, voice, said) if field.kind == "list" else _text(brief, field, said)


def replies(field: Field, fields: Sequence[Field]) -> bool:
    """Whether a text field asks for the answer to the question, not for words taken out of it."""
    texts = [other for other in fields if other.kind == "text"]
    return field.kind == "text" and (bool(REPLIES.search(field.name)) or texts == [field])


def _text(brief: Brief, field: Field, said: Said) -> str:
    if replies(field, brief.fields) and (brief.tool is None or REPLIES.search(field.name)):
        text = said.text
    else:
        text = _span(field, brief.question)
    longest = (field.schema or {}).get("maxLength")
    return text[:longest] if isinstance(longest, int) else text


def _span(field: Field, question: str) -> str:
    """Words of the question itself: after the field's own name, in quotes, a proper name, or its first sentence."""
    name = re.escape(field.name.replace("_", " "))
    after = re.search(rf"\b{name}\b(?: is| of|:)?\s+([\w@.-]+)", question, re.IGNORECASE)
    spot = after or QUOTED.search(question)
    if spot:
        return spot[1]
    proper = NAMED.search(question)
    return proper[0] if proper else questions(question)[0]


def _number(field: Field, text: str) -> float | int:
    schema: Mapping[str, Any] = field.schema or {}
    figure = FIGURE.search(text)
    value = float(figure[0]) if figure else 0.0
    low, high = schema.get("minimum"), schema.get("maximum")
    value = max(value, low) if isinstance(low, (int, float)) else value
    value = min(value, high) if isinstance(high, (int, float)) else value
    return int(value) if schema.get("type") == "integer" or value == int(value) else value


def _list(brief: Brief, field: Field, voice: Voice, said: Said) -> list[Any]:
    if field.cites:
        return list(said.sources)
    inner = field.inner[0] if field.inner else None
    if inner is not None and inner.kind == "label":
        return [voice.label(inner)]
    if (field.schema or {}).get("minItems", 0) >= 1:
        return [_value(brief, inner, voice, said) if inner is not None else said.text]
    return []
