"""Right where the answer contains what it must."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import acceptable, said
from harness.text.quote import quote
from harness.text.words import holds
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """1 where the answer contains one (`mode: any`) or each (`mode: all`) of the texts, else 0."""

    judges: ClassVar[Literal["answer"]] = "answer"
    texts: tuple[str, ...] = ()
    """Empty: the acceptable texts of the example."""
    mode: Literal["any", "all"] = "any"
    match: Literal["words", "characters"] = "words"
    """words: whole words in a row, whatever their case, punctuation and articles; "30 days" is not in "130 days".
    characters: the very characters."""

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if not self.texts and example.expected is None:
            return UNLABELLED
        wanted = self.texts or acceptable(example.expected)
        if not wanted:
            return Unscored(reason="the example has an empty list of expected texts: nothing to contain")
        text = said(record)
        found = holds if self.match == "words" else str.__contains__
        missing = [item for item in wanted if not found(text, item)]
        if not missing or (self.mode == "any" and len(missing) < len(wanted)):
            return Scored(value=1.0)
        return Scored(
            value=0.0, why=f"{quote(text)} lacks {', '.join(quote(item, 40) for item in missing[:3])}"
        )
