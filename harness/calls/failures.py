"""Failed exchanges in CallError's words, whatever client carried them."""

import contextlib
from collections.abc import Mapping
from typing import Any

from harness.errors import CallError
from harness.types.call import Usage

RETRYABLE = frozenset({408, 409, 425, 429})
"""Beside every 5xx."""

_KINDS = {401: "authentication", 403: "authentication", 429: "rate_limited"}
_LONGEST_MESSAGE = 500


def status_error(
    status: int, message: str, headers: Mapping[str, str], *, final: bool = False, usage: Usage | None = None
) -> CallError:
    """An answer with an error status. `final`: asking again cannot help, whatever the status says (a spent quota).

    A redirect is one as well, since none is followed: the config says who is asked, and who is sent the key.
    """
    if 300 <= status < 400:
        message = (
            f"redirected to {_place(headers)}, which is not followed; name the final address in the config"
        )
    return CallError(
        type=_KINDS.get(status, "server_error" if status >= 500 else "bad_request"),
        message=message[:_LONGEST_MESSAGE],
        status=status,
        retryable=(status in RETRYABLE or status >= 500) and not final,
        retry_after_s=retry_after_s(headers),
        usage=usage,
    )


def connection_error(error: BaseException) -> CallError:
    """The connection broke or never stood; or it was closed on an answer past its bounds, which says so itself."""
    cause = _innermost(error)
    if isinstance(cause.__cause__, CallError):
        return cause.__cause__
    message = f"{type(cause).__name__}: {cause}".rstrip(": ")
    return CallError(type="connection", message=message[:_LONGEST_MESSAGE], retryable=True)


def bad_reply(what: str, shown: Any = None, *, usage: Usage | None = None) -> CallError:
    """A 200 whose body is not what the interface promises; `usage` where it still told what it took."""
    if shown is not None:
        what = f"{what}: {str(shown if isinstance(shown, str) else type(shown).__name__)[:120]!r}"
    return CallError(type="bad_reply", message=what, status=200, retryable=True, usage=usage)


def broken_stream(events: int, *, usage: Usage | None = None) -> CallError:
    """A stream that is over before its answer is; without one event it was hardly a stream: a web page, say."""
    if events:
        return bad_reply("the stream ended before the answer did", usage=usage)
    return bad_reply("the answer holds no event of a stream; does the base_url name the API?", usage=usage)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asked for: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    with contextlib.suppress(KeyError, ValueError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    asked = headers.get("retry-after")
    if asked is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(asked))
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    return None


def _place(headers: Mapping[str, str]) -> str:
    """Where a redirect points, without what may be a secret in it."""
    from urllib.parse import urlsplit

    location = {name.lower(): value for name, value in headers.items()}.get("location", "")
    try:
        target = urlsplit(location)
    except ValueError:
        return "nowhere"
    host = f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else ""
    return f"{host}{target.path}"[:200] or "nowhere"


def _innermost(error: BaseException) -> BaseException:
    """What really happened: a client's transport renames it on the way up, a dropped connection to a time-out."""
    import aiohttp

    while error.__cause__ is not None and not isinstance(error, aiohttp.ClientError):
        error = error.__cause__
    return error
