"""Keys taken out of text: as they stand, cut short, and in every spelling in which they travel."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

SHORTEST = 8
"""Characters. Taking out a shorter value would take ordinary words out with it."""
MOST_NEEDED = 16
"""So many first characters give a longer key away, where a message was cut short amid it."""
DEEPEST = 5
"""So often may a key be escaped: JSON in JSON, a url in a url. Bounded, as all patterns here are, for time's sake."""

_PLACEHOLDERS = frozenset(
    {
        "api-key",
        "changeme",
        "dummy-key",
        "lm-studio",
        "no-key-required",
        "not-needed",
        "not-required",
        "placeholder",
        "sk-no-key-required",
        "test-key",
        "your-api-key",
    }
)
"""What people put where a key has to stand and none is needed; texts may hold these words."""

_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})|\\{1,32}u([0-9A-Fa-f]{4})")
_GOES_ON = r"[A-Za-z0-9_%+/=\\-]*"
"""What a key that was cut short may go on with."""


def is_key(value: str) -> bool:
    """Tell whether a value can be taken out of text without harm: long enough, and no placeholder."""
    return (
        len(value) >= SHORTEST
        and len(set(value)) > 2
        and value.lower().replace("_", "-") not in _PLACEHOLDERS
    )


class Redactor:
    """Takes the keys it is given out of texts and files, and puts `[redacted:NAME]` in their place.

    Found are a key itself, its base64 (both alphabets, wherever it stands in what was encoded), and its hexadecimal
    digits; each of these plain or with any of its characters escaped as in JSON, Python or a url; and the beginning of
    each, where it was cut short. Not found: a key that was encrypted, compressed, reversed, split, or put in lower case.
    """

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        """Take (name, value) of each; what is no key is left alone. Of a value with two names the first counts."""
        names: dict[str, str] = {}
        for name, value in keys:
            if is_key(value):
                names.setdefault(value, name)
        longest_first = sorted(names, key=len, reverse=True)
        self._keys = [_Key(names[value], value) for value in longest_first]
        self._needles = tuple(dict.fromkeys(needle for key in self._keys for needle in key.needles))

    def text(self, said: str) -> str:
        """The text without keys."""
        return self._without(said) if self._may_hold(_encoded(said)) else said

    def data(self, content: bytes) -> bytes:
        """A line or a file without keys. JSON is still JSON after it, indented or not as before.

        A line of 4 KB takes some 10 µs with one key, 25 µs with three, where it holds none of them.
        """
        if not self._may_hold(content):
            return content
        import orjson

        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            said = content.decode("utf-8", "surrogateescape")
            return self._without(said).encode("utf-8", "surrogateescape")
        indent = orjson.OPT_INDENT_2 if content[:2] in (b"{\n", b"[\n") else 0
        newline = orjson.OPT_APPEND_NEWLINE if content.endswith(b"\n") else 0
        return orjson.dumps(self._cleaned(value), option=indent | newline)

    def _may_hold(self, data: bytes) -> bool:
        """False for almost everything, quickly; True for all that holds a key, or the beginning of one."""
        if self._holds(data):
            return True
        if not self._keys or not (b"\\u" in data or _PERCENT.search(data)):
            return False
        for _ in range(DEEPEST):  # what was escaped may have been escaped again
            plain = _ESCAPE.sub(_unescaped, data)
            if plain == data:
                return False
            if self._holds(plain):
                return True
            data = plain
        return False

    def _holds(self, data: bytes) -> bool:
        return any(needle in data for needle in self._needles)

    def _without(self, said: str) -> str:
        """Replace what stands as it is written most often, and only then look for more: that takes milliseconds."""
        for key in self._keys:
            for written in key.written:
                said = said.replace(written, key.told)
        if self._may_hold(_encoded(said)):
            for key in self._keys:
                said = key.whole.sub(key.told, said)
            for key in self._keys:
                said = key.begun.sub(key.told, said)
        return said

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._without(value)
        if isinstance(value, dict):
            return {self._without(name): self._cleaned(held) for name, held in value.items()}
        if isinstance(value, list):
            return [self._cleaned(held) for held in value]
        return value


@dataclass(frozen=True)
class _Key:
    """One key and its spellings."""

    name: str
    value: str

    @cached_property
    def told(self) -> str:
        return f"[redacted:{self.name}]"

    @property
    def needles(self) -> Iterator[bytes]:
        """One of these stands in all data that holds the key, or the beginning of it, once _ESCAPE is undone in it."""
        for form in self._forms():
            for written in _written(_beginning(form)):
                yield _encoded(written)

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The whole key as it is written most often, the longest first, since the shorter ones stand in them."""
        ways = {written for form in self._forms() for written in _written(form)}
        return tuple(sorted(ways, key=len, reverse=True))

    @cached_property
    def whole(self) -> re.Pattern[str]:
        """All of the key, in any spelling."""
        return re.compile("|".join(map(_spelled, self._forms())))

    @cached_property
    def begun(self) -> re.Pattern[str]:
        """The beginning of the key in any spelling, and what it goes on with."""
        beginnings = "|".join(_spelled(_beginning(form)) for form in self._forms())
        return re.compile(f"(?:{beginnings}){_GOES_ON}")

    def _forms(self) -> Iterator[str]:
        data = _encoded(self.value)
        yield self.value
        for offset in range(3):
            # Of the bytes before and after it, those characters are left out that hold bits of them as well.
            padded = base64.b64encode(bytes(offset) + data).decode("ascii")
            inner = padded[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
            yield inner
            if "+" in inner or "/" in inner:
                yield inner.translate(str.maketrans("+/", "-_"))
        yield data.hex()
        yield data.hex().upper()


def _encoded(said: str) -> bytes:
    return said.encode("utf-8", "surrogatepass")


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),)) if found[1] else _encoded(chr(int(found[2], 16)))


def _beginning(form: str) -> str:
    """As much of it as tells it: three quarters, and MOST_NEEDED characters at most."""
    return form[: min(MOST_NEEDED, max(SHORTEST, -(-3 * len(form) // 4)))]


def _written(form: str) -> Iterator[str]:
    """As it stands, and as JSON, JSON in JSON and Python write it: all the same for letters and digits."""
    for way in dict.fromkeys((form, _in_json(form).replace("/", "\\/"), repr(form)[1:-1])):
        for _ in range(1 + DEEPEST):
            yield way
            way = _in_json(way)  # noqa: PLW2901 -- the next level


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _spelled(form: str) -> str:
    return "".join(map(_character, form))


def _character(one: str) -> str:
    """A pattern of one character: itself, or as JSON, Python and urls escape it, once or several times."""
    percent = "".join(f"%(?:25){{0,5}}{byte:02x}" for byte in _encoded(one))
    units = one.encode("utf-16-be", "surrogatepass").hex()
    unicode = "".join(rf"\\{{1,32}}u{units[at : at + 4]}" for at in range(0, len(units), 4))
    itself = re.escape(one) if one.isalnum() else rf"\\{{0,32}}{re.escape(one)}"
    return rf"(?:{itself}|(?i:{percent}|{unicode}))"
