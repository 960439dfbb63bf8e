"""JSON whose texts are templates: filled in, typed where a text is one input, blind to what inputs say."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.text.json_template import parse, texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(value=JSON)
def test_an_input_is_handed_on_as_it_is(value):
    """Whatever an input holds, braces among it, arrives unread and of its own type."""
    assert parse({"x": ["{{ it }}"]}, "r").render({"it": value}) == {"x": [value]}


@given(value=JSON)
@example(value={"{{ key }}": "two\r\nlines"})
def test_what_has_no_braces_stays(value):
    """A value without templates stands for itself, to the last line end; keys are no templates."""
    if not any("{" in text for _, text in texts(value)):
        assert parse(value, "r").render({}) == value


def test_names_and_places():
    """Every input that any text reads is known, and each text's place."""
    value = {"a": "{{ x }} {% if y %}{{ z }}{% endif %}", "b": [1, {"c": "{{ w }}"}]}
    assert parse(value, "r").names == {"x", "y", "z", "w"}
    assert [place for place, _ in texts(value)] == [("a",), ("b", 1, "c")]


@pytest.mark.parametrize(
    ("value", "inputs", "message"),
    [
        (
            {"a": [{"b": "{{ tikcet }}"}]},
            {"ticket": "x"},
            "r.a[0].b: undefined variable 'tikcet'; did you mean",
        ),
        ({"a": "say {{ x.y }}"}, {"x": {}}, "r.a: "),
    ],
)
def test_what_cannot_be_filled_is_told_at_its_key(value, inputs, message):
    """The key is that of the text, however deep it stands."""
    with pytest.raises(ConfigError) as raised:
        parse(value, "r").render(inputs)
    assert str(raised.value).startswith(message)


def test_what_is_no_template_is_told_at_its_key():
    """Before anything is filled in."""
    with pytest.raises(ConfigError, match=r"^r\[1\]: not a template"):
        parse(["{{ x }}", "{{ x"], "r")
