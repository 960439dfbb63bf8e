"""Right where the answer's number is the expected one, within a tolerance."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import is_list, said
from harness.text.numbers import as_number, near, numbers
from harness.text.quote import quote
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """1 where a number of the answer is an acceptable one within the wider of the tolerances, else 0.

    Thousands separators and currency signs are read over; 12 % is both 12 and 0.12 where only one side has the sign.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    absolute: float = 0.0
    relative: float = 0.0
    """Share of the expected number: 0.01 for one per cent."""
    which: Literal["last", "first"] = "last"
    """Which number of the answer counts; people and models end on the result."""
    point: Literal[".", ","] = "."
    """The decimal sign of answers and expected texts."""

    def __post_init__(self) -> None:
        """Refuse a tolerance that is none. Raises ValueError."""
        for name, value in (("absolute", self.absolute), ("relative", self.relative)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a number of at least 0")

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        if example.expected is None:
            return UNLABELLED
        items = example.expected if is_list(example.expected) else (example.expected,)
        wanted = [number for item in items if (number := as_number(item, self.point))]
        if not wanted:
            return Unscored(reason=f"the expected answer {quote(example.expected)} holds no number")
        text = said(record)
        found = numbers(text, self.point)
        if not found:
            return Scored(value=0.0, why=f"no number in {quote(text)}")
        got = found[-1 if self.which == "last" else 0]
        if any(near(got, number, absolute=self.absolute, relative=self.relative) for number in wanted):
            return Scored(value=1.0)
        return Scored(value=0.0, why=f"{got.value} is not {' or '.join(str(n.value) for n in wanted[:3])}")
