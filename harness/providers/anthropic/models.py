"""Whose endpoint it is, and what each Claude model takes, by the version that its id names.

After the vendor's pages on models, thinking, effort, structured outputs and API versions (November 2026). An id that
names no version (another vendor's model behind the same interface) is taken to know everything: the server tells.
"""

import re
from dataclasses import dataclass

from harness.types.experiment import ModelSpec

VENDOR_URL = "https://api.anthropic.com"

_ID = re.compile(r"claude-(?:(?P<family>[a-z]+)-)?(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?")
_UNKNOWN = (0, 0)


def root_url(model: ModelSpec) -> str:
    """Where `/v1/messages` lies: a base_url is written with its `/v1` or without."""
    return (model.base_url or VENDOR_URL).rstrip("/").removesuffix("/v1")


def is_vendors(model: ModelSpec) -> bool:
    """True for the vendor's own endpoint."""
    return root_url(model) == VENDOR_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Claude:
    """One model. `version` is (major, minor), (0, 0) where the id names none."""

    version: tuple[int, int] = _UNKNOWN
    family: str = ""

    @property
    def samples(self) -> bool:
        """True where temperature and top_p may be other than 1."""
        return self.version < (4, 7)

    @property
    def samples_by_both(self) -> bool:
        """True where temperature and top_p may stand together."""
        return self.version < (4, 1)

    @property
    def efforts(self) -> tuple[str, ...]:
        """The levels of effort, from the least; none where only a budget of tokens steers the thinking."""
        if self._since(4, 7):
            return ("low", "medium", "high", "xhigh", "max")
        if self._since(4, 6):
            return ("low", "medium", "high", "max")
        return ("low", "medium", "high") if (self.family, self.version) == ("opus", (4, 5)) else ()

    @property
    def thinks_adaptively(self) -> bool:
        """True where the model itself decides how long it thinks."""
        return self._since(4, 6)

    @property
    def thinks_by_budget(self) -> bool:
        """True where a budget of tokens may steer the thinking."""
        return self.version < (4, 7)

    @property
    def thinks_when_forced(self) -> bool:
        """False where it is known that a forced tool and thinking exclude each other."""
        return self._since(4, 8)

    @property
    def can_be_forced(self) -> bool:
        """True where a tool may be named that must be called."""
        return self.version < (5, 1) or self.family == "haiku"

    @property
    def structures(self) -> bool:
        """True where the answer, or a tool's arguments, can be held to a schema."""
        return self._since(4, 5)

    def _since(self, *version: int) -> bool:
        return self.version == _UNKNOWN or self.version >= version


def claude(model: str) -> Claude:
    """Read a model's id: `claude-opus-4-20250514`, `claude-3-5-haiku-latest`, `anthropic.claude-sonnet-4-6-v1:0`."""
    found = _ID.search(model.lower())
    if found is None:
        return Claude()
    return Claude(
        version=(int(found["major"]), int(found["minor"] or 0)),
        family=found["family"] or "",
    )
