"""Right where the answer is the expected one, whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import acceptable, said
from harness.text.json_answer import read_json, same_json
from harness.text.quote import quote
from harness.text.squad import normalise
from harness.text.words import fold
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored

_FORMS: Mapping[str, Callable[[str], str]] = {"none": str.strip, "case": fold, "squad": normalise}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """1 where the answer equals one of the acceptable ones, else 0.

    Where an object is expected, the answer is read as JSON and compared as JSON.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    normalise: Literal["none", "case", "squad"] = "none"
    """none: only white space around the answer is dropped. case: letter case, space and punctuation mean nothing.
    squad: as SQuAD does, articles go too."""

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if example.expected is None:
            return UNLABELLED
        text = said(record)
        if isinstance(example.expected, Mapping):
            answer = read_json(text)
            right = answer.kind == "ok" and same_json(answer.value, example.expected)
        else:
            form = _FORMS[self.normalise]
            right = form(text) in map(form, acceptable(example.expected) or ("",))
        if right:
            return Scored(value=1.0)
        return Scored(value=0.0, why=f"{quote(text)} is not {quote(example.expected)}")
