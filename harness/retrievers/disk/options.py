"""The options of the store on disk."""

from dataclasses import dataclass
from typing import Literal

from harness.errors import Fault, UsageError
from harness.retrievers.disk.graphs import opener_of
from harness.retrievers.disk.store import open_store
from harness.types.plugins import Store, StoreKit

LAYOUT = 1
"""Of the folder. Another version of the harness that has another one makes its own, beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """An index in a folder beside the runs, for what is too much to search in memory; holds 1,000,000 chunks."""

    engine: Literal["usearch", "faiss"] = "usearch"
    """The library that finds the near ones; it wants its extra."""

    @property
    def owned(self) -> bool:
        """Always the harness's own."""
        return True

    def open(self, kit: StoreKit) -> Store:
        """Open the folder, or make it. UsageError: no library, nowhere to write, or another process is at it."""
        opener = opener_of(self.engine)
        if kit.home is None:
            what = "a store on disk, and nothing may be written here"
            raise UsageError(Fault(where="retrieve.store", what=what, next="use the store memory"))
        return open_store(kit.home / kit.name / f"{self.engine}-{LAYOUT}", opener)
