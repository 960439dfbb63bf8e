"""What a judgement is: a number, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One number for one record."""

    value: float
    """In [0, 1] and higher is better, unless the scorer says otherwise."""
    why: str = ""
    """One line for a person: what made it so."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Per-field results, where the scorer has them."""
    label: str | None = None
    """A kind to be counted: a schema failure's kind, "abstained", …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """No number, and why. Never a zero."""

    reason: str


UNLABELLED = Unscored(reason="the example has no expected answer")
"""What every scorer says that compares with `expected`, where there is none."""


SCORER_ERROR = "scorer error"
"""How the reason begins where the scorer itself failed, rather than the trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One line of scores.jsonl."""

    variant: str
    partition: str
    example_id: str
    repeat: int
    metric: str
    value: float | None
    """None: unscored, and `why` is the reason."""
    why: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    label: str | None = None
