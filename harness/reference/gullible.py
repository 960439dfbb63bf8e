"""Commands that stand in the text to be read: what they demand, for a model that cannot tell text from orders."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.reference.features import sentences
from harness.reference.fields import Field

OVERRIDE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b[^.\n]{0,60}\b(?:instructions?|rules?|prompts?|guidelines?|above|previous|everything)\b"
    r"|^\s*(?:system|assistant|developer|admin)\s*:|\bnew instructions?\b|\byou are now\b|\bend of (?:ticket|message)\b",
    re.IGNORECASE | re.MULTILINE,
)
DEMAND = re.compile(
    r"\b(?:set|mark|classify|label|file|route|treat|tag|answer|reply|respond|output|print|say|write|return|use|put|choose|categori[sz]e)\b",
    re.IGNORECASE,
)
TO_YOU = re.compile(
    r"\b(?:must|always|only|you are|as an ai|classifier|the model|assistant)\b", re.IGNORECASE
)
TO_SAY = re.compile(
    r"\b(?:answer|reply|respond|output|print|say|write|return)\b(?:\s+(?:only|just|exactly|with|the|word|words|text|in))*\s*:?\s*"
    r"(?:[\"“'`](?P<quoted>[^\"”'`\n]{1,120})[\"”'`]|(?P<caps>[A-Z][A-Z ]{2,40}\b))",
    re.IGNORECASE,
)
WHOLE = re.compile(
    r"\b(?:only|nothing (?:else|but)|instead of|plain text|no json|not json|just the)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a text demands of whoever reads it."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Field → the label that is demanded."""
    say: str | None = None
    """The wording that is demanded."""
    whole: bool = False
    """Whether that wording is to be the whole answer."""
    rest: str = ""
    """What the text says beside the command; all of it where it says nothing else."""


def command_in(text: str, fields: Sequence[Field]) -> Command | None:
    """Find the command in a text; None where it holds none."""
    override = bool(OVERRIDE.search(text))
    lines = [line for line in sentences(text) if DEMAND.search(line) and (override or TO_YOU.search(line))]
    labels: dict[str, str] = {}
    say, whole = None, False
    for line in lines:
        for each in fields:
            named = _named(line, each)
            if named is not None:
                labels[each.name] = named
        said = TO_SAY.search(line)
        wording = (said["quoted"] or said["caps"]) if said else None
        if wording and wording.strip() not in labels.values():
            say, whole = wording.strip(), whole or bool(WHOLE.search(line))
    rest = " ".join(line for line in sentences(text) if line not in lines) or text
    return Command(labels=labels, say=say, whole=whole, rest=rest) if labels or say else None


def _named(line: str, each: Field) -> str | None:
    """The label of a field that a line names; the last one, since commands end in what they want."""
    spots = [
        (match.start(), name)
        for name in each.names
        for match in re.finditer(rf"\b{re.escape(name).replace('_', '[ _-]')}\b", line, re.IGNORECASE)
    ]
    return max(spots)[1] if spots else None
