"""Whether a server keeps the connections that it promises to keep; one that does not is asked on new ones.

llama.cpp's server, for one, answers a stream with `Keep-Alive` and hangs up: every next request on that connection
would be lost, an attempt each. A connection is not reused then, which costs a set-up that no latency holds.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

MOST_BROKEN = 2
"""Kept connections that break in a row: one may have reached its age just then."""


@dataclass(slots=True)
class Keeping:
    """What has become of the connections of one session that were used again. Mutable, and owned by it."""

    connector: "aiohttp.BaseConnector"
    broken: int = 0
    """In a row."""

    def kept(self) -> None:
        """An answer began on a connection that had been used before."""
        self.broken = 0

    def broke(self) -> None:
        """Such a connection was gone before an answer began."""
        self.broken += 1
        if self.broken >= MOST_BROKEN:
            self.connector._force_close = True  # noqa: SLF001 - public only when a connector is made
