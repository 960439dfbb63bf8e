"""What a user's function may return: text, any JSON, or a mapping that tells more than the answer."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from harness.calls import application
from harness.providers.python.trial import read_cost, read_documents, read_usage
from harness.text.tool_calls import told_calls

_KEYS = frozenset(
    {"text", "usage", "cost_usd", "retrieved", "tool_calls", "finish_reason", "refused", "truncated"}
)
_READ = {"usage": read_usage, "cost_usd": read_cost, "retrieved": read_documents, "tool_calls": told_calls}
_FIELDS = {"cost_usd": "told_cost_usd"}
"""Our key → the field of a Reply, where they differ."""


def read_answer(returned: Any) -> dict[str, Any]:
    """What was returned, as fields of a Reply; what it does not tell is left out.

    A mapping with `text` and no keys but ours tells more than the answer; any other value is the answer, as JSON.
    Raises ValueError for what is neither text nor JSON, and for a figure that is none.
    """
    if not isinstance(returned, Mapping) or "text" not in returned or not returned.keys() <= _KEYS:
        return {"text": _text(returned)}
    told = {key: value for key, value in returned.items() if value is not None}
    fields = {_FIELDS.get(key, key): read(told[key]) for key, read in _READ.items() if key in told}
    reason = told.get("finish_reason")
    called = fields.get("tool_calls")
    return {
        "text": "" if called and "text" not in told else _text(told.get("text")),
        "kind": _kind(told),
        "finish_reason": None if reason is None else str(reason),
        **fields,
    }


def read_search(returned: Any) -> dict[str, Any]:
    """What a function that searches returned: a list of documents, or a mapping that tells more beside `retrieved`."""
    told = returned if isinstance(returned, Mapping) and "retrieved" in returned else {"retrieved": returned}
    return read_answer({"text": "", **told})


def _kind(told: Mapping[str, Any]) -> Literal["answered", "refused", "truncated"]:
    if told.get("refused"):
        return "refused"
    return "truncated" if told.get("truncated") else application.ending(str(told.get("finish_reason")))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if value is None:
        raise ValueError("returned None, which is no answer; return text, or JSON")
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        what = f"returned {type(value).__name__}, which is neither text nor JSON"
        raise ValueError(what) from None
