"""What the stores share: packages, keys, and sentences without secrets."""

import pytest

from harness.calls.stores import (
    check_fields,
    named_secret,
    other_dimensions,
    package,
    plain_url,
    too_slow,
    unreachable,
)
from harness.errors import UsageError
from harness.registry import nearest


class Kit:
    """Knows one variable."""

    def secret(self, variable):
        """Its value."""
        return {"MINE": "k", "EMPTY": ""}.get(variable)


def test_a_package_that_is_not_installed_names_its_extra():
    """And the module that was missed."""
    assert package("json", extra="x").loads("1") == 1
    with pytest.raises(UsageError, match=r"nowhere_at_all.*pip install 'variant-harness\[x\]'"):
        package("nowhere_at_all", extra="x")


def test_a_key_is_read_by_its_name():
    """None where none is named; not set or empty is an error that says how to set it."""
    assert named_secret(Kit(), None, store="x") is None
    assert named_secret(Kit(), "MINE", store="x") == "k"
    for variable in ("EMPTY", "OTHER"):
        with pytest.raises(UsageError, match=f"{variable} is not set; export {variable}=..."):
            named_secret(Kit(), variable, store="x")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1/a/?key=x", "http://h:1/a"),
        ("https://user:pass@host/", "https://host"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_url_is_shown_without_secrets(url, shown):
    """No user, password nor query."""
    assert plain_url(url) == shown


def test_what_may_pass_is_told_from_what_may_not():
    """A broken connection is tried again; a time-out is a trial's end."""
    assert unreachable("X", OSError("no\n route")).message == "X cannot be reached: no route"
    assert unreachable("X", "gone").retryable
    assert not too_slow("X", 0.5).retryable


def test_vectors_of_another_length_say_what_to_name():
    """The sentence of a failed search ends in what to do next."""
    told = other_dimensions(8, 5).message
    assert told.endswith("of 8 numbers, and the query has 5; name under embed: the model that filled it")


def test_a_field_that_is_not_there_is_refused():
    """All of them at once, with what is there and the nearest; ids stand in for `doc` alone, not for another name."""
    there = {"source", "body", "head"}
    check_fields("X", {"doc": "source", "text": "body", "title": "head"}, there, {"doc"}, nearest)
    check_fields("X", {"doc": "doc", "text": "body"}, there, {"doc"}, nearest)
    with pytest.raises(UsageError) as caught:
        check_fields("X", {"doc": "sourc", "text": "text", "title": "nofield"}, there, {"doc"}, nearest)
    assert str(caught.value).splitlines() == [
        f"store.fields: X has no {what} (it has: body, head, source); {hint}"
        for what, hint in (
            ("'sourc' for fields.doc", "did you mean 'source'?"),
            ("'text' for fields.text", "say under fields: what holds the text"),
            ("'nofield' for fields.title", "say under fields: what holds the title"),
        )
    ]
