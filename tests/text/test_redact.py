"""Keys in text: every spelling is found, what holds none stays as it is, and JSON stays JSON."""

import base64
import json
import re
import string
import timeit
from collections.abc import Callable
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.text.redact import SHORTEST, Redactor, is_key

PLAIN = "sk-test-Zq7Wm3Xn9Kc5Vb1Ty8Ru4Pe6"
AWKWARD = "a:b/c+d=\"e\\f'g h%25ij\u00e9\u20acklm"
KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=SHORTEST, max_size=60).filter(
    is_key
)
AROUND = st.text(string.ascii_letters + string.digits + " :,.\"\\\n'{}/", max_size=20)


def percent_all(key: str) -> str:
    """Every byte as %xx, in lower case."""
    return "".join(f"%{byte:02x}" for byte in key.encode())


def unicode_all(key: str) -> str:
    """Every UTF-16 unit as a JSON escape."""
    units = key.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def lower_percent(key: str) -> str:
    """Escaped as some clients do, with digits in lower case."""
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(key, safe=""))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": lambda key: key,
    "a header": lambda key: f"Bearer {key}",
    "json": json.dumps,
    "json of json": lambda key: json.dumps(json.dumps({"a": [key]})),
    "json, thrice": lambda key: json.dumps(json.dumps(json.dumps(key))),
    "json as it is": lambda key: json.dumps(key, ensure_ascii=False),
    "json, slashes escaped": lambda key: json.dumps(key).replace("/", "\\/"),
    "json, all escaped": unicode_all,
    "repr": repr,
    "ascii": ascii,
    "url": quote,
    "url, slashes too": lambda key: quote(key, safe=""),
    "url, lower case": lower_percent,
    "url, all": percent_all,
    "url of url": lambda key: quote(quote(key, safe=""), safe=""),
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
}
for _before in ("", "u", "us", "user:", "Bearer "):
    for _after in ("", "\n", ":x"):
        for _encode in (base64.b64encode, base64.urlsafe_b64encode):

            def _packed(key: str, b: str = _before, a: str = _after, encode: object = _encode) -> str:
                return encode(f"{b}{key}{a}".encode()).decode()  # type: ignore[operator]

            SPELLINGS[f"{_encode.__name__} of {_before!r} + key + {_after!r}"] = _packed
SPELLINGS["base64 in a url"] = lambda key: quote(base64.b64encode(f"u:{key}".encode()).decode(), safe="")
SPELLINGS["base64 without padding"] = lambda key: base64.b64encode(key.encode()).decode().rstrip("=")


@pytest.mark.parametrize("key", [PLAIN, AWKWARD], ids=["plain", "awkward"])
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_found_in_every_spelling(spelling: Callable[[str], str], key: str) -> None:
    """In text, in a line of JSON, and in JSON that stands in JSON; what is around it stays."""
    redact = Redactor([("MY_KEY", key)])
    said = spelling(key)
    cleaned = redact.text(f"before {said} after")
    assert re.fullmatch(r"before \S*?[\"' ]*\S*\[redacted:MY_KEY\].{0,8} after", cleaned), cleaned
    for line in (
        orjson.dumps({"a": f"before {said} after"}),
        orjson.dumps({f"before {said} after": [1, {}]}),
    ):
        told = redact.data(line)
        held = orjson.loads(told)
        assert cleaned in (held.get("a"), *held)
    nested = redact.data(orjson.dumps({"messages": json.dumps([{"content": said}])}))
    assert json.loads(orjson.loads(nested)["messages"])[0]["content"] == cleaned[7:-6]


@settings(deadline=None)
@given(key=KEYS, before=AROUND, after=AROUND, spelling=st.sampled_from(sorted(SPELLINGS)))
def test_whatever_the_key_is_nothing_of_it_is_left(key: str, before: str, after: str, spelling: str) -> None:
    """No key survives any spelling in any surroundings, and a JSON line that held it is still one."""
    redact = Redactor([("K", key)])
    said = f"{before}{SPELLINGS[spelling](key)}{after}"
    assert "[redacted:K]" in redact.text(said)
    assert SPELLINGS[spelling](key) not in redact.text(said)
    held = orjson.loads(redact.data(orjson.dumps({"a": said, "n": 1.5}) + b"\n"))
    assert held["n"] == 1.5
    assert "[redacted:K]" in held["a"]


@given(said=st.text(), value=st.recursive(st.none() | st.text() | st.integers(0, 9), st.lists))
def test_what_holds_no_key_stays_byte_for_byte(said: str, value: object) -> None:
    """Nothing else is touched."""
    redact = Redactor([("A", PLAIN), ("B", AWKWARD)])
    assert redact.text(said) == said
    line = json.dumps([said, value]).encode()
    assert redact.data(line) == line


@pytest.mark.parametrize("cut", range(16, len(PLAIN)))
def test_a_key_that_was_cut_short_is_found(cut: int) -> None:
    """A message that ends amid a key, or goes on with dots, gives none of it away; so of its base64."""
    redact = Redactor([("K", PLAIN)])
    assert redact.text(f"wrong key: {PLAIN[:cut]}") == "wrong key: [redacted:K]"
    assert redact.text(f"'{PLAIN[:cut]}…'") == "'[redacted:K]…'"
    packed = base64.b64encode(PLAIN.encode()).decode()
    assert redact.text(f"x {packed[:cut]}") == "x [redacted:K]"


def test_what_keys_have_in_common_tells_none() -> None:
    """A vendor's prefix is no key, and neither is what the vendor itself has masked."""
    redact = Redactor([("K", "sk-proj-" + "Ab3" * 40)])
    for said in ("keys begin with sk-proj-", "Incorrect API key provided: sk-proj-*****Ab3."):
        assert redact.text(said) == said


def test_each_key_is_told_by_its_name() -> None:
    """Of a key within another the longer one is told, and of a value with two names the first."""
    redact = Redactor([("SHORT", PLAIN[:20]), ("LONG", PLAIN), ("AGAIN", PLAIN)])
    assert redact.text(f"{PLAIN} {PLAIN[:20]}") == "[redacted:LONG] [redacted:SHORT]"


@pytest.mark.parametrize(
    "value", ["", "none", "EMPTY", "abcdefg", "not-needed", "NOT_NEEDED", "x" * 40, "lm-studio"]
)
def test_what_is_no_key_is_left_alone(value: str) -> None:
    """Short values and placeholders are words that texts may hold."""
    said = f"say {value} and {value}"
    assert Redactor([("K", value)]).text(said) == said


def test_files_keep_their_form() -> None:
    """Indented JSON stays indented; what is no JSON is read as text, and bytes that are no text stay."""
    redact = Redactor([("K", PLAIN)])
    whole = orjson.dumps({"a": PLAIN, "b": [1]}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    assert redact.data(whole) == whole.replace(PLAIN.encode(), b"[redacted:K]")
    assert (
        redact.data(f"# Report\n\nkey {PLAIN}.\n".encode() + b"\xff")
        == b"# Report\n\nkey [redacted:K].\n\xff"
    )


def test_it_is_quick_where_there_is_nothing_to_do() -> None:
    """A line of 4 KB passes in less than 100 µs with three keys (20 µs, when nothing else runs)."""
    redact = Redactor([(str(n), PLAIN + str(n)) for n in range(3)])
    line = json.dumps(
        {"digest": "0123456789abcdef", "text": 'the quick "brown" fox, 10% off\n' * 120}
    ).encode()
    assert len(line) > 4000
    assert min(timeit.repeat(lambda: redact.data(line), number=50, repeat=7)) / 50 < 100e-6


@pytest.mark.parametrize("piece", ["%25", "%", "\\", "\\u005c", "Zq7/Wm3", "c2st"], ids=repr)
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    """An endpoint that repeats a key amid a megabyte of what keys and escapes are made of holds nobody up."""
    redact = Redactor([("A", PLAIN), ("B", AWKWARD)])
    said = f"{piece * (1_000_000 // len(piece))} {PLAIN}"
    began = timeit.default_timer()
    assert redact.text(said).endswith("[redacted:A]")
    assert timeit.default_timer() - began < 5
