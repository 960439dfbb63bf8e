"""Quantities in the words of a verdict: with their unit, and differences in points."""

from collections.abc import Sequence

from harness.flow.gate.case import Case
from harness.text.differences import some
from harness.text.figures import count, figure

_NAMED = 5


def quantity(case: Case, value: float) -> str:
    """Show a value of the case's metric: `76.8 %`, `812 ms`, `$1.2`, and `3.4` in a unit of its own."""
    return f"{figure(value * 100)} %" if case.share else _with_unit(case, value)


def difference(case: Case, value: float) -> str:
    """Show how far two values are apart, without a sign: `4.6 points`, `120 ms`."""
    return f"{abs(value) * 100:.1f} points" if case.share else _with_unit(case, abs(value))


def named(ids: Sequence[str]) -> str:
    """Name the first of them, and count the rest."""
    return some(ids, _NAMED)


def examples(n: int) -> str:
    """Count them."""
    return f"{count(n)} example{'' if n == 1 else 's'}"


def about(n: int) -> str:
    """Round a number of examples up to two digits: nobody knows it better than that."""
    unit = 10 ** max(len(str(n)) - 2, 0)
    return count(-(-n // unit) * unit)


def _with_unit(case: Case, value: float) -> str:
    if case.metric == "cost_usd_per_1k":
        return f"${figure(value)}"
    return f"{figure(value)} ms" if case.quantile is not None else figure(value)
