"""A scorer of the user's own: a Python function, called inside a fence."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

from harness.registry import load
from harness.text.answers import said
from harness.text.quote import clip, quote
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import SCORER_ERROR, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonScorer:
    """Calls `function(output, example)`, or `function(record, example)` where its first parameter is named `record`.

    It returns a number in [0, 1], a bool, a Scored or Unscored, or a mapping {value, why, parts, label} (`score` and
    `reason` are understood too). Whatever goes wrong in it leaves the answer unscored, and never makes it a 0.
    """

    judges: ClassVar[Literal["answer"]] = "answer"
    function: str
    """`package.module:name`, importable from where the run is started."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Handed over as keyword arguments."""

    def __post_init__(self) -> None:
        """Import it. Raises UsageError where it cannot be loaded, ValueError where it cannot be called so."""
        if not callable(_load(self.function)):
            raise ValueError(f"{self.function} cannot be called")  # noqa: TRY004 - an option that cannot be right

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer."""
        function = _load(self.function)
        first: Any = record if _wants_record(function) else said(record)
        try:
            return _read(function(first, example, **self.options))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code: all it may do is fail
            return Unscored(reason=clip(f"{SCORER_ERROR}: {type(error).__name__}: {error}"))


@lru_cache(maxsize=64)
def _load(function: str) -> Any:
    return load({}, function, what="scorer")


def _wants_record(function: Any) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # written in C: it does not say
        return False
    return parameters[:1] == ["record"]


def _read(result: Any) -> Scored | Unscored:
    match result:
        case Scored() | Unscored():
            return result
        case bool() | int() | float():
            return Scored(value=float(result))
        case {"value": bool() | int() | float() as value} | {"score": bool() | int() | float() as value}:
            why = result.get("why", result.get("reason", ""))
            parts = {str(name): float(part) for name, part in (result.get("parts") or {}).items()}
            label = result.get("label")
            return Scored(value=float(value), why=clip(str(why)), parts=parts, label=label and str(label))
    return Unscored(reason=f"{SCORER_ERROR}: returned {quote(result, 60)}, not a number")
