"""Reading of request bodies: a value of the right type, or a Refusal that names the parameter."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson

from harness.reference.ask import Refusal
from harness.reference.declared import CHAT_MODELS, MODELS

T = TypeVar("T")


def body_of(raw: bytes) -> dict[str, Any]:
    """Parse a request body. Raises Refusal where it is not one JSON object."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(status=400, message=f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refusal(status=400, message="The body must be a JSON object.")
    return body


def taken(body: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """An optional parameter; null counts as left out."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wrong(key, f"must be {_named(kind)}")
    return value


def needed(body: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """A parameter that must be there."""
    value = taken(body, key, kind)
    if value is None:
        raise Refusal(
            status=400,
            message=f"Missing required parameter: '{key}'.",
            param=key,
            code="missing_required_parameter",
        )
    return value


def number(body: Mapping[str, Any], key: str, low: float, high: float) -> float | None:
    """An optional number between two bounds."""
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise wrong(key, f"must be a number from {low:g} to {high:g}")
    return value


def whole(body: Mapping[str, Any], key: str, low: int) -> int | None:
    """An optional whole number with a least value."""
    value = taken(body, key, int)
    if value is not None and value < low:
        raise wrong(key, f"must be at least {low}")
    return value


def strings(body: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A text or a list of texts; () where it is left out."""
    value = body.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise wrong(key, "must be a string or a list of strings")


def model_of(body: Mapping[str, Any], known: Sequence[str] = CHAT_MODELS) -> str:
    """The model that is named. Raises a 404 Refusal that names those there are."""
    name = needed(body, "model", str)
    if name not in known:
        other = " is known, but not at this address" if name in MODELS else " does not exist"
        raise Refusal(
            status=404,
            message=f"The model '{name}'{other}; here: {', '.join(known)}.",
            param="model",
            code="model_not_found",
        )
    return name


def joined(content: Any, where: str) -> str:
    """The text of a message's content: a string, or a list of parts of type text."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list):
        parts = [
            part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"
        ]
        if len(parts) == len(content) and all(isinstance(part, str) for part in parts):
            return "\n".join(str(part) for part in parts)
    raise wrong(where, "must be a string or a list of text parts; this model reads text only")


def wrong(param: str, what: str) -> Refusal:
    """A parameter that cannot be what it is."""
    return Refusal(
        status=400, message=f"Invalid value for '{param}': it {what}.", param=param, code="invalid_value"
    )


def _named(kind: type) -> str:
    names = {str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}
    return names.get(kind, kind.__name__)
