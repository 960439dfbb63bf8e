"""Markdown and plain lines that stay inert whatever the text in them is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.inert import inert
from harness.text.markdown import escape, markdown
from harness.types.report import Heading, Table, Text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1bPq data\x1b\\b", "ab"),
        ("\x9b31mred", "red"),
        ("a\r\nb\tc\x00d", "a b cd"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("a\u200bb\ufeffc\U000e0041", "abc"),
        ("\ud800", "\ufffd"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("  x  ", "x"),
    ],
)
def test_inert_text_is_one_visible_line(text, line):
    """Escapes, controls, hidden and reordering characters are gone; what is read stays."""
    assert inert(text) == line


@given(st.text(st.characters(), max_size=80), st.integers(1, 40))
def test_inert_text_is_bounded_and_printable(text, limit):
    """No control character, no line break, not over the limit, and the same when done twice."""
    line = inert(text, limit)
    assert len(line) <= limit
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
    line.encode()
    assert inert(line, limit) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<b>&lt;", "&lt;b&gt;&amp;lt;"),
        ("[a](http://x) ![i](y)", r"[a\](http://x) \![i\](y)"),
        ("71.2 [63, 78]", "71.2 [63, 78]"),
        ("a|b `c` *d* ~e~ $f$", r"a\|b \`c\` \*d\* \~e\~ \$f\$"),
        ("snake_case _em_", r"snake_case \_em\_"),
        ("# title", r"\# title"),
        ("1. one", r"1\. one"),
        ("- item", r"\- item"),
        ("[id]: http://x", r"[id\]: http://x"),
    ],
)
def test_marks_are_escaped(text, line):
    """What would be HTML, a link, code, emphasis, math, a list or a heading is the characters themselves."""
    assert escape(text) == line


def test_blocks():
    """Headings by level, tones by a sign, notes as a quotation, tables aligned and padded."""
    blocks = [
        Heading(text="Title", level=1),
        Text(text="known", tone="note"),
        Text(text="careful", tone="warning"),
        Table(
            columns=("v", "wide", "n"),
            rows=(("a|b", "···", "1"), ("c", "···", "1,000")),
            numeric=(2,),
            wide=(1,),
        ),
    ]
    assert markdown(blocks).split("\n\n") == [
        "# Title",
        "> known",
        "⚠ careful",
        "| v    |     n |\n| ---- | ----: |\n| a\\|b |     1 |\n| c    | 1,000 |\n",
    ]


@given(st.lists(st.text(max_size=30), min_size=2, max_size=2))
def test_any_row_has_as_many_cells_as_its_table(cells):
    """No text can add a cell or a line to a table."""
    lines = markdown([Table(columns=("a", "b"), rows=(tuple(cells),))]).splitlines()
    assert len(lines) == 3
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)
