"""The keys of this process: read from the environment by name, and taken out of all that is written or said.

A process has one environment, so there is one of it, KEYS. Whatever writes to the disk or speaks to a terminal passes
through it; nothing else knows a key's value but the client that sends it.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.text.redact import Redactor

_LIKE_A_KEY = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_STRONG = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[!-~]{16,}")


class Keys:
    """Values by the names of their environment variables. Grows as variables are read; forgets nothing."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[tuple[str, str], None] = {}
        self._redactor = Redactor(())

    def read(self, variable: str) -> str | None:
        """The value of an environment variable that somebody named as a key; None where it is not set."""
        value = os.environ.get(variable)
        if value:  # of a header's value (`Bearer …`) the key is a part, and comes back alone
            self._know((variable, part) for part in dict.fromkeys([value, *value.split()]))
        return value

    def read_named(self, config: Any) -> None:
        """Read every variable that a config, in plain JSON, names as one that holds a key."""
        for variable in _named(config):
            self.read(variable)

    def guess(self, environ: Mapping[str, str]) -> None:
        """Know what nobody named as well: values of variables that are named like keys and look like some, and passwords in urls."""
        found = []
        for variable, value in environ.items():
            password = _password(value)
            if password:
                found.append((f"the password in {variable}", password))
            elif _LIKE_A_KEY.search(variable) and _STRONG.fullmatch(value) and not value.startswith("/"):
                found.append((variable, value))
        self._know(found)

    def redacted(self, said: str) -> str:
        """A text for people, without keys."""
        return self._redactor.text(said)

    def redacted_data(self, content: bytes) -> bytes:
        """A line or a file, without keys; JSON stays JSON."""
        return self._redactor.data(content)

    def _know(self, found: Iterable[tuple[str, str]]) -> None:
        fresh = dict.fromkeys(found)
        if not fresh.keys() <= self._known.keys():
            self._known |= fresh
            self._redactor = Redactor(self._known)


def _named(config: Any) -> Iterator[str]:
    parts = (
        config.items() if isinstance(config, dict) else enumerate(config if isinstance(config, list) else ())
    )
    for name, value in parts:
        if name == "api_key_env":
            yield value
        elif name == "headers_env":
            yield from value.values()
        else:
            yield from _named(value)


def _password(value: str) -> str | None:
    """Of a url with one, as of a proxy or a database."""
    if "://" not in value or "@" not in value:
        return None
    try:
        return urlsplit(value).password
    except ValueError:
        return None


KEYS = Keys()
"""Of this process."""
