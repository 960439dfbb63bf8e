"""One spelling for one value, so that equal values have equal digests and different ones do not."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def canonical(value: Any) -> bytes:
    """Spell a value as JSON with sorted keys, in ASCII; 1, 1.0, true and "1" stay four things.

    Tuples are lists and dataclasses are objects. NaN and the infinities are spelt as Python spells them. What JSON does
    not know is spelt by its type and its repr: two values are then at worst told apart that are the same.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_spelt).encode("ascii")


def digest(value: Any) -> str:
    """sha256 of the canonical spelling: 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _spelt(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return {"\x00type": f"{type(value).__module__}.{type(value).__qualname__}", "\x00value": repr(value)}
