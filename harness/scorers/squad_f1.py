"""Token F1 with SQuAD's normalisation, over several acceptable answers."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import acceptable, said
from harness.text.quote import quote
from harness.text.squad import best, token_f1
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadF1:
    """Token F1 with the acceptable answer that the answer does best against, after SQuAD's normalisation.

    An empty list of expected answers means that the question has none: only an empty answer is then right.
    """

    judges: ClassVar[Literal["answer"]] = "answer"

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if example.expected is None:
            return UNLABELLED
        text = said(record)
        value, nearest = best(token_f1, text, acceptable(example.expected))
        return Scored(value=value, why="" if value == 1.0 else f"{quote(text)}, expected {quote(nearest)}")
