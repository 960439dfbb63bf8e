"""Gates: what a run promised, and whether it is shown to keep it."""

from collections.abc import Mapping

from harness.text.figures import amount, figure
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary, Verdict

_WORDS: Mapping[str, str] = {"pass": "pass", "warn": "warning", "fail": "failure", "undecided": "undecided"}


def gates(summary: Summary) -> tuple[Block, ...]:
    """One row a gate and variant; nothing where the config promises nothing."""
    if not summary.gates:
        return ()
    columns = ("Gate", "Variant", "Verdict", "Value [95 % CI]", "Bound", "Counts as", "Why")
    rows = tuple(_row(one) for one in summary.gates)
    return (
        Heading(text="Gates"),
        *(Text(text=f"{_line(one)}.", brief=True, tone=_tone(one)) for one in summary.gates),
        Table(columns=columns, rows=rows, numeric=(3, 4)),
    )


def _row(one: Verdict) -> tuple[str, ...]:
    value = amount(one.value, one.ci)
    return (one.gate, one.variant, one.verdict, value, figure(one.bound), _WORDS[one.counts], one.why)


def _line(one: Verdict) -> str:
    value = "" if one.value is None else f" {amount(one.value, one.ci)},"
    return f"gate {one.verdict}: {one.variant}: {one.gate}:{value} {one.why}"


def _tone(one: Verdict) -> str:
    return {"fail": "bad", "undecided": "warning", "warn": "warning"}.get(one.counts, "good")
