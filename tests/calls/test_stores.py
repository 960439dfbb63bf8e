"""What the stores share: packages, keys, and sentences without secrets."""

import pytest

from harness.calls.stores import named_secret, package, plain_url, too_slow, unreachable
from harness.errors import UsageError


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
