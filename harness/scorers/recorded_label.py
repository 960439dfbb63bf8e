"""The verdict that came with a recorded output: a person's, or another tool's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.text.quote import quote
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLabel:
    """The number that stands for the label in a column of the outputs file.

    It judges the row as whoever labelled it saw it: neither the schema nor a truncation changes it.
    """

    judges: ClassVar[Literal["outcome"]] = "outcome"
    field: str
    """The column."""
    values: Mapping[str | int | bool, float]
    """What each label is worth, in [0, 1]. A label that is not here leaves its row unscored."""

    def __post_init__(self) -> None:
        """Refuse worths that are none. Raises ValueError."""
        if not self.values:
            raise ValueError("values is empty: say what each label is worth")
        for label, value in self.values.items():
            if not 0 <= value <= 1:
                raise ValueError(f"the label {quote(label)} must be worth a number from 0 to 1, not {value}")

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:  # noqa: ARG002 - the row was judged
        """Look the label up."""
        label = (record.recorded or {}).get(self.field)
        if label is None:
            return Unscored(reason=f"the row has no label in {quote(self.field)}")
        name, worth = _name(label), {_name(key): value for key, value in self.values.items()}
        if name not in worth:
            known = ", ".join(list(worth)[:8])
            return Unscored(reason=f"unknown label {quote(label)} in {quote(self.field)} (known: {known})")
        return Scored(value=float(worth[name]), label=name)


def _name(label: Any) -> str:
    """A label as a config's key: true and 1.0 are written `true` and `1`."""
    if isinstance(label, bool):
        return str(label).lower()
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label).strip()
