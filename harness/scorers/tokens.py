"""How many tokens a trial used."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.types.call import Usage
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored

Bucket = Literal[
    "total", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of the whole trial; lower is better."""

    judges: ClassVar[Literal["facts"]] = "facts"
    better: ClassVar[Literal["lower"]] = "lower"
    bucket: Bucket = "total"
    """total: input and output; cached and written input count where the server tells them apart."""

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:  # noqa: ARG002 - a fact of the record
        """Read one record."""
        if record.usage is None:
            return Unscored(reason="the server reported no usage")
        count = _total(record.usage) if self.bucket == "total" else getattr(record.usage, self.bucket)
        if count is None:
            return Unscored(reason=f"the server did not report {self.bucket.replace('_', ' ')}")
        return Scored(value=float(count))


def _total(usage: Usage) -> int | None:
    """Reasoning lies inside output, so it is not added; a cache that nobody reported is inside input."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = (usage.cached_input_tokens or 0) + (usage.cache_write_tokens or 0)
    return usage.input_tokens + cached + usage.output_tokens
