"""JSON as data files must hold it, with the place of what is wrong: no NaN, no duplicate key, no lone surrogate.

Bounded: 64 levels of nesting, whole numbers of 64 bits, so that whatever is read here can be written again.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from harness.text.quote import quote

MAX_DEPTH = 64
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Path = tuple[str | int, ...]
"""Keys and indices from the top of the text."""


class JsonFault(ValueError):
    """Text that is no JSON, or none that a data file may hold."""

    def __init__(self, what: str, at: int | None = None) -> None:
        """Say what is wrong, and at which character from 0; None where that is not known yet."""
        super().__init__(what)
        self.what = what
        self.at = at


def parse(text: str) -> Any:
    """Read one JSON value. Raises JsonFault with its place."""
    value, end = _value(text, _skip(text, 0))
    end = _skip(text, end)
    if end < len(text):
        raise JsonFault("more text after the end of the JSON value", end)
    return value


def elements(text: str) -> Iterator[tuple[int, Any]]:
    """Yield (offset, element) of the array that `text` is, or of the one array in the object that it is.

    Raises JsonFault where there is no such array, or from where on it cannot be read.
    """
    start = _skip(text, 0)
    if text.startswith("{", start):
        start = _only_array(text)
        yield from _array(text, start)
        return
    if not text.startswith("[", start):
        raise JsonFault("neither an array of objects nor an object that holds one", min(start, len(text)))
    end = _skip(text, (yield from _array(text, start)))
    if end < len(text):
        raise JsonFault("more text after the end of the array", end)


def line_at(text: str, offset: int) -> int:
    """The line, from 1, on which a character stands."""
    return text.count("\n", 0, offset) + 1


def offset_of(text: str, path: Sequence[str | int]) -> int:
    """Where the key or the element at `path` begins in sound JSON; its nearest ancestor where it is not there."""
    wanted, found, best = tuple(path), 0, -1
    for place, at, _ in _places(text, 0):
        if len(place) > best and place == wanted[: len(place)]:
            found, best = at, len(place)
            if best == len(wanted):
                break
    return found


def _array(text: str, start: int) -> Generator[tuple[int, Any], None, int]:
    """Yield the elements; return the offset after the closing bracket."""
    at = _skip(text, start + 1)
    if text.startswith("]", at):
        return at + 1
    while True:
        value, end = _value(text, at)
        yield at, value
        end = _skip(text, end)
        if text.startswith("]", end):
            return end + 1
        if not text.startswith(",", end):
            raise JsonFault("expected ',' or ']' after an element of the array", end)
        at = _skip(text, end + 1)


def _only_array(text: str) -> int:
    """The offset of the one array that the object holds; an array of objects goes before one of texts."""
    value = parse(text)
    arrays = [key for key, item in value.items() if isinstance(item, list)]
    of_objects = [key for key in arrays if value[key] and isinstance(value[key][0], dict)]
    found = of_objects or arrays
    if len(found) != 1:
        names = f"it holds {len(found)}: {', '.join(found[:6])}" if found else "it holds none"
        raise JsonFault(f"an object must hold one array of objects, {names}", _skip(text, 0))
    _, end = _value(text, offset_of(text, found))
    return _skip(text, _skip(text, end) + 1)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _value(text: str, at: int) -> tuple[Any, int]:
    """Read the value that begins at an offset, and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise JsonFault(f"not valid JSON: {_WORDED.get(error.msg, error.msg)}", error.pos) from None
    except RecursionError:
        raise JsonFault(f"nested deeper than {MAX_DEPTH} levels", at) from None
    except JsonFault as fault:
        raise _placed(text, at, fault) from None
    if text.count("[", at, end) + text.count("{", at, end) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise JsonFault(f"nested deeper than {MAX_DEPTH} levels", at)
    if _SURROGATE.search(text, at, end) and not _writable(value):
        raise _placed(text, at, JsonFault("half a surrogate pair, which is no Unicode text"))
    return value, end


_WORDED = {"Invalid control character at": "a control character (a line break, a tab) inside a text"}


def _placed(text: str, start: int, fault: JsonFault) -> JsonFault:
    """Find what the decoder refused without saying where."""
    seen: set[tuple[Path, bool]] = set()
    for place, at, sign in _places(text, start):
        is_key = _is_key(text, at, sign)
        if is_key and (place, True) in seen:
            return JsonFault(fault.what, at)
        seen.add((place, is_key))
        if sign not in "{[":
            try:
                whole = _writable(_DECODER.decode(sign))
            except ValueError:
                whole = False
            if not whole:
                return JsonFault(fault.what, at)
    return JsonFault(fault.what, start)


def _is_key(text: str, at: int, sign: str) -> bool:
    return text.startswith(":", _skip(text, at + len(sign)))


def _places(text: str, start: int) -> Iterator[tuple[Path, int, str]]:
    """Walk one value: (path, offset, sign) of each key and of each value; a key has the path of its value."""
    path: list[str | int | None] = []
    for match in _TOKEN.finditer(text, start):
        sign = match[0]
        if sign in "}]":
            path.pop()
        elif sign == ",":
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif sign != ":":
            if path and path[-1] is None:
                path[-1] = str(json.loads(sign))
            yield tuple(step for step in path if step is not None), match.start(), sign
            if sign in "{[":
                path.append(None if sign == "{" else 0)
        if not path:
            return


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
    return depth - 1


def _writable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise JsonFault(f"the key {quote(twice, 60)} stands twice in one object")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonFault(f"{name} is no JSON number; write null where there is none")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not _LOWEST <= int(digits) <= _HIGHEST:
        raise JsonFault(f"the number {digits[:24]} is beyond 64 bits; write it as text, in quotes")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonFault(f"the number {digits[:24]} is beyond what a double can hold")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_real
)
