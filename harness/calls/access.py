"""How a client is let in at an endpoint: which key it shows, and whether a proxy may stand between."""

from urllib.parse import urlsplit

from harness.errors import Fault, UsageError
from harness.types.experiment import ModelSpec
from harness.types.plugins import ProviderKit

NO_KEY = "none"
"""Sent to a custom endpoint that names no key: the vendor's key never leaves for another host."""


def named_key(model: ModelSpec, kit: ProviderKit, variable: str) -> str:
    """Read the key from this environment variable. Raises UsageError at the model's line where it is not set."""
    key = kit.secret(variable)
    if not key:
        what = f"model '{model.name}' needs a key, and {variable} is not set"
        raise UsageError(Fault(where=model.where, what=what, next=f"export {variable}=... and run again"))
    return key


def is_loopback(url: str) -> bool:
    """True for this machine, which no proxy of the environment knows the way to."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")
