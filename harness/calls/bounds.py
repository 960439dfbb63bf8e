"""How long an answer may be, however it is delivered: past the bound its reader fails, and its connection is closed.

Answers are asked for as they are, not compressed: what is packed can be a thousand times longer than what is counted
on the way, the SDKs unpack without a bound, and unpacking is no part of a service's time.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from harness.errors import CallError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import aiohttp

MOST_BYTES = 32 << 20
"""Of one body. No answer of a model has as many; a batch of embeddings may have a tenth."""


def ask_plain(headers: "MutableMapping[str, str]") -> None:
    """Ask for an answer that is not compressed."""
    headers["Accept-Encoding"] = "identity"


def bound(response: "aiohttp.ClientResponse") -> None:
    """Bound the body of an answer whose headers are there, in whatever way it is read then.

    Raises aiohttp.ClientPayloadError, with the CallError that it means as its cause, for a body that is declared longer
    than MOST_BYTES, or that comes compressed to a client that would unpack it by itself. Past the bound reading raises
    the same.
    """
    import aiohttp

    reader = response.content
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity") and getattr(reader, "total_compressed_bytes", None) is None:
        response.close()
        raise _refusal(
            f"the answer came compressed ({packing[:40]}), which was not asked for", response.status
        )
    if (response.content_length or 0) > MOST_BYTES:
        response.close()
        raise _too_long(response.status)
    if type(reader) is aiohttp.StreamReader:  # an empty body has another, which all share
        reader.__class__ = _counting(response.status)


@cache
def _counting(status: int) -> Any:
    """The class of a reader that counts what it is fed: aiohttp makes readers itself, and its own has no bound."""
    import aiohttp

    class Counting(aiohttp.StreamReader):
        __slots__ = ()

        def feed_data(self, data: bytes, size: int = 0) -> bool:
            if self.exception() is not None:
                return False
            paused = super().feed_data(data, size)
            if self.total_bytes > MOST_BYTES:
                self.set_exception(_too_long(status))
            return paused

    return Counting


def _too_long(status: int) -> "aiohttp.ClientPayloadError":
    return _refusal(f"the answer is longer than {MOST_BYTES >> 20} MiB", status)


def _refusal(what: str, status: int) -> "aiohttp.ClientPayloadError":
    import aiohttp

    error = aiohttp.ClientPayloadError(what)
    error.__cause__ = CallError(type="bad_reply", message=what, status=status)
    return error
