"""Text of unknown origin, made harmless to a terminal or a page: no escape sequence, no hidden reordering."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x1b\\|\x07|$)|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]", re.DOTALL
)
_SPACES = re.compile(r"\s+")
_JOINERS = "\u200c\u200d"
"""Zero-width, yet part of how some scripts and emoji are spelt."""


def inert(text: str, limit: int | None = None) -> str:
    """Return `text` as one line of visible characters, at most `limit` long.

    Terminal escape sequences go; control and format characters (bidirectional overrides, tags, zero-width spaces) go;
    every run of blanks and line breaks becomes one space; lone surrogates become U+FFFD. What is cut ends in "…".
    """
    plain = _SPACES.sub(" ", _ESCAPES.sub("", text))
    visible = "".join(_visible(character) for character in plain).strip()
    if limit is not None and len(visible) > limit:
        return visible[: limit - 1].rstrip() + "…"
    return visible


def _visible(character: str) -> str:
    match unicodedata.category(character):
        case "Cs":
            return "\ufffd"
        case "Cc" | "Cf" if character not in _JOINERS:
            return ""
    return character


def inert_lines(text: str) -> list[str]:
    """Text of several lines, each inert and indented by two; at least one line."""
    return [f"  {inert(line)}".rstrip() for line in text.splitlines() or [""]]
