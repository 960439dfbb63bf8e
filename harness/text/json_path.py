"""Values inside a JSON document by their paths: JSONPath as RFC 9535 has it, strictly."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.text.fields import MISSING

Place = tuple[int, ...]
"""The indices of the lists on the way to a value: what stands beside what, whatever the keys are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPath:
    """One path, compiled once."""

    text: str
    compiled: Any
    """The library's own object."""

    def first(self, document: Any) -> Any:
        """The first value that the path finds, or MISSING. Raises ValueError for a document nested too deep."""
        return next((value for _, value in self.find(document)), MISSING)

    def find(self, document: Any) -> Sequence[tuple[Place, Any]]:
        """Every value that the path finds, in the document's order, with its place. Raises ValueError as above."""
        from jsonpath_rfc9535 import JSONPathError

        if not isinstance(document, dict | list):  # the library holds only these for documents
            return [((), document)] if self.text == "$" else []
        try:
            nodes = list(self.compiled.finditer(document))
        except (JSONPathError, RecursionError) as error:
            raise ValueError(f"{self.text} fails: {_reason(error)}") from None
        return [
            (tuple(part for part in node.location if isinstance(part, int)), node.value) for node in nodes
        ]


@lru_cache(maxsize=256)
def parse(text: str) -> JsonPath:
    """Compile a path. Raises ValueError in one line, with what was probably meant."""
    import jsonpath_rfc9535

    try:
        return JsonPath(text=text, compiled=jsonpath_rfc9535.compile(text))
    except (jsonpath_rfc9535.JSONPathError, RecursionError, ValueError) as error:
        meant = _meant(text)
        raise ValueError(f"not a JSON path{meant or f': {_reason(error)}'}") from None


def _reason(error: Exception) -> str:
    """The library's words, without its line and column: a path is one line."""
    words = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(words.replace("expected ", "it needs ").split())


def _meant(text: str) -> str:
    """A path without its `$`, or with a key that needs quotes, is what people write."""
    keys = text.removeprefix("$").lstrip(".").split(".")
    if text and all(key.replace("-", "").replace(" ", "").replace("_", "").isalnum() for key in keys):
        quoted = (f".{key}" if key.isidentifier() else f"['{key}']" for key in keys)
        return f"; did you mean '${''.join(quoted)}'?"
    return ""
