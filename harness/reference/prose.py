"""What the instructions of a prompt say about the answer, in whatever prose they say it: keys, labels, rules."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import orjson

from harness.reference.fields import MAX_NAME_WORDS, SOURCES, Field, Label, from_schema

LIST_WORDS = re.compile(r"\b(list|array)\b|\[\s*\]", re.IGNORECASE)
BULLET = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+(?P<item>\S.*)$")
ITEM = re.compile(r"^[`*\"'_]*(?P<name>[^`*\"':\n]{1,40}?)[`*\"'_]*\s*(?::|—|–|\s-\s|=|$)[*\s]*(?P<text>.*)$")
QUOTED = re.compile(r"[`\"“]([\w][\w .-]{0,39})[`\"”]")
ONE_OF = re.compile(r"\bone of\b:?\s*(?P<names>[^.;\n]+)", re.IGNORECASE)
KEYS = re.compile(r"\b(?:keys?|fields?|properties)\b", re.IGNORECASE)
CHOOSES = re.compile(
    r"categor|\blabels?\b|\bclass|\bintents?\b|\btopics?\b|\bone of\b|\bchoose\b", re.IGNORECASE
)
SKELETON_KEY = re.compile(r'"(\w[\w -]{0,39})"\s*:\s*(\[|\{|"[^"\n]*"(?:\s*\|\s*"[^"\n]*")*|[^,}\n]*)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One bullet list of a prompt, whose items all have names."""

    header: str
    items: tuple[Label, ...]


@lru_cache(maxsize=512)
def from_prose(instructions: str) -> tuple[tuple[Field, ...], tuple[Listing, ...]]:
    """Read which keys the instructions name, and every list of named items that they hold."""
    lists = listings(instructions)
    skeleton = _skeleton(instructions)
    fields = skeleton if skeleton is not None else _named_keys(instructions) or _listed_keys(lists)
    return _with_details(fields, lists, instructions), lists


def listings(text: str) -> tuple[Listing, ...]:
    """Find the bullet lists whose items all begin with a short name."""
    found: list[Listing] = []
    header: list[str] = []
    items: list[str] = []
    for line in [*text.split("\n"), "\x00"]:
        bullet = BULLET.match(line)
        if bullet:
            items.append(bullet["item"].strip())
        elif items and line.startswith((" ", "\t")) and line.strip():
            items[-1] += " " + line.strip()
        elif line.strip():
            if items:
                found.extend(_listing(header, items))
                header, items = [], []
            header = [line.strip(), *header][:3]
    return tuple(found)


def _listing(header: Sequence[str], items: Sequence[str]) -> Iterable[Listing]:
    named = [ITEM.match(item) for item in items]
    labels = [Label(name=m["name"].strip(), text=m["text"].strip(" *")) for m in named if m]
    short = all(len(label.name.split()) <= MAX_NAME_WORDS and label.name[-1:] != "." for label in labels)
    if len(items) >= 2 and len(labels) == len(items) and short:
        yield Listing(header="\n".join(header), items=tuple(labels))


def _skeleton(text: str) -> tuple[Field, ...] | None:
    """The fields of a JSON object or a JSON Schema that is written out in the prompt."""
    for start in (match.start() for match in re.finditer(r"\{", text)):
        block = _balanced(text, start)
        keys = SKELETON_KEY.findall(block)
        if not keys:
            continue
        try:
            parsed = orjson.loads(block)
        except orjson.JSONDecodeError:
            parsed = None
        if isinstance(parsed, dict) and isinstance(parsed.get("properties"), dict):
            return from_schema(parsed)
        return tuple(_skeleton_field(name, value.strip()) for name, value in dict(keys).items())
    return None


def _balanced(text: str, start: int) -> str:
    depth = 0
    for end in range(start, min(len(text), start + 8000)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start : end + 1]
    return ""


def _skeleton_field(name: str, value: str) -> Field:
    if value.startswith("["):
        return Field(name=name, kind="list")
    choices = [part.strip(' "<>') for part in value.split("|")]
    if len(choices) >= 2 and all(0 < len(c.split()) <= MAX_NAME_WORDS for c in choices):
        return Field(name=name, kind="label", labels=tuple(Label(name=c) for c in choices))
    if value in ("true", "false"):
        return Field(name=name, kind="boolean")
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return Field(name=name, kind="number")
    return Field(name=name, kind="text", text=value.strip('"'))


def _named_keys(text: str) -> tuple[Field, ...]:
    """The keys of a sentence such as: answer with one JSON object with the keys `a`, `b` and `c`."""
    for sentence in re.split(r"(?<=[.:;])\s+|\n", text):
        word = KEYS.search(sentence)
        if not word:
            continue
        names = QUOTED.findall(sentence)
        if not names:
            tail = re.split(r"[.;(]", sentence[word.end() :].lstrip(" :"))[0]
            names = [p.strip() for p in re.split(r",|\band\b", tail) if re.fullmatch(r"\s*\w{2,40}\s*", p)]
        if len(names) >= 2 or (names and "json" in sentence.lower()):
            return tuple(Field(name=name, kind="text") for name in dict.fromkeys(names))
    return ()


def _listed_keys(lists: Sequence[Listing]) -> tuple[Field, ...]:
    """The keys of a bullet list under a line that speaks of keys or of a JSON object."""
    for listing in lists:
        near = listing.header.split("\n")[0]
        speaks = KEYS.search(near) or re.search(r"\bjson\b|\bobject\b", near, re.IGNORECASE)
        if speaks and not re.search(r"\bone of\b", near, re.IGNORECASE):
            return tuple(Field(name=item.name, kind="text", text=item.text) for item in listing.items)
    return ()


def _with_details(fields: Sequence[Field], lists: Sequence[Listing], text: str) -> tuple[Field, ...]:
    detailed = [_described(field, lists, text) for field in fields]
    return tuple(_with_kind(field) for field in detailed)


def _described(field: Field, lists: Sequence[Listing], text: str) -> Field:
    """Give a field what the prose says of it: its own bullet, its label list, a sentence that names it."""
    names = {f.name for listing in lists for f in listing.items}
    own = next((i.text for li in lists for i in li.items if i.name == field.name and names), "")
    labels = next((li.items for li in lists if heads(li.header, field.name)), ())
    spoken = " ".join(
        part
        for part in re.split(r"(?<=[.;])\s+|\n", text)
        if f"`{field.name}`" in part or (own and own in part)
    )
    labels = labels or field.labels or inline_labels(own) or inline_labels(_after(spoken, field.name))
    return replace(field, labels=labels, text=field.text or own or spoken)


def heads(header: str, name: str) -> bool:
    """Whether a list's header names a field; backticks in the nearest line decide, then words, then headings."""
    ticked = QUOTED.findall(header.split("\n", maxsplit=1)[0])
    if ticked:
        return name in ticked
    for line in header.split("\n"):
        if KEYS.search(line) and not re.search(r"\bone of\b", line, re.IGNORECASE):
            return False
        if folded(name) in {folded(word) for word in re.findall(r"\w+", line)}:
            return True
        if QUOTED.search(line):
            return name in QUOTED.findall(line)
    return False


def folded(word: str) -> str:
    """A word without case and plural, so that `Categories` heads `category`."""
    word = word.lower()
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _after(text: str, name: str) -> str:
    return text.partition(f"`{name}`")[2]


def inline_labels(text: str) -> tuple[Label, ...]:
    """The labels of a phrase such as `one of a, b or c`, or of a text that is such a row of names."""
    match = ONE_OF.search(text)
    if match:
        listed = match["names"]
    else:
        plain = re.match(
            r"^\W*(?:is |are |must be |should be )?(?:either )?((?:[`\"]?\w+[`\"]?,\s*)*[`\"]?\w+[`\"]?,? or [`\"]?\w+[`\"]?)\W*$",
            text,
        )
        if not plain:
            return ()
        listed = plain[1]
    names = [part.strip(" `\"'“”*_:()") for part in re.split(r",|/|\||\bor\b|\band\b", listed)]
    names = [name for name in names if name]
    short = all(len(name.split()) <= MAX_NAME_WORDS for name in names)
    return tuple(Label(name=name) for name in names) if len(names) >= 2 and short else ()


def _with_kind(field: Field) -> Field:
    if field.labels:
        return replace(field, kind="label")
    if field.kind == "text" and (SOURCES.fullmatch(field.name) or LIST_WORDS.search(field.text[:120])):
        return replace(field, kind="list")
    return field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the instructions say beside the fields."""

    unknown: str | None
    """What to say where the context does not hold the answer; None where the prompt does not say."""
    data_only: bool
    """Whether it says that commands inside the text to be read are not to be followed."""
    bare: bool
    """Whether it asks for nothing but the JSON."""
    json: bool
    """Whether it speaks of JSON at all."""


LACKS = re.compile(r"\b(?:not|no|cannot|none|nothing|unless|without|missing|\w+n['’]t)\b", re.IGNORECASE)
KNOWING = re.compile(
    r"\b(?:know|known|unknown|hold|holds|contain|contains|cover|covers|covered|found|find|answer|answered|answers"
    r"|context|documents?|passages?|information|sure|supported?|listed)\b",
    re.IGNORECASE,
)
SAYING = re.compile(
    r"\b(?:say|says|answer|reply|respond|set|write|return|put|use|output|state)\b", re.IGNORECASE
)
WORDING = re.compile(r"[\"“]([^\"”\n]{2,90})[\"”]|'(I (?:do not|don't)[^'\n]*)'")
DONT_KNOW = re.compile(r"\b(?:don['’]t|do not|not) know\b|\bunknown\b", re.IGNORECASE)
DATA_ONLY = re.compile(
    r"\b(?:never|not|no|ignore|don['’]t)\b[^.\n]{0,70}\b(?:instructions?|commands?|orders?|requests?)\b",
    re.IGNORECASE,
)
GIVEN_TEXT = re.compile(
    r"\b(?:tickets?|messages?|texts?|data|content|customers?|inputs?|users?|documents?|e-?mails?|questions?)\b",
    re.IGNORECASE,
)
BARE = re.compile(
    r"\b(?:only|nothing but|just|solely)\b[^.\n]{0,50}\bjson\b|\bjson\b[^.\n]{0,160}\b(?:only|nothing else|and nothing)\b"
    r"|\b(?:no|without)\b[^.\n]{0,30}\b(?:fences?|prose|markdown|other text)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def rules_of(instructions: str, labels: tuple[str, ...] = ()) -> Rules:
    """Read the rules; a quoted wording that is one of the `labels` is no way to say "I do not know"."""
    lines = [part for part in re.split(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*[-*#\d])", instructions) if part]
    return Rules(
        unknown=next((w for w in (_unknown(line, labels) for line in lines) if w), None),
        data_only=any(DATA_ONLY.search(line) and GIVEN_TEXT.search(line) for line in lines),
        bare=bool(BARE.search(instructions)),
        json="json" in instructions.lower(),
    )


def _unknown(line: str, labels: Sequence[str]) -> str | None:
    if not (LACKS.search(line) and KNOWING.search(line) and SAYING.search(line)):
        return None
    quoted = [a or b for a, b in WORDING.findall(line)]
    lacking = [wording for wording in quoted if wording not in labels]
    if lacking:
        return str(lacking[-1])
    return "I don't know" if DONT_KNOW.search(line) else None
