"""A failed call in CallError's words, by what was seen at the wire."""

import json
from typing import Any

from harness.calls.failures import bad_reply, connection_error, status_error
from harness.errors import CallError
from harness.providers.litellm.exchange import Exchange
from harness.providers.litellm.library import first_sentence


def failure(error: Exception, exchange: Exchange) -> CallError:
    """Say what really happened: litellm calls a dropped connection a 500, and forgets Retry-After."""
    if exchange.broke is not None:
        return connection_error(exchange.broke)
    if exchange.status is None:
        refused = getattr(error, "status_code", None) in (401, 403)
        message = f"not sent: {exchange.forbidden or first_sentence(error)}"
        return CallError(type="authentication" if refused else "bad_request", message=message)
    if exchange.status >= 300:
        said = exchange.body.decode("utf-8", "replace")
        spent = "insufficient_quota" in said
        message = _message(said) or first_sentence(error)
        return status_error(exchange.status, message, exchange.headers, final=spent)
    return bad_reply(f"litellm cannot read the answer: {first_sentence(error)}")


def _message(said: str) -> str:
    """The sentence in an error's body, wherever vendors put it; the body itself where it is not JSON."""
    try:
        told: Any = json.loads(said)
    except ValueError:
        return said.strip()
    while isinstance(told, dict | list) and told:
        if isinstance(told, list):
            told = told[0]
        else:
            told = next((told[key] for key in ("error", "message", "detail", "msg") if told.get(key)), None)
    return str(told) if told else said.strip()
