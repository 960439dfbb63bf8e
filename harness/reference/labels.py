"""Which label fits a text: by the labels' own words, and by the worked examples that carry them."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.reference.declared import FALLBACK_BELOW, IDEA_WEIGHT, SHOT_FLOOR, SHOT_WEIGHT
from harness.reference.features import cosine, grams, profile, rarity, stems
from harness.reference.fields import Field, Label, json_object
from harness.reference.ideas import WEIGHTS, ideas
from harness.reference.prompt import Shot

FALLBACKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:other|unclear|unknown|oos|none|misc\w*|out[ _-]of[ _-](?:scope|domain))\b",
        r"\b(?:anything else|everything else|none of|nothing else|not clear|unclear|cannot be (?:told|read)|no other)\b",
        r"\b(?:otherwise|default|normal|medium|general|usual|ordinary)\b",
    )
)
NEAREST = 3
"""How many of the examples most like the text have a say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """What the labels of a field say of themselves."""

    stems: tuple[frozenset[str], ...]
    grams: tuple[frozenset[str], ...]
    ideas: tuple[frozenset[str], ...]
    worth: Mapping[str, float]
    """How rare a stem is among the labels."""
    shared: Mapping[str, int]
    """How many labels speak of an idea."""


@lru_cache(maxsize=1024)
def _described(labels: tuple[Label, ...]) -> _Described:
    texts = [f"{label.name.replace('_', ' ')} {label.text}" for label in labels]
    own = tuple(frozenset(stems(text)) for text in texts)
    thought = tuple(ideas(text, described=True) for text in texts)
    return _Described(
        stems=own,
        grams=tuple(frozenset(grams(text)) for text in texts),
        ideas=thought,
        worth=rarity(own),
        shared=Counter(idea for each in thought for idea in each),
    )


def scores(text: str, field: Field, shots: Sequence[Shot]) -> list[float]:
    """Score each label of a field for a text; about 0 for none at all, 1 and more for a close fit."""
    told = _described(field.labels)
    asked, edges, thought = frozenset(stems(text)), frozenset(grams(text)), ideas(text)
    found: list[float] = []
    for place in range(len(field.labels)):
        own = told.stems[place]
        length: float = sum(told.worth[word] for word in own) or 1.0
        worded = sum(told.worth[word] for word in asked & own) / math.sqrt(length)
        near = len(edges & told.grams[place]) / (len(told.grams[place]) or 1)
        meant = sum(WEIGHTS[idea] / told.shared[idea] for idea in thought & told.ideas[place])
        found.append(0.5 * worded + 0.6 * near + IDEA_WEIGHT * meant)
    for name, likeness in _nearest(text, field, shots):
        if name in field.names:
            found[field.names.index(name)] += SHOT_WEIGHT * likeness
    return found


def _nearest(text: str, field: Field, shots: Sequence[Shot]) -> list[tuple[str, float]]:
    asked = profile(text)
    alike = sorted(
        ((cosine(asked, profile(shot.question)), _label_of(shot, field)) for shot in shots),
        key=lambda pair: -pair[0],
    )
    return [
        (name, (likeness - SHOT_FLOOR) / (1 - SHOT_FLOOR))
        for likeness, name in alike[:NEAREST]
        if name is not None and likeness > SHOT_FLOOR
    ]


def _label_of(shot: Shot, field: Field) -> str | None:
    if not field.name:
        return shot.output
    value = (json_object(shot.output) or {}).get(field.name)
    return value if isinstance(value, str) else None


def choose(text: str, field: Field, shots: Sequence[Shot]) -> str:
    """Choose a label; where nothing fits, the one that is described as other or unclear."""
    found = scores(text, field, shots)
    best = max(range(len(found)), key=found.__getitem__)
    if found[best] < FALLBACK_BELOW:
        spare = fallback(field.labels)
        return spare if spare is not None else field.names[best]
    return field.names[best]


@lru_cache(maxsize=1024)
def fallback(labels: tuple[Label, ...]) -> str | None:
    """The label that is meant for what fits no other; None where no name or description says so."""
    for pattern in FALLBACKS:
        for side in ("name", "text"):
            for label in labels:
                if pattern.search(getattr(label, side).replace("_", " ")):
                    return label.name
    return None
