"""What a trial cost, in US dollars."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class CostUsd:
    """Cost of the whole trial in USD; lower is better. Unknown is not free."""

    judges: ClassVar[Literal["facts"]] = "facts"
    better: ClassVar[Literal["lower"]] = "lower"

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:  # noqa: ARG002 - a fact of the record
        """Read one record."""
        if record.cost_usd is None:
            return Unscored(reason="unpriced: a price or a usage is unknown")
        return Scored(value=record.cost_usd)
