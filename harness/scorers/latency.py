"""What a trial took, in milliseconds."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMs:
    """Service latency in ms; lower is better. A time-out counts at its limit, with the label `timed_out`."""

    judges: ClassVar[Literal["facts"]] = "facts"
    better: ClassVar[Literal["lower"]] = "lower"

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:  # noqa: ARG002 - a fact of the record
        """Read one record."""
        if record.cached:
            return Unscored(reason="answered from the cache")
        if record.latency_ms is None:
            why = "no attempt answered" if record.outcome.kind == "failed" else "recorded without a latency"
            return Unscored(reason=why)
        label = "timed_out" if record.outcome.kind == "timed_out" else None
        return Scored(value=record.latency_ms, label=label)
