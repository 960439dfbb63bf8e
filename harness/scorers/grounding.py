"""How much of an answer the used passages support, told without a judge: by words, figures and likeness."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.reference.embed import embed
from harness.text.answers import is_list, said
from harness.text.fields import field_at
from harness.text.json_answer import read_json
from harness.text.numbers import numbers
from harness.text.quote import quote
from harness.text.refusal import declines
from harness.text.sentences import sentences
from harness.text.similarity import STOP_TERMS, terms
from harness.types.evalset import Example
from harness.types.record import ReadPassage, Record
from harness.types.score import Scored, Unscored

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np

_CITED = re.compile(r"\[[^\[\]\n]{1,80}\]")
"""A source that is named between the words is no part of what they say."""
_LONGEST_KEPT = 20_000
"""Characters of a passage that is worth keeping read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """Share of the answer's sentences that a used passage supports. An approximation: it reads words, not meaning.

    A passage supports a sentence where all numbers of the sentence stand in it and either enough of the sentence's
    content terms do (`lexical`), or one of its sentences is enough like it (`embedding`: cosine of hashed n-grams, the
    built-in `reference-embed`). So it tells an answer that was read from one that was made up. It does not see a
    negation or one wrong word: docs/measuring.md has what was measured.

    Sentences without a content term are not counted. Unscored: no passage used or its text not known, an answer that
    declines or says nothing, and one in which the field is not to be found.
    """

    judges: ClassVar[Literal["outcome"]] = "outcome"
    reads_passages: ClassVar[bool] = True
    by: Literal["both", "lexical", "embedding"] = "both"
    """both: either is enough."""
    lexical: float = 0.65
    """Share of the content terms that one passage must hold."""
    embedding: float = 0.5
    """Least cosine with one sentence of a passage."""
    field: str | None = None
    """Of a JSON answer: the field (dotted path) that holds the text. None: the whole answer is text."""

    def __post_init__(self) -> None:
        """Refuse thresholds that cannot be. Raises ValueError."""
        for name, value in (("lexical", self.lexical), ("embedding", self.embedding)):
            if not 0 < value <= 1:
                raise ValueError(f"{name} must lie above 0 and at most at 1, not {value}")

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer. The parts count: `sentences`, and those `supported`."""
        del example
        text = self._text(record)
        if text is None:
            return Unscored(
                reason=f"the answer has no text to read{f' in {self.field!r}' if self.field else ''}"
            )
        if record.outcome.kind == "refused" or declines(text):
            return Unscored(reason="the answer declines, or is empty")
        used = [passage for passage in record.retrieved if passage.used]
        told = [one.content for one in used if isinstance(one, ReadPassage) and one.content.strip()]
        if len(told) < len(used) or not used:
            lacking = "the text of a passage is not known" if used else "no passage was used"
            return Unscored(reason=lacking)
        claims = [claim for claim in map(_claim, sentences(_CITED.sub(" ", text))) if claim.terms]
        if not claims:
            return Unscored(reason="the answer says nothing that could be supported")
        passages = [_passage(content) for content in told]
        loose = [claim for claim in claims if not any(self._supports(one, claim) for one in passages)]
        supported = len(claims) - len(loose)
        return Scored(
            value=supported / len(claims),
            why=f"{len(loose)} of {len(claims)} unsupported: {quote(loose[0].text, 200)}" if loose else "",
            parts={"sentences": float(len(claims)), "supported": float(supported)},
        )

    def _text(self, record: Record) -> str | None:
        """What is said to a person; None where that is not to be found."""
        text = said(record)
        answer = read_json(text)
        wrapped = answer.kind in ("ok", "fenced") and isinstance(answer.value, dict)
        if self.field is None:
            return None if wrapped else text
        found = field_at(answer.value, self.field)
        parts = found if is_list(found) else (found,)
        return "\n".join(parts) if wrapped and all(isinstance(part, str) for part in parts) else None

    def _supports(self, passage: "_Passage", claim: "_Claim") -> bool:
        if not claim.numbers <= passage.claim.numbers:
            return False
        held = len(claim.terms & passage.claim.terms) / len(claim.terms)
        if self.by != "embedding" and held >= self.lexical:
            return True
        return self.by != "lexical" and passage.likeness(claim.text) >= self.embedding


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    terms: frozenset[str]
    numbers: "frozenset[Decimal]"


class _Passage:
    """One passage, read; its vectors are made when they are first asked for."""

    def __init__(self, text: str) -> None:
        self.claim = _claim(text)
        self._vectors: np.ndarray | None = None

    def likeness(self, sentence: str) -> float:
        """The highest cosine of `sentence` with a sentence of the passage."""
        import numpy as np

        if self._vectors is None:
            lines = sentences(self.claim.text) or [self.claim.text]
            self._vectors = np.array([embed(line) for line in lines], dtype=np.float32)
        return float((self._vectors @ np.array(embed(sentence), dtype=np.float32)).max())


def _claim(text: str) -> _Claim:
    return _Claim(text, _content(terms(text)), frozenset(number.value for number in numbers(text)))


def _content(found: Sequence[str]) -> frozenset[str]:
    """Terms that say something; signs of scripts without spaces in pairs, since one alone is in every text."""
    pairs = {left + right for left, right in pairwise(found) if _sign(left) and _sign(right)}
    return frozenset(pairs.union(term for term in found if not _sign(term))) - STOP_TERMS


def _sign(term: str) -> bool:
    return len(term) == 1 and ("\u3040" <= term <= "\u9fff" or "\uf900" <= term <= "\ufaff")


def _passage(text: str) -> _Passage:
    return _kept(text) if len(text) <= _LONGEST_KEPT else _Passage(text)


@lru_cache(maxsize=512)
def _kept(text: str) -> _Passage:
    """Variants of one example and examples of one corpus meet the same passages again."""
    return _Passage(text)
