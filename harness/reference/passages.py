"""Which sentence of the given context answers a question best, and whether any does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from harness.reference.features import rarity, sentences, stems
from harness.reference.prompt import Source

NUMBER = r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|twenty|thirty|sixty|a|an|half an?)"
CODE = re.compile(r"[^\W\d_]-?\d")
UNIT = (
    r"(?:working |business |calendar |full )?(?:minutes?|hours?|days?|nights?|weeks?|months?|years?|seconds?)"
)
CUES: tuple[tuple[re.Pattern[str], re.Pattern[str], float], ...] = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(said, re.IGNORECASE), bonus)
    for asked, said, bonus in (
        (
            (
                r"\bhow (?:long|soon|late|old|often|much time)\b|\bwhen\b|\bhow many \w* ?(?:days|hours|months|weeks|years|minutes)\b"
                r"|\b(?:deadline|time limit|period)\b"
            ),
            rf"\b{NUMBER} {UNIT}\b|\bonce in\b|\bday \d|\b\d\d?:\d\d\b",
            0.22,
        ),
        (
            r"\bhow much\b(?! time)|\b(?:costs?|prices?|fees?|charge|credit|discount|value)\b",
            r"[€$£]\s?\d|\b\d[\d.,]* ?(?:euros?|dollars?|pounds?|cents?|%|percent|per cent)|\bfree\b",
            0.22,
        ),
        (
            r"\bhow (?:many|big|large|far|high|fast|heavy|loud)\b|\b(?:number of|smallest|largest|limit|maximum|minimum|at most)\b",
            rf"\b{NUMBER}\b|\b(?:minimum|maximum|at most|at least|up to)\b",
            0.12,
        ),
        (
            r"\b(?:how (?:do|can|to|should)|where)\b",
            r"\b(?:open|go to|choose|select|click|press|under|use|send|write|call|hold|start)\b",
            0.08,
        ),
        (r"\bwhat (?:does|is|are)\b[^?]*\bmean\b|\bwhat (?:is|are)\b", r"\b(?:means?|is an?|are)\b", 0.06),
    )
)
"""What a kind of question looks for in a sentence, and what it is worth to find it there."""
TITLE_WEIGHT = 0.2
SOURCE_WEIGHT = 0.45
PAIR_BONUS = 0.06
PLACE_COST = 0.004
ASIDE = 0.4
"""What a word outside the question's own sentence weighs beside one inside it."""
CODE_WEIGHT = 2.0
"""What a code such as K-17 weighs beside a word."""
FRAGMENT_COST = 0.2
"""Of a sentence whose beginning was cut off with the chunk before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One sentence of the context as an answer."""

    text: str
    source: str
    """Id of the document; "" where it has none."""
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    weights: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    text: str
    total: float


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((sentence, stems(sentence)) for sentence in sentences(text))


def questions(text: str) -> tuple[str, ...]:
    """The sentences of a text that ask something; the whole text where none does."""
    asked = tuple(part for part in sentences(text) if part.rstrip("\"')”").endswith(("?", "？")))
    return asked or (text,)


def best(asked: str, around: str, sources: Sequence[Source]) -> Found | None:
    """Find the sentence that answers `asked` best; None where the context has no sentence at all.

    `around` is the whole text in which the question stands: its words count for less.
    """
    read = [(source, _read(source.text)) for source in sources]
    worth = rarity(words for _, lines in read for _, words in lines)
    question = _asked(asked, around, worth)
    found = [
        Found(text=line, source=source.id, score=whole + _line(question, words, line) - PLACE_COST * place)
        for source, lines in read
        for whole in [_source(question, source, lines)]
        for place, (line, words) in enumerate(lines)
    ]
    return max(found, key=lambda candidate: candidate.score, default=None)


def _asked(asked: str, around: str, worth: Mapping[str, float]) -> _Asked:
    rare = max(worth.values(), default=1.0)
    words = stems(asked)
    weights = {word: ASIDE * worth[word] for word in stems(around) if word in worth}
    weights |= {word: worth.get(word, rare) for word in words}
    weights = {word: weight * (CODE_WEIGHT if CODE.search(word) else 1.0) for word, weight in weights.items()}
    total = sum(weights[word] for word in set(words)) or 1.0
    return _Asked(weights=weights, pairs=frozenset(pairwise(words)), text=asked, total=total)


def _cover(asked: _Asked, words: frozenset[str]) -> float:
    return min(1.0, sum(weight for word, weight in asked.weights.items() if word in words) / asked.total)


def _source(asked: _Asked, source: Source, lines: Sequence[tuple[str, tuple[str, ...]]]) -> float:
    title = frozenset(stems(f"{source.title} {source.id.replace('-', ' ').replace('_', ' ')}"))
    whole = frozenset(word for _, words in lines for word in words) | title
    return SOURCE_WEIGHT * _cover(asked, whole) + TITLE_WEIGHT * _cover(asked, title)


def _line(asked: _Asked, words: tuple[str, ...], line: str) -> float:
    score = _cover(asked, frozenset(words)) - FRAGMENT_COST * line[:1].islower()
    score += PAIR_BONUS * len(asked.pairs.intersection(pairwise(words)))
    score += sum(bonus for wants, has, bonus in CUES if wants.search(asked.text) and has.search(line))
    return score
