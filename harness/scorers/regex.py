"""Right where a pattern is found in the answer."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import acceptable, said
from harness.text.quote import clip, quote
from harness.text.validator import linear_pattern
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """1 where the pattern is found in the answer, else 0.

    Patterns are ECMA 262, as in JSON Schema, and run in time linear in the answer: there is no pattern and no answer
    that can stall a run. The price is that look-around and back-references are refused.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    pattern: str | None = None
    """None: the expected text is the pattern; of several, one must be found."""
    ignore_case: bool = False
    whole: bool = False
    """True: the pattern must match the answer from end to end, white space around it left out."""

    def __post_init__(self) -> None:
        """Refuse what is no pattern. Raises ValueError."""
        if self.pattern is not None:
            linear_pattern(self._complete(self.pattern))

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if self.pattern is None and example.expected is None:
            return UNLABELLED
        patterns = (self.pattern,) if self.pattern is not None else acceptable(example.expected)
        text = said(record)
        heard = (text.strip() if self.whole else text).encode("utf-8", "replace").decode("utf-8")
        try:
            found = any(linear_pattern(self._complete(pattern)).is_valid(heard) for pattern in patterns)
        except ValueError as error:
            return Unscored(reason=f"the expected pattern: {error}")
        if found:
            return Scored(value=1.0)
        return Scored(value=0.0, why=clip(f"{quote(text)} does not match {' or '.join(patterns)}"))

    def _complete(self, pattern: str) -> str:
        flags = "(?i)" if self.ignore_case else ""
        return f"{flags}^(?:{pattern})$" if self.whole else f"{flags}{pattern}"
