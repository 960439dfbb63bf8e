"""Gates: what a run promised, and whether it is shown to keep it."""

from collections.abc import Mapping

from harness.text.figures import amount
from harness.types.report import Block, Heading, Text
from harness.types.summary import Summary, Verdict

_TONES: Mapping[str, str] = {"fail": "bad", "undecided": "warning", "warn": "warning", "pass": "good"}


def gates(summary: Summary) -> tuple[Block, ...]:
    """One line a gate and variant; nothing where the config promises nothing."""
    if not summary.gates:
        return ()
    lines = (Text(text=f"{_line(one)}.", brief=True, tone=_TONES[one.counts]) for one in summary.gates)
    return (Heading(text="Gates"), *lines)


def _line(one: Verdict) -> str:
    value = "" if one.value is None else f" {amount(one.value, one.ci)},"
    return f"gate {one.verdict}: {one.variant}: {one.gate}:{value} {one.why}"
