"""YAML text as placed nodes: what is read, what is refused, and at which line."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.files.config.yaml_tree import Origin, Tree, decode, dotted, parse

HERE = Origin(shown="c.yaml", folder=".")


def read(text: str) -> Tree:
    """Parse as if it stood in c.yaml."""
    return parse(text, HERE)


def refused(text: str) -> str:
    """The one line that a text is refused with."""
    with pytest.raises(ConfigError) as raised:
        read(text)
    assert len(raised.value.faults) == 1
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("off", "off"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("-3", -3),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"é"', "é"),
        ("!!str 5", "5"),
        ("[1, a]", [1, "a"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_scalars_are_read_as_yaml_1_2_says(text, value):
    """Words that YAML 1.1 turned into booleans, dates and numbers stay text."""
    assert read(f"key: {text}").root.plain() == {"key": value}


def test_every_key_and_value_knows_its_line():
    """A value that begins below its key keeps both lines; a block's text begins after its mark."""
    root = read("a: 1\nb:\n  c:\n    - x\n    - |\n      text\n").root
    assert (root.find("b", "c").key_where, root.find("b", "c").where) == ("c.yaml:3", "c.yaml:4")
    block = root.find("b", "c", 1)
    assert (block.line, block.text_line, block.value) == (5, 6, "text\n")
    assert block.name == "b.c[1]"


def test_find_stops_at_the_nearest_ancestor():
    """What is not there is placed at what is."""
    root = read("a:\n  b: 1\n").root
    assert root.find("a", "x", "y") is root.find("a")


def test_every_duplicate_key_is_named_with_both_lines():
    """Two duplicates are two faults, and the rest of the file is still read."""
    tree = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [str(fault) for fault in tree.faults] == [
        "c.yaml:2: b.c: duplicate key; the first is at c.yaml:2; keep one",
        "c.yaml:3: a: duplicate key; the first is at c.yaml:1; keep one",
    ]


def test_a_key_without_a_value_is_a_fault():
    """A forgotten value is not a null."""
    (fault,) = read("a: 1\nb:\nc: null\n").faults
    assert str(fault) == "c.yaml:2: b: no value; write one, or null to leave it out"


@pytest.mark.parametrize(
    ("text", "start", "says"),
    [
        ("a: {b: 1\nc: 2\n", "c.yaml:1: ", "(noticed at c.yaml:2)"),
        ("x: 1\na: [1, 2\nb: 3\n", "c.yaml:2: ", "'['"),
        ("a: 'x\nb: 1\n", "c.yaml:1: ", "quote"),
        ("x: 1\na: 'x\nb: y\nc: 'z'\n", "c.yaml:2: ", "quote"),
        ('x: 1\nb: "abc', "c.yaml:2: ", "quote"),
        ("a:\n\t- b\n", "c.yaml:2: ", "tab"),
        ("a: b: c\n", "c.yaml:1: ", "quotes"),
        ("a: 1\n  b: 2\n", "c.yaml:2: ", "indentation"),
        ("a: x\nb\nc: 1\n", "c.yaml:3: ", "begins at line 2"),
        ("a: 1\n---\nb: 2\n", "c.yaml:2: ", "second YAML document"),
        ("a: @x\n", "c.yaml:1: ", "quotes"),
        ("a: 1\nb: {{ x }}\n", "c.yaml:2: ", "quotes"),
        ("a: !!python/object:os.system x", "c.yaml:1: ", "tag"),
        ("a: !!set {b}", "c.yaml:1: ", "tag"),
        ("? [a]\n: 1", "c.yaml:1: ", "a key must be text"),
        ("a: *y", "c.yaml:1: ", "no anchor"),
        ("a: &x [*x]", "c.yaml:1: ", "refers to itself"),
        ("&k a: 1", "c.yaml:1: ", "anchor"),
        ("a: .nan", "c.yaml:1: ", "finite"),
        ("a: 1e999", "c.yaml:1: ", "finite"),
        ("a: " + "9" * 5000, "c.yaml:1: ", "too large"),
        ('a: "\\ud800"', "c.yaml:1: ", "U+D800"),
        ('a: "\\0"', "c.yaml:1: ", "U+0000"),
        ('a: "\\UFFFFFFFF"', "c.yaml:1: ", "not YAML"),
        ("%YAML 9.9\n---\na: 1", "c.yaml:1: ", "not YAML"),
        ("[" * 3000, "c.yaml:1: ", "levels deep"),
    ],
)
def test_what_is_not_yaml_is_one_line_with_its_place(text, start, says):
    """Torn, hostile and mistyped YAML ends in one fault at the line where the mistake is."""
    line = refused(text)
    assert line.startswith(start)
    assert says in line
    assert "\n" not in line


def test_aliases_are_read_but_bounded():
    """An alias is what it stands for, and a billion laughs is refused in no time."""
    assert read("a: &x [1, 2]\nb: *x\n").root.plain() == {"a": [1, 2], "b": [1, 2]}
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "aliases written out" in refused("\n".join(lines))


def test_bytes_are_utf_8_with_or_without_a_mark():
    """A byte order mark and CRLF change nothing."""
    assert decode("\ufeffa: é\r\n".encode(), "c.yaml") == "a: é\r\n"
    assert read("a: 1\r\nb: 2\r\nb: 3\r\n").faults[0].where == "c.yaml:3"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("a: 1\n".encode("utf-16"), "c.yaml:1: the file is UTF-16 or UTF-32; save it as UTF-8"),
        ("a: 1\n".encode("utf-32"), "c.yaml:1: the file is UTF-16 or UTF-32; save it as UTF-8"),
        (b"a: 1\r\nb: \xe9\r\n", "c.yaml:2: not UTF-8 (byte 0xe9); save it as UTF-8"),
        (b"a: 1\nb: \x00\n", "c.yaml:2: a control character (U+0000) in the text; remove it"),
        (b"a: 1\nb: \x1b[0m\n", "c.yaml:2: a control character (U+001B) in the text; remove it"),
        (b"#" * ((1 << 20) + 1), "c.yaml: larger than 1024 KiB; split it up"),
    ],
)
def test_bytes_that_are_not_are_named_by_line(data, line):
    """Another encoding, a control character and a huge file are refused before YAML sees them."""
    with pytest.raises(ConfigError) as raised:
        decode(data, "c.yaml")
    assert str(raised.value) == line


def test_a_path_is_written_as_people_do():
    """Indices in brackets, and quotes around a name that has a dot in it."""
    assert dotted(("variants", "gpt-4.1", "pipeline", 0, "k")) == 'variants."gpt-4.1".pipeline[0].k'


@given(st.text(alphabet="ab:-[]{}'\"|>&*!%#\n \t,?~", max_size=60))
def test_any_text_is_a_tree_or_a_fault(text):
    """Nothing that the parser does comes out as anything but ConfigError."""
    with contextlib.suppress(ConfigError):
        read(text).root.plain()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**62), 2**62)
        | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_json_is_read_as_itself(value):
    """YAML 1.2 holds JSON: what json writes, the tree reads back."""
    tree = read(json.dumps({"top": value}))
    assert tree.root.plain() == {"top": value}
    assert not tree.faults
