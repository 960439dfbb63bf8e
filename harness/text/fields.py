"""One field inside a JSON value, by a dotted path."""

from collections.abc import Mapping
from typing import Any, Final


class Missing:
    """There is no such field; JSON's null is another thing."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Read as a word in a sentence."""
        return "missing"


MISSING: Final = Missing()


def field_at(value: Any, path: str) -> Any:
    """The field at `path` (`customer.address.city`; a key that has dots itself is found first), or MISSING."""
    if not isinstance(value, Mapping):
        return MISSING
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return field_at(value[head], rest) if dot and head in value else MISSING
