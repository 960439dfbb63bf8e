"""Whether the answer is what its JSON Schema says, and if not, in which way it breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.text.answers import refuses, said
from harness.text.json_answer import JsonAnswer, read_json
from harness.text.json_schema import JsonSchema
from harness.text.quote import clip
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored

KINDS = ("empty", "not_json", "fenced", "invalid", "truncated", "refused")
"""The ways to break a schema; each failure has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """1 for strict JSON that is valid, 0 for every other answer, its label then one of KINDS.

    The part `lenient` is 1 where the JSON inside a fence or prose is valid too. A refusal that the example accepts
    leaves the schema unjudged. Bounded: an answer over 2 MB or 64 levels is `invalid`; a check that is not over in
    two seconds raises, and leaves the answer unscored.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    schema: Mapping[str, Any]
    """JSON Schema, draft 2020-12. It is complete by itself: nothing that it refers to is fetched."""

    def __post_init__(self) -> None:
        """Compile. Raises ValueError for what is no usable schema."""
        object.__setattr__(self, "schema", JsonSchema(self.schema))

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        outcome = record.outcome
        if not outcome.came:
            return Unscored(reason=f"{outcome.kind}: no answer came")
        if outcome.kind == "truncated":
            return _failure("truncated", "cut off before its end")
        answer = read_json(said(record))
        if refuses(record, answer):
            if example.accept_refusal:
                return Unscored(reason="refusal accepted")
            return _failure("refused", clip(said(record)) or "the provider reports a refusal")
        return self._verdict(answer)

    def _verdict(self, answer: JsonAnswer) -> Scored:
        if answer.kind == "oversize":
            return _failure("invalid", answer.detail)
        if answer.kind in ("empty", "not_json"):
            return _failure(answer.kind, answer.detail)
        assert isinstance(self.schema, JsonSchema)
        fault = self.schema.fault(answer.value, len(answer.text))
        if answer.kind == "fenced":
            why = answer.detail if fault is None else f"{answer.detail}; inside: {fault}"
            return _failure("fenced", why, lenient=float(fault is None))
        if fault is not None:
            return _failure("invalid", fault)
        return Scored(value=1.0, parts={"lenient": 1.0})


def _failure(kind: str, why: str, lenient: float = 0.0) -> Scored:
    return Scored(value=0.0, why=why, parts={"lenient": lenient}, label=kind)
