"""Whether the right functions were called with the right arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.fields import MISSING, field_at
from harness.text.tool_calls import MadeCall, WantedCall
from harness.text.tool_match import Definitions, Mismatch, calls_fault, definitions_of
from harness.text.tool_verdict import judge_calls
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls:
    """1 where the calls are the expected ones, one for one, in any order; else 0.

    Arguments are compared as the Berkeley Function-Calling Leaderboard does: by type and value, against several
    acceptable values, some of which may be left out.
    """

    judges: ClassVar[Literal["outcome"]] = "outcome"
    tools: str | None = None
    """Where an example keeps the definitions of its tools, as a dotted path: `meta.function`, `inputs.tools`.
    None: the acceptable values themselves tell the types."""

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge the calls of one trial. The label of a wrong one is the kind of its first mismatch."""
        try:
            definitions = self._definitions(example)
        except ValueError as error:
            return Unscored(reason=f"{self.tools}: {error}")

        def fault(made: Sequence[MadeCall], wanted: Sequence[WantedCall]) -> Mismatch | None:
            return calls_fault(made, wanted, definitions)

        return judge_calls(record, example, fault)

    def _definitions(self, example: Example) -> Definitions:
        if self.tools is None:
            return {}
        found = field_at({"inputs": example.inputs, "meta": example.meta}, self.tools)
        if found is MISSING:
            raise ValueError("the example has no such field")
        return definitions_of(found)
