"""An answer read as JSON: strictly as it stands, and leniently out of the fence or the prose around it.

Bounded in size, depth and digits, so that no answer can exhaust the reader. Never raises for any text.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 64
MAX_DIGITS = 1_000
MAX_UNWRAPPED_CHARACTERS = 200_000
_MAX_STARTS = 16
"""Brackets at which an unwrapping may begin: it bounds the search to 16 passes over the text."""

JsonKind = Literal["ok", "empty", "not_json", "fenced", "oversize"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_GAP = re.compile(r"[\s,]*")
_FENCE = "```"
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAnswer:
    """What a text holds."""

    kind: JsonKind
    """ok: JSON as it stands. fenced: one JSON value in a code fence or in prose. oversize: beyond the bounds."""
    value: Any = None
    """Of ok and fenced; JSON's own null is None too."""
    text: str = ""
    """The JSON text itself: the whole of an ok answer, the inside of a fenced one."""
    detail: str = ""
    """Why it is not ok, in one line."""


class _NotJson(ValueError):
    """The grammar, or what every strict reader asks beyond it, is broken."""


class _Oversize(ValueError):
    """Grammatical, but beyond the bounds."""


def read_json(text: str) -> JsonAnswer:
    """Read an answer. What is `ok` is what a strict JSON reader takes: no NaN, no duplicate key, no lone surrogate."""
    if not text.strip().strip(_BYTE_ORDER_MARK):
        return JsonAnswer(kind="empty", detail="the answer is empty")
    try:
        return JsonAnswer(kind="ok", value=_strict(text), text=text)
    except _Oversize as error:
        return JsonAnswer(kind="oversize", detail=str(error))
    except _NotJson as error:
        detail = str(error)
    inner = _unwrap(text) if len(text) <= MAX_UNWRAPPED_CHARACTERS else None
    if inner is None:
        return JsonAnswer(kind="not_json", detail=detail)
    return JsonAnswer(kind="fenced", value=_strict(inner), text=inner, detail=f"wrapped JSON ({detail})")


def still_read(text: str, key: str) -> Any:
    """What stands first under `key` in a text that is no JSON, with a comma too many or its end cut off.

    Of a list, the items before the first that cannot be read. None where nothing can be read.
    """
    held = re.search(rf'"{re.escape(key)}"\s*:\s*', text[:MAX_UNWRAPPED_CHARACTERS])
    if held is None:
        return None
    rest = text[held.end() : MAX_UNWRAPPED_CHARACTERS]
    try:
        _check_depth(rest)
        value = _items(rest) if rest.startswith("[") else _DECODER.raw_decode(rest)[0]
        _check_unicode(rest, value)
    except ValueError:
        return None
    return value


def _items(text: str) -> list[Any]:
    items: list[Any] = []
    at = 1
    while gap := _GAP.match(text, at):
        try:
            item, at = _DECODER.raw_decode(text, gap.end())
        except ValueError:
            break
        items.append(item)
    return items


def same_json(left: Any, right: Any) -> bool:
    """JSON equality: 1 is 1.0, but true is not 1; the order of keys means nothing."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _strict(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise _Oversize(f"too large: {len(text):,} characters, at most {MAX_CHARACTERS:,} are read")
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _NotJson(f"line {error.lineno} column {error.colno}: {error.msg}") from None
    _check_unicode(text, value)
    return value


def _check_depth(text: str) -> None:
    """Stop a bomb before the decoder recurses into it."""
    if not text.lstrip().startswith(("{", "[")) or text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    if any(depth > MAX_DEPTH for depth, _ in _depths(text, 0)):
        raise _Oversize(f"too deep: more than {MAX_DEPTH} levels of nesting")


def _check_unicode(text: str, value: Any) -> None:
    """A lone surrogate can be escaped in JSON, but it is no text, and nothing could write it down."""
    if "\\u" not in text and text.isascii():
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _NotJson("a lone surrogate is no Unicode text") from None


def _depths(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Walk the brackets outside of strings: (depth after each, end of each)."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        if sign[0] != '"':
            depth += 1 if sign in "[{" else -1
            yield depth, token.end()


def _unwrap(text: str) -> str | None:
    """The one JSON value that a fence or prose surrounds; None where there is none, or more than one."""
    bare = text.strip().strip(_BYTE_ORDER_MARK)
    for whole in (bare, _inside_fence(bare)):
        if whole != text and _is_strict(whole):
            return whole
    found: dict[str, list[str]] = {"{": [], "[": []}
    for span in _spans(text):
        found[span[0]].append(span)
        if len(found["{"]) > 1:
            return None
    # A citation such as [1] beside the object is prose; an array counts only where there is no object.
    spans = found["{"] or found["["]
    return spans[0] if len(spans) == 1 else None


def _inside_fence(bare: str) -> str:
    """What the one code fence around the whole text holds; nothing where there is no such fence."""
    head, _, rest = bare.partition("\n")
    if head.startswith(_FENCE) and rest.endswith(_FENCE) and rest.count(_FENCE) == 1:
        return rest.removesuffix(_FENCE).strip()
    return ""


def _spans(text: str) -> Iterator[str]:
    """Every outermost stretch that is a JSON object or array by itself, in order."""
    at, misses = 0, 0
    while misses < _MAX_STARTS and (opening := _OPENING.search(text, at)):
        start, end = opening.start(), _closing(text, opening.start())
        if end > start and _is_strict(text[start:end]):
            yield text[start:end]
            at = end
        else:
            misses += 1
            at = start + 1


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed; -1 where it never is, or only too deep."""
    for depth, end in _depths(text, start):
        if depth == 0:
            return end
        if depth > MAX_DEPTH:
            break
    return -1


def _is_strict(text: str) -> bool:
    try:
        _strict(text)
    except (_NotJson, _Oversize):
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise _NotJson(f"duplicate key {json.dumps(key[:60])}")
        value[key] = item
    return value


def _constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Oversize(f"a number of {len(digits):,} digits, at most {MAX_DIGITS:,} are read")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _Oversize(f"the number {digits[:20]} is beyond what a double can hold")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_real
)
