"""How two JSON values are compared: each comparison gives a share in [0, 1]."""

import json
from collections.abc import Callable
from typing import Any, Literal

from harness.text.answers import is_list
from harness.text.json_answer import same_json
from harness.text.numbers import as_number, near
from harness.text.squad import token_f1
from harness.text.words import fold, holds

Compare = Literal["exact", "contains", "token_f1", "numeric", "set_f1"]


def agreement(how: Compare, got: Any, wanted: Any, *, absolute: float = 0.0, relative: float = 0.0) -> float:
    """Compare an answer's value with the expected one.

    Where a list is expected and the answer is no list, any item of it is acceptable; `set_f1` always means the whole
    list. The tolerances are those of `numeric`.
    """
    if how == "set_f1":
        return _set_f1(got, wanted)
    if how == "numeric":
        return _any_of(got, wanted, lambda left, right: _numeric(left, right, absolute, relative))
    return _any_of(got, wanted, _SINGLE[how])


def _any_of(got: Any, wanted: Any, single: Callable[[Any, Any], float]) -> float:
    if is_list(wanted) and not is_list(got):
        return max((single(got, item) for item in wanted), default=float(got in (None, "")))
    return single(got, wanted)


def _exact(got: Any, wanted: Any) -> float:
    if isinstance(got, str) and isinstance(wanted, str):
        return float(got.strip() == wanted.strip())
    return float(same_json(got, wanted))


def _contains(got: Any, wanted: Any) -> float:
    """Words in a row. A list must contain each expected item in one of its own."""
    if is_list(got) and is_list(wanted):
        return float(all(any(_contains(item, need) for item in got) for need in wanted))
    if is_list(got):
        return float(any(_contains(item, wanted) for item in got))
    if got is None or wanted is None:
        return float(got is wanted)
    return float(holds(_text(got), _text(wanted)) or _text(got).strip() == _text(wanted).strip())


def _token_f1(got: Any, wanted: Any) -> float:
    if got is None or wanted is None:
        return float(got is wanted)
    return token_f1(_text(got), _text(wanted))


def _numeric(got: Any, wanted: Any, absolute: float, relative: float) -> float:
    left, right = as_number(got), as_number(wanted)
    if left is None or right is None:
        return _exact(got, wanted)
    return float(near(left, right, absolute=absolute, relative=relative))


def _set_f1(got: Any, wanted: Any) -> float:
    """2 × shared / (sizes together); two empty sets agree. A single value is a set of one, null the empty set."""
    left, right = _items(got), _items(wanted)
    if not left and not right:
        return 1.0
    return 2 * len(left & right) / (len(left) + len(right))


def _items(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(_key(item) for item in (value if is_list(value) else (value,)))


def _key(item: Any) -> str:
    """One spelling per item: texts by their words, all else as JSON."""
    if isinstance(item, str):
        return "text " + (fold(item) or item.strip())
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    return json.dumps(item, sort_keys=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


_SINGLE: dict[str, Callable[[Any, Any], float]] = {
    "exact": _exact,
    "contains": _contains,
    "token_f1": _token_f1,
}
