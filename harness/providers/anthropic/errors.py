"""What the SDK raises, and what the API calls an error, in CallError's words."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.calls.failures import bad_reply, connection_error, status_error
from harness.errors import CallError
from harness.providers.anthropic.answers import Gathered
from harness.types.call import Usage

if TYPE_CHECKING:
    from anthropic import APIStatusError

_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error of that type has when it comes instead of an answer, not amid one."""

_SPENT = frozenset({"contract_spend_limit_reached", "enforced_spend_limit_reached"})
"""429 for lack of money: does not pass by waiting."""


@contextlib.contextmanager
def told(gathered: Gathered) -> Iterator[None]:
    """Turn every way in which a call can fail into a CallError, with the tokens that a broken answer told."""
    import aiohttp
    import anthropic
    import httpx2

    try:
        yield
    except CallError as error:
        error.usage = error.usage or gathered.usage()
        raise
    except anthropic.APIStatusError as error:
        raise _status(error, gathered.usage()) from error
    except (anthropic.APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
        broken = connection_error(error)
        broken.usage = gathered.usage()
        raise broken from error
    except (
        anthropic.AnthropicError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        RecursionError,
    ) as error:
        # A 200 whose body is not what the API promises: the SDK fails in ways of its own.
        raise bad_reply(f"{type(error).__name__}: {str(error)[:200]}", usage=gathered.usage()) from error


def error_in(body: Any) -> CallError | None:
    """The error that a 200 carries, amid a stream or instead of a message; None where it carries none."""
    if not isinstance(body, Mapping) or body.get("type") != "error":
        return None
    kind, message, code = _parts(body)
    said = ": ".join(part for part in (kind, message) if part) or "an error without a word"
    error = status_error(_STATUS.get(kind, 500), said, {}, final=code in _SPENT)
    error.status = 200  # what the server answered with, and may have worked for
    return error


def _status(error: "APIStatusError", usage: Usage | None) -> CallError:
    if error.status_code == 200:
        amid = error_in(error.body) or bad_reply("an error amid the stream", str(error))
        amid.usage = usage
        return amid
    kind, message, code = _parts(error.body)
    headers = error.response.headers
    final = code in _SPENT or kind == "billing_error"
    return status_error(error.status_code, message or str(error.message), headers, final=final)


def _parts(body: Any) -> tuple[str, str, str | None]:
    """Type, message and stable code of an error body."""
    held = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(held, Mapping):
        return "", "", None
    kind, message, details = held.get("type"), held.get("message"), held.get("details")
    code = details.get("error_code") if isinstance(details, Mapping) else None
    return str(kind or ""), str(message or ""), code if isinstance(code, str) else None
