"""Gates: what a run promised, and whether it is shown to keep it."""

from collections.abc import Mapping
from dataclasses import replace

from harness.text.differences import probability
from harness.text.figures import count
from harness.text.verdicts import detectable, gravest_first, measured
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary, Verdict

_TONES: Mapping[str, str] = {"fail": "bad", "undecided": "warning", "warn": "warning", "pass": "good"}

_READ = """A gate fails where it is shown to be broken, passes where it is shown to be kept, and is inconclusive else.
Bounds are one-sided, each for itself; of a gate against another side the value is how much better the variant is, on the
same examples."""

_CHANCE = """A comparative gate that is true fails by chance in at most 5 % of runs (alpha, where the config says no other),
over all comparative gates together: their p is adjusted (Holm). A gate on a value fails by chance in at most about 5 % of
runs where the truth lies just at its bound, each for itself, and far less where it lies within."""


def gates(summary: Summary) -> tuple[Block, ...]:
    """One line a gate and variant, the gravest first, then their figures; nothing where the config promises nothing."""
    if not summary.gates:
        return ()
    ordered = gravest_first(summary.gates)
    lines = (Text(text=f"{_line(one)}.", brief=True, tone=_TONES[one.counts]) for one in ordered)
    columns = ("Gate", "Variant", "Verdict", "Value [bounds]", "Bound", "n", "p, adjusted", "Detectable")
    rows = tuple(_row(one) for one in ordered)
    table = Table(columns=columns, rows=rows, numeric=(3, 4, 5, 6, 7))
    return (Heading(text="Gates"), *lines, Text(text=_joined(_READ)), table, Text(text=_joined(_CHANCE)))


def _line(one: Verdict) -> str:
    """The reason of a gate against another side has its value, in words."""
    value = "" if one.value is None or one.versus is not None else f" {_alone(one)},"
    return f"gate {_said(one)}: {one.variant}: {one.gate}:{value} {one.why}"


def _said(one: Verdict) -> str:
    """What leaves the whole run undecided (exit 3) reads otherwise than what is only told."""
    return "undecided" if one.counts == "undecided" else one.verdict


def _row(one: Verdict) -> tuple[str, ...]:
    figures = (
        measured(one),
        _alone(replace(one, value=one.bound)),
        count(one.n),
        probability(one.p_adjusted),
    )
    return (one.gate, one.variant, _said(one), *figures, detectable(one))


def _alone(one: Verdict) -> str:
    """The value without its bounds, which the reason has."""
    return measured(replace(one, ci=(None, None)))


def _joined(text: str) -> str:
    return " ".join(text.split())
