"""What an answer is to be made of: its fields, with their kinds and labels, as a schema or worked examples say."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["label", "text", "list", "number", "boolean", "object", "fixed"]

SOURCES = re.compile(
    r"sources?|citations?|references?|documents?|evidence|doc_?ids?|passages?", re.IGNORECASE
)
LABELLED = re.compile(
    r"categor|label|class|intent|topic|priorit|severity|urgency|status|sentiment|type|team|queue|language",
    re.IGNORECASE,
)
MAX_NAME_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One value that a label field may have."""

    name: str
    text: str = ""
    """How the prompt or the schema describes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of the answer; the one field of an answer in plain text has the name ""."""

    name: str
    kind: Kind
    labels: tuple[Label, ...] = ()
    text: str = ""
    required: bool = True
    schema: Mapping[str, Any] | None = None
    inner: tuple["Field", ...] = ()
    """Of an object."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its labels."""
        return tuple(label.name for label in self.labels)

    @property
    def cites(self) -> bool:
        """Whether it asks for the ids of documents."""
        return self.kind == "list" and bool(SOURCES.search(self.name) or SOURCES.search(self.text))


def from_schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """Read the fields of an object's schema; () where it is not an object's."""
    return _fields_of(schema, schema, 0)


def _fields_of(node: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> tuple[Field, ...]:
    properties = node.get("properties")
    if not isinstance(properties, dict) or depth > 8:
        return ()
    required = node.get("required")
    needed = set(required) if isinstance(required, list) else set(properties)
    return tuple(
        replace(_field_of(str(name), _resolved(child, root), root, depth), required=name in needed)
        for name, child in properties.items()
    )


def _resolved(node: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow local references and take the first choice that is not null."""
    for _ in range(16):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        choices = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
        if isinstance(reference, str):
            node = _pointed(reference, root)
        elif isinstance(choices, list) and not all(isinstance(c, dict) and "const" in c for c in choices):
            node = next((c for c in choices if isinstance(c, dict) and c.get("type") != "null"), {})
        else:
            return node
    return {}


def _pointed(reference: str, root: Mapping[str, Any]) -> Any:
    node: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
    return node


def _field_of(name: str, node: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Field:
    text = str(node.get("description", ""))
    kinds = node.get("type", "string")
    kind = next((k for k in kinds if k != "null"), "null") if isinstance(kinds, list) else kinds
    labels = _schema_labels(node)
    if "const" in node:
        return Field(name=name, kind="fixed", text=text, schema=node)
    if labels:
        return Field(name=name, kind="label", labels=labels, text=text, schema=node)
    if kind == "object":
        return Field(
            name=name, kind="object", text=text, schema=node, inner=_fields_of(node, root, depth + 1)
        )
    known: Mapping[str, Kind] = {
        "array": "list",
        "number": "number",
        "integer": "number",
        "boolean": "boolean",
        "null": "fixed",
    }
    if kind == "array":
        inner = _field_of("", _resolved(node.get("items", {}), root), root, depth + 1) if depth < 8 else None
        return Field(name=name, kind="list", text=text, schema=node, inner=(inner,) if inner else ())
    return Field(name=name, kind=known.get(str(kind), "text"), text=text, schema=node)


def _schema_labels(node: Mapping[str, Any]) -> tuple[Label, ...]:
    if isinstance(node.get("enum"), list):
        text = str(node.get("description", ""))
        return tuple(Label(name=v, text=_spoken_of(v, text)) for v in node["enum"] if isinstance(v, str))
    choices = node.get("oneOf") or node.get("anyOf") or ()
    return tuple(
        Label(name=choice["const"], text=str(choice.get("description", "")))
        for choice in choices
        if isinstance(choice, dict) and isinstance(choice.get("const"), str)
    )


def from_outputs(outputs: Sequence[str]) -> tuple[Field, ...]:
    """Read the fields from the outputs of worked examples, where all of them are JSON objects."""
    objects = [parsed for parsed in map(json_object, outputs) if parsed is not None]
    if not objects or len(objects) < len(outputs):
        return ()
    return tuple(_seen_field(str(name), [o.get(name) for o in objects]) for name in objects[0])


def _seen_field(name: str, values: Sequence[Any]) -> Field:
    kinds: Mapping[type, Kind] = {
        bool: "boolean",
        list: "list",
        dict: "object",
        int: "number",
        float: "number",
    }
    kind = kinds.get(type(values[0]), "text")
    labels = seen_labels(name, values) if kind == "text" else ()
    return Field(name=name, kind="label" if labels else kind, labels=labels)


def _spoken_of(name: str, text: str) -> str:
    """What a description says of one label: the sentence after `name:`."""
    match = re.search(rf"\b{re.escape(name)}\s*[:=]\s*([^.\n]+)", text)
    return match[1] if match else ""


def seen_labels(name: str, values: Sequence[Any]) -> tuple[Label, ...]:
    """The distinct values of a field, where they are short and come again, or the field's name says label."""
    words = [value for value in values if isinstance(value, str)]
    short = all(0 < len(word) <= 40 and len(word.split()) <= MAX_NAME_WORDS for word in words)
    distinct = tuple(dict.fromkeys(words))
    few = bool(LABELLED.search(name)) or len(distinct) < len(words)
    return tuple(Label(name=word) for word in distinct) if words and short and few else ()


@lru_cache(maxsize=4096)
def json_object(text: str) -> Mapping[str, Any] | None:
    """Parse a text as one JSON object; None where it is not one. Do not change it: it is shared."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
