"""Any value as one short line for a person: never long, never torn, always valid Unicode."""

import json
from typing import Any

LIMIT = 80


def quote(value: Any, limit: int = LIMIT) -> str:
    """Write `value` as JSON on one line of at most `limit` characters, with … where it was cut."""
    if isinstance(value, str):
        value = value[: limit + 1]
    try:
        line = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        line = repr(value)
    return clip(line, limit)


def clip(text: str, limit: int = 300) -> str:
    """Bring `text` onto one line of at most `limit` characters, with … where it was cut."""
    line = " ".join(text[: 4 * limit].split())
    if len(line) > limit or len(text) > 4 * limit:
        line = line[: limit - 1] + "…"
    return line.encode("utf-8", "replace").decode("utf-8")
