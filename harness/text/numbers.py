"""Numbers as people and models write them: thousands separators, currency, percent, signs."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_SHAPE = (
    r"(?P<sign>(?<![\w.,)])[-+\u2212]\s?(?:[$€£¥]\s?)?)?"
    r"(?P<digits>\d{{1,3}}(?:{group}\d{{3}})+(?!\d)(?:{point}\d+)?|\d+(?:{point}\d+)?|(?<!\d){point}\d+)"
    r"(?P<power>[eE][-+]?\d{{1,3}}(?![\w]))?"
    r"(?P<percent>\s?%|\s?percent\b)?"
)
_LONGEST = 100
"""Digits; what is longer is an identifier or an attack, not a number."""

_FORMS = {
    ".": re.compile(_SHAPE.format(group=r"[,'\u00a0\u202f]", point=r"\.")),
    ",": re.compile(_SHAPE.format(group=r"[.'\u00a0\u202f]", point=",")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number that was written somewhere."""

    value: Decimal
    percent: bool = False
    """True where a percent sign or the word followed; `value` is then still what stood before it."""


def numbers(text: str, point: str = ".") -> list[Number]:
    """Every number of `text`, in order. `point` is the decimal sign, "." or ","."""
    return [
        Number(value=_value(match, point), percent=bool(match["percent"]))
        for match in _FORMS[point].finditer(text)
        if len(match["digits"]) <= _LONGEST
    ]


def as_number(value: Any, point: str = ".") -> Number | None:
    """Read a JSON value as one number: the last one of a text; None where there is none. True is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Number(value=Decimal(repr(value))) if abs(value) < 10**_LONGEST else None
    found = numbers(value, point) if isinstance(value, str) else []
    return found[-1] if found else None


def near(got: Number, wanted: Number, *, absolute: float = 0.0, relative: float = 0.0) -> bool:
    """True within either tolerance; `relative` is a share of what is wanted.

    Where only one of the two is a percentage, 12 % is both 12 and 0.12.
    """
    slack = max(Decimal(repr(absolute)), Decimal(repr(relative)) * abs(wanted.value))
    values = [got.value]
    if got.percent != wanted.percent:
        values.append(got.value / 100 if got.percent else got.value * 100)
    return any(abs(value - wanted.value) <= slack for value in values)


def _value(match: re.Match[str], point: str) -> Decimal:
    whole, _, fraction = match["digits"].partition(point)
    plain = re.sub(r"\D", "", whole) or "0"
    sign = "-" if (match["sign"] or "").startswith(("-", "\N{MINUS SIGN}")) else ""
    return Decimal(f"{sign}{plain}.{fraction or '0'}{match['power'] or ''}")
