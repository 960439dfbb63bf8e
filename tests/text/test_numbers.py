"""Numbers are read as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.numbers import as_number, near, numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("42", ["42"]),
        ("It is $1,234,567.89.", ["1234567.89"]),
        ("€ 5 or £.50", ["5", "0.50"]),
        ("-3 and \N{MINUS SIGN}4 and -$5", ["-3", "-4", "-5"]),
        ("10-20", ["10", "20"]),
        ("1\u00a0234\u202f567", ["1234567"]),
        ("1, 2, 3", ["1", "2", "3"]),
        ("12,5", ["12", "5"]),
        ("2.5e3 units", ["2500"]),
        ("7% of 30 percent", ["7", "30"]),
        ("none", []),
        ("1" * 200, []),
    ],
)
def test_reading(text, found):
    """Separators, currency, signs, powers; a range is two numbers; what is endless is none."""
    assert [number.value for number in numbers(text)] == [Decimal(value) for value in found]


def test_a_decimal_comma_is_asked_for():
    """With `point` a comma, dots separate thousands."""
    assert [number.value for number in numbers("1.234,5 kg", ",")] == [Decimal("1234.5")]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3))
def test_what_is_written_is_read(value):
    """A number with separators comes back, exactly."""
    assert [number.value for number in numbers(f"is {value:,}")] == [value]


@given(st.text())
def test_any_text_is_read(text):
    """No text raises."""
    assert len(numbers(text)) >= 0


def test_closeness():
    """Either tolerance will do; 12 % is 12 and 0.12 where only one side has the sign; true is no number."""
    number = as_number
    assert near(number("100.4"), number(100), absolute=0.4)
    assert not near(number("100.5"), number(100), absolute=0.4)
    assert near(number(101), number(100), relative=0.01)
    assert near(number("12%"), number(0.12))
    assert near(number("12%"), number(12))
    assert not near(number("12%"), number("0.12%"))
    assert near(number("0.30"), number(0.3))
    assert number(True) is None
    assert number(None) is None
    assert number(10**200) is None
