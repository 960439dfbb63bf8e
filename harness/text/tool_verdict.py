"""What the end of a trial means for its tool calls, before they are compared."""

from collections.abc import Callable, Sequence

from harness.text.answers import refuses
from harness.text.quote import clip
from harness.text.tool_calls import MadeCall, WantedCall, made_calls, wanted_calls
from harness.text.tool_match import Mismatch
from harness.text.tools import ANSWER_TOOL
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored

Compare = Callable[[Sequence[MadeCall], Sequence[WantedCall]], Mismatch | None]

_RIGHT = Scored(value=1.0)


def judge_calls(record: Record, example: Example, fault: Compare) -> Scored | Unscored:
    """Judge the calls of one trial, 1 or 0; the label of a wrong one is its first mismatch's kind.

    The answer's text counts only where no call is right: whatever it says then, it is no call. An example that accepts
    a refusal, and expects nothing else, expects no call. Truncated is wrong, and so is a refusal, unless the
    example accepts it. The call by which output mode `tool` gives its answer is an answer.
    """
    if example.expected is None and not example.accept_refusal:
        return UNLABELLED
    try:
        wanted = wanted_calls(example.expected)
    except ValueError as error:
        return Unscored(reason=clip(f"the expected answer names no tool calls: {error}"))
    made = made_calls(record.outcome.tool_calls)
    if record.request.get("output_mode") == "tool":
        made = tuple(call for call in made if call.name != ANSWER_TOOL)
    if record.outcome.kind == "truncated":
        return Scored(value=0.0, why="truncated", label="truncated")
    if example.accept_refusal and not made and refuses(record):
        return Scored(value=1.0, why="refusal accepted")
    if record.outcome.kind == "refused":
        return Scored(value=0.0, why="refused", label="refused")
    mismatch = fault(made, wanted)
    return _RIGHT if mismatch is None else Scored(value=0.0, why=clip(mismatch.what), label=mismatch.kind)
