"""Templates: strict names, a sandbox, bounded output, and messages that a person can act on."""

import pytest

from harness.errors import ConfigError
from harness.text import templates


def render(text, **values):
    """Parse and render."""
    return templates.parse(text, "prompt.user").render(values)


def test_variables_are_found_in_every_branch():
    """Names behind an `if` or in a loop count; loop variables and Jinja's own do not."""
    text = "{% if a %}{{ b.c }}{% else %}{{ d }}{% endif %}{% for x in range(n) %}{{ x }}{% endfor %}{% set y = z %}{{ y }}"
    assert templates.variables(text) == {"a", "b", "d", "n", "z"}
    assert templates.variables("plain { text }") == frozenset()


def test_whitespace_and_newlines_stay():
    """A prompt's last newline is part of it, and nothing is escaped for the web."""
    assert render("  {{ a }}\n\n", a="<&>'\"") == "  <&>'\"\n\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (2.5, "2.5"),
        ({"ä": [1, "<"]}, '{"ä":[1,"<"]}'),
        ("None", "None"),
    ],
)
def test_data_is_written_as_json_never_as_python(value, written):
    """A model reads `null` and `{"a":1}`, not `None` and `{'a': 1}`; text stands as it is."""
    assert render("{{ a }}", a=value) == written


def test_tojson_is_json_for_prompts():
    """No HTML escapes and no lost letters in a prompt's JSON."""
    assert render("{{ a | tojson }}", a={"x": "<ü>'"}) == '{"x": "<ü>\'"}'
    assert render("{{ a | tojson(indent=1) }}", a=[1]) == "[\n 1\n]"


@pytest.mark.parametrize(
    "text",
    [
        "{{ a.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ range.__globals__ }}",
        "{{ a.append(1) }}",
        "{% include 'etc/passwd' %}",
        "{{ lipsum() }}",
        "{{ cycler }}",
    ],
)
def test_a_template_reaches_nothing_but_its_variables(text):
    """No attributes of Python, no files, no change of the data, none of Jinja's toys."""
    with pytest.raises(ConfigError):
        render(text, a=["x"])


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10000000000 }}",
        "{{ 10000000000 * a }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{{ range(10**9) | list }}",
        "{{ 1 / 0 }}",
        "{{ a + 1 }}",
        "{{ a ** 2 }}",
    ],
)
def test_bombs_and_slips_end_in_one_line(text):
    """Too much output, too large a number and a failing expression name the template."""
    with pytest.raises(ConfigError, match=r"^prompt\.user: .*template"):
        render(text, a="x")


def test_small_arithmetic_works():
    """The guard on operators is no ban."""
    assert render("{{ 'ab' * 3 }}{{ 2 ** 10 }}{{ 6 * 7 }}{{ 'x' * n }}", n=2) == "ababab102442xx"


@pytest.mark.parametrize(
    "text", ["{{ a", "{% if %}", "{% nonsense %}", "{{ a | nofilter }}", "{{ a | random }}"]
)
def test_a_broken_template_is_named(text):
    """A syntax error is the user's, with the place of the template."""
    with pytest.raises(ConfigError, match=r"^prompt\.user: not a template: "):
        templates.parse(text, "prompt.user")


def test_a_broken_template_is_named_by_its_line():
    """In a template of several lines the message has the line."""
    with pytest.raises(ConfigError, match=r"^prompts/a\.md:3: not a template: "):
        templates.parse("a\nb\n{{ c | }}\n", "prompts/a.md")


def test_deep_nesting_is_not_a_traceback():
    """Brackets without end stop at the parser, with the template's name."""
    with pytest.raises(ConfigError, match="not a template"):
        templates.parse("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "prompt.user")


def test_missing_parts_of_an_input_are_undefined_too():
    """`{{ a.b }}` on an object without `b` fails as loudly as a missing variable."""
    with pytest.raises(ConfigError, match=r"prompt\.user: .*no attribute 'b'"):
        render("{{ a.b }}", a={"c": 1})
