"""What every store behind a client needs: its package, its key, one sentence for what failed, and no word of a password."""

import importlib
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harness.errors import CallError, Fault, UsageError
from harness.text.quote import clip
from harness.types.plugins import StoreKit

LOOKED_AT = 100
"""So many rows of a collection of the user's are looked at for what `fields` names: one alone may lack what others have."""


def package(module: str, *, extra: str) -> Any:
    """Import a store's client. UsageError, with the extra that brings it, where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        what = f"store '{extra}' needs a package that is not installed ({error.name or error})"
        hint = f"pip install 'variant-harness[{extra}]'"
        raise UsageError(Fault(where="retrieve.store", what=what, next=hint)) from None


def named_secret(kit: StoreKit, variable: str | None, *, store: str) -> str | None:
    """The value of the variable that `api_key_env` names; None where it names none. UsageError: not set."""
    if variable is None:
        return None
    value = kit.secret(variable)
    if not value:
        what = f"store '{store}' needs a key, and {variable} is not set"
        raise UsageError(
            Fault(where="retrieve.store.api_key_env", what=what, next=f"export {variable}=... and run again")
        )
    return value


def plain_url(url: str) -> str:
    """A url as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def check_fields(
    at: str,
    fields: Mapping[str, str],
    keys: Collection[str],
    stood_in: Collection[str],
    nearest: Callable[[str, list[str]], str | None],
) -> None:
    """What `fields` names must be there, since what stands in for it would be taken for it without a word.

    Args:
        at: The user's collection and its place, for people.
        fields: {doc, text, title?} → names of keys.
        keys: Those that its rows have.
        stood_in: Of doc and text, what a row has by other means; it may lack them under their own names, the defaults.
        nearest: registry.nearest.

    Raises:
        UsageError: Every one that is not there, with those that are.
    """
    there = sorted(keys)
    faults = []
    for key, name in fields.items():
        if name in keys or (name == key and key in stood_in):
            continue
        near = nearest(name, there)
        what = f"{at} has no '{name}' for fields.{key} (it has: {clip(', '.join(there), 300) or 'nothing'})"
        hint = f"did you mean '{near}'?" if near else f"say under fields: what holds the {key}"
        faults.append(Fault(where="store.fields", what=what, next=hint))
    if faults:
        raise UsageError(faults)


def refused_dimensions(place: str, held: int, given: int) -> UsageError:
    """Vectors to be added that are not as long as those that are there."""
    what = f"the collection holds vectors of {held} numbers, not of {given}"
    return UsageError(Fault(where=place, what=what, next="embed all of them with one model"))


def other_dimensions(held: int, given: int) -> CallError:
    """A query that is not as long as what is searched."""
    what = f"the index holds vectors of {held} numbers, and the query has {given}; name under embed: the model that filled it"
    return CallError(type="bad_request", message=what)


def unreachable(place: str, error: BaseException | str) -> CallError:
    """No connection, or one that broke."""
    return CallError(type="connection", message=clip(f"{place} cannot be reached: {error}"), retryable=True)


def too_slow(place: str, timeout_s: float) -> CallError:
    """No answer in time."""
    return CallError(type="timeout", message=f"{place} did not answer within {timeout_s:g} s")


def shut_out(place: str, error: BaseException | str, status: int | None = None) -> CallError:
    """The key is wrong, or lacks a right."""
    message = clip(f"{place} does not let this key in: {error}")
    return CallError(type="authentication", message=message, status=status)
