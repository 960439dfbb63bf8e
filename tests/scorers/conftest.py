"""What the scorer tests judge: a record that answered, and an example that expects something."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.types.evalset import Example
from harness.types.plugins import Scorer
from harness.types.record import Outcome, Record
from harness.types.score import Scored, Unscored


def record(text: str | None = "", kind: str = "answered", **fields: Any) -> Record:
    """A record of one trial with this answer."""
    outcome = Outcome(kind=kind, text=text, tool_calls=fields.pop("tool_calls", ()))
    return Record(variant="v", example_id="e", partition="golden", outcome=outcome, **fields)


def example(expected: Any = None, **fields: Any) -> Example:
    """An example that expects this."""
    return Example(id="e", inputs={"q": "?"}, expected=expected, **fields)


@pytest.fixture
def judge() -> Callable[..., Scored | Unscored]:
    """Ask one scorer about one answer to an example with this expectation."""

    def ask(scorer: Scorer, text: str | None, expected: Any = None, **fields: Any) -> Scored | Unscored:
        accept_refusal = fields.pop("accept_refusal", False)
        return scorer(record(text, **fields), example(expected, accept_refusal=accept_refusal))

    return ask
