"""From a request to a brief: what is asked, by which fields, with which examples, context and rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from harness.reference.ask import Ask, Tool
from harness.reference.features import cosine, profile
from harness.reference.fields import Field, Label, from_outputs, from_schema, json_object, seen_labels
from harness.reference.prose import CHOOSES, Listing, Rules, from_prose, inline_labels, rules_of

EXAMPLE = re.compile(r"<example[^>]*>(.*?)</example>", re.DOTALL | re.IGNORECASE)
EXAMPLES = re.compile(r"</?examples[^>]*>", re.IGNORECASE)
PARTS = re.compile(
    r"<(?:input|ticket|question|text|user)>(?P<input>.*?)</(?:input|ticket|question|text|user)>\s*"
    r"<(?:output|answer|label|assistant)>(?P<output>.*?)</(?:output|answer|label|assistant)>",
    re.DOTALL | re.IGNORECASE,
)
INPUT_OUTPUT = re.compile(
    r"^\s*(?:input|ticket|question|text|user|q)\s*:(?P<input>.*?)\n\s*(?:output|answer|label|assistant|a)\s*:(?P<output>.*)$",
    re.DOTALL | re.IGNORECASE,
)
DOCUMENT = re.compile(
    r"<(?P<tag>document|passage|doc|source)\b(?P<attributes>[^>]*)>(?P<text>.*?)</(?P=tag)>",
    re.DOTALL | re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"(\w+)\s*=\s*\"([^\"]*)\"")
CONTEXT = re.compile(r"<(context|documents|passages|sources)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
BARE_CONTEXT = re.compile(
    r"^(?:context|documents|passages|sources)\s*:\s*\n?(?P<context>.*?)(?=^\s*(?:question|ticket|query)\s*:|\Z)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
NUMBERED = re.compile(
    r"^\[(?P<id>[\w./-]+)\][ \t]*(?P<text>.*?)(?=^\[[\w./-]+\]|\Z)", re.DOTALL | re.MULTILINE
)
ASKED = "ticket|question|query|message|input|text|request|e-?mail|utterance|sentence|review"
WRAPPED = re.compile(rf"<({ASKED})>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
MARKED = re.compile(rf"(?im)^[ \t]*(?:the )?(?:customer |user )?(?:{ASKED})[ \t]*:[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One worked example that stands in the prompt."""

    question: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One document that stands in the prompt."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A request as the reading model understood it."""

    question: str
    fields: tuple[Field, ...]
    plain: bool
    """Whether the answer is plain text, made of the one field."""
    shots: tuple[Shot, ...]
    sources: tuple[Source, ...]
    rules: Rules
    tool: Tool | None = None


def read(ask: Ask) -> Brief:
    """Read a request: nothing but its own words is looked at."""
    shots, instructions, last = _split(ask)
    sources, rest = _sources(last)
    more, instructions = _sources(instructions)
    question, lead = _question(rest, alone=not instructions.strip())
    instructions = f"{instructions}\n{lead}".strip()
    tool = _tool(ask, question)
    fields, plain = _fields(ask, tool, instructions, shots)
    labels = tuple(name for field in fields for name in field.names)
    return Brief(
        question=question,
        fields=fields,
        plain=plain,
        shots=shots,
        sources=(*more, *sources),
        rules=rules_of(instructions, labels),
        tool=tool,
    )


def _split(ask: Ask) -> tuple[tuple[Shot, ...], str, str]:
    """Part the conversation into worked examples, instructions and the last user message."""
    instructions = "\n\n".join(turn.text for turn in ask.turns if turn.role == "system")
    talk = [turn for turn in ask.turns if turn.role != "system"]
    last = talk.pop().text if talk and talk[-1].role == "user" else ""
    inline, instructions = _inline_shots(instructions)
    also, last = _inline_shots(last)
    pairs = pairwise(talk)
    turns = tuple(
        Shot(question=_sources(a.text)[1].strip(), output=b.text.strip())
        for a, b in pairs
        if a.role == "user" and b.role == "assistant"
    )
    return (*inline, *turns, *also), instructions, last


@lru_cache(maxsize=2048)
def _inline_shots(text: str) -> tuple[tuple[Shot, ...], str]:
    if "<example" not in text.lower():
        return (), text
    shots: list[Shot] = []
    for block in EXAMPLE.findall(text):
        parts = PARTS.search(block) or INPUT_OUTPUT.search(block)
        if parts:
            shots.append(Shot(question=parts["input"].strip(), output=parts["output"].strip()))
    return tuple(shots), EXAMPLES.sub("", EXAMPLE.sub("", text))


def _sources(text: str) -> tuple[tuple[Source, ...], str]:
    """Take the documents out of a text; a context in plain prose is one document without an id."""
    if DOCUMENT.search(text):
        found = tuple(_source(m["attributes"], m["text"]) for m in DOCUMENT.finditer(text))
        return found, CONTEXT.sub("", DOCUMENT.sub("", text))
    block = CONTEXT.search(text) or BARE_CONTEXT.search(text)
    if not block:
        return (), text
    body = block.groupdict().get("context") or (block.group(2) if block.re is CONTEXT else "")
    numbered = tuple(Source(id=m["id"], title="", text=m["text"].strip()) for m in NUMBERED.finditer(body))
    whole = (Source(id="", title="", text=body.strip()),) if body.strip() else ()
    return numbered or whole, text[: block.start()] + text[block.end() :]


def _source(attributes: str, text: str) -> Source:
    given = {name.lower(): value for name, value in ATTRIBUTE.findall(attributes)}
    name = given.get("id") or given.get("doc") or given.get("source") or given.get("name") or ""
    return Source(id=name, title=given.get("title", ""), text=text.strip())


def _question(text: str, *, alone: bool) -> tuple[str, str]:
    """Part the last message into what is asked and what was instructed before it."""
    wrapped = WRAPPED.search(text)
    if wrapped:
        return wrapped[2].strip(), text[: wrapped.start()]
    stripped = text.strip()
    marked = MARKED.search(stripped)
    if marked and (alone or marked.start() == 0):
        return stripped[marked.end() :].strip(), stripped[: marked.start()]
    return stripped, ""


def _tool(ask: Ask, question: str) -> Tool | None:
    """The tool to be called: the one that is named, or the one whose description is most like the question."""
    if not ask.tools or ask.tool_choice == "none":
        return None
    named = next((tool for tool in ask.tools if tool.name == ask.tool_choice), None)
    if named:
        return named
    asked = profile(question)
    alike = [cosine(asked, profile(f"{t.name.replace('_', ' ')} {t.description}")) for t in ask.tools]
    best = max(alike)
    return ask.tools[alike.index(best)] if best > 0.05 or ask.tool_choice == "required" else None


def _fields(ask: Ask, tool: Tool | None, text: str, shots: Sequence[Shot]) -> tuple[tuple[Field, ...], bool]:
    said, lists = from_prose(text)
    if tool is not None:
        return _joined(from_schema(tool.parameters), said, lists), False
    if ask.schema is not None:
        return _joined(from_schema(ask.schema), said, lists), False
    seen = from_outputs([shot.output for shot in shots])
    if said and (ask.shape != "text" or "json" in text.lower() or "{" in text or seen):
        return _with_seen(said, shots), False
    if seen or ask.shape == "json_object":
        fields = _joined(seen, (), lists) or _listed(lists)
        return fields or (Field(name="answer", kind="text"),), False
    return (_plain_field(text, lists, shots),), True


def _joined(fields: Sequence[Field], said: Sequence[Field], lists: Sequence[Listing]) -> tuple[Field, ...]:
    """Give the fields of a schema what the prose says of their labels."""
    told = {label.name: label.text for field in said for label in field.labels if label.text}
    told |= {item.name: item.text for listing in lists for item in listing.items if item.text}
    return tuple(
        replace(f, labels=tuple(Label(name=x.name, text=x.text or told.get(x.name, "")) for x in f.labels))
        for f in fields
    )


def _listed(lists: Sequence[Listing]) -> tuple[Field, ...]:
    return tuple(Field(name="label", kind="label", labels=listing.items) for listing in lists[:1])


def _with_seen(fields: Sequence[Field], shots: Sequence[Shot]) -> tuple[Field, ...]:
    """A text field that no list describes may still be a label: the examples show its values."""
    objects = [parsed for parsed in (json_object(shot.output) for shot in shots) if parsed]
    whole: list[Field] = []
    for field in fields:
        labels = seen_labels(field.name, [o.get(field.name) for o in objects]) if field.kind == "text" else ()
        lists = bool(objects) and isinstance(objects[0].get(field.name), list)
        kind = "label" if labels else "list" if lists else field.kind
        whole.append(replace(field, kind=kind, labels=labels or field.labels))
    return tuple(whole)


def _plain_field(text: str, lists: Sequence[Listing], shots: Sequence[Shot]) -> Field:
    """The one field of an answer in plain text: a label where labels are listed or shown, else free text."""
    chosen = [listing.items for listing in lists if CHOOSES.search(listing.header)]
    labels = max(chosen, key=len, default=()) or inline_labels(text)
    if not labels and len(shots) >= 2:
        labels = seen_labels("label" if CHOOSES.search(text) else "", [shot.output for shot in shots])
    return Field(name="", kind="label" if labels else "text", labels=labels)
