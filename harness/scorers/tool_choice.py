"""Whether the right functions were called, whatever their arguments."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.tool_match import functions_fault
from harness.text.tool_verdict import judge_calls
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    """1 where each expected function was called as often as expected, in any order, and no other; else 0."""

    judges: ClassVar[Literal["outcome"]] = "outcome"

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge the calls of one trial. The label of a wrong one says in which way."""
        return judge_calls(record, example, functions_fault)
