"""The share of the expected fields of a JSON answer that are right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from harness.text.answers import said
from harness.text.compare import Compare, agreement
from harness.text.fields import MISSING, field_at
from harness.text.json_answer import read_json
from harness.text.quote import clip, quote
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """How one field is compared."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}
    compare: Compare = "exact"
    """exact: the same JSON value. contains: the expected text's words stand in the answer's. token_f1: SQuAD's.
    numeric: the same number. set_f1: lists as sets."""
    at_least: float | None = None
    """Turns the graded result into right (at least this much) or wrong. None: graded."""
    weight: float = 1.0
    absolute: float = 0.0
    """Tolerance of `numeric`."""
    relative: float = 0.0
    """Tolerance of `numeric`, as a share of the expected number."""

    def __post_init__(self) -> None:
        """Refuse bounds that cannot be. Raises ValueError."""
        if self.at_least is not None and not 0 < self.at_least <= 1:
            raise ValueError(f"at_least must lie above 0 and at most at 1, not {self.at_least}")
        for name, value in (
            ("weight", self.weight),
            ("absolute", self.absolute),
            ("relative", self.relative),
        ):
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a number of at least 0, not {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields:
    """Weighted mean over the fields, each in [0, 1]; a field that the answer lacks is 0.

    Fields that the expected object lacks are not judged; fields that only the answer has are the schema's affair.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    fields: Mapping[str, FieldRule | Compare] = field(default_factory=dict)
    """Dotted path → rule, or just the comparison's name. Empty: every expected field, exact."""

    def __post_init__(self) -> None:
        """Refuse weights that leave nothing to judge. Raises ValueError."""
        if self.fields and not any(_rule(rule).weight for rule in self.fields.values()):
            raise ValueError("every field has weight 0: there is nothing to judge")

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer. The parts are the fields' own results."""
        expected = example.expected
        if expected is None:
            return UNLABELLED
        rules = self._rules(expected)
        if not rules:
            what = "has none of the fields" if isinstance(expected, Mapping) else "is not an object"
            return Unscored(reason=f"the expected answer {quote(expected)} {what}")
        answer = read_json(said(record))
        if answer.kind != "ok":
            return Scored(value=0.0, why=answer.detail, parts=dict.fromkeys(rules, 0.0))
        parts = {path: _part(rule, answer.value, expected, path) for path, rule in rules.items()}
        weight = sum(rule.weight for rule in rules.values())
        value = sum(rule.weight * parts[path] for path, rule in rules.items()) / weight
        return Scored(value=min(value, 1.0), parts=parts, why=_why(parts, answer.value, expected))

    def _rules(self, expected: Any) -> dict[str, FieldRule]:
        if not isinstance(expected, Mapping):
            return {}
        chosen = self.fields or dict.fromkeys(expected, "exact")
        rules = {
            path: _rule(rule) for path, rule in chosen.items() if field_at(expected, path) is not MISSING
        }
        return rules if any(rule.weight for rule in rules.values()) else {}


def _rule(rule: FieldRule | str) -> FieldRule:
    return rule if isinstance(rule, FieldRule) else FieldRule(compare=rule)  # type: ignore[arg-type]


def _part(rule: FieldRule, answer: Any, expected: Any, path: str) -> float:
    got = field_at(answer, path)
    if got is MISSING:
        return 0.0
    wanted = field_at(expected, path)
    value = agreement(rule.compare, got, wanted, absolute=rule.absolute, relative=rule.relative)
    return value if rule.at_least is None else float(value >= rule.at_least)


def _why(parts: Mapping[str, float], answer: Any, expected: Any) -> str:
    wrong = [path for path, value in parts.items() if value < 1]
    shown = [_difference(path, field_at(answer, path), field_at(expected, path)) for path in wrong[:4]]
    more = [f"and {len(wrong) - 4} more"] if len(wrong) > 4 else []
    return clip("; ".join(shown + more), 600)


def _difference(path: str, got: Any, wanted: Any) -> str:
    said_there = "missing" if got is MISSING else quote(got, 60)
    return f"{path}: {said_there}, expected {quote(wanted, 60)}"
