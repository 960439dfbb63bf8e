"""Faults on request: which call is to fail, and how. Drawn from the request's bytes and how often they came."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.reference.ask import Refusal

KINDS = ("429", "500", "drop", "cut", "garbage", "hang", "slow")
"""In the order in which a draw walks through them."""
MESSAGES: Mapping[str, str] = {
    "429": "Rate limit reached (a fault on request); try again later.",
    "500": "The server had an error (a fault on request).",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a request wants to be served: the extra body key `reference`, over the process's defaults."""

    time_scale: float = 1.0
    """1 is the declared pace, 0 answers at once."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Kind → share of the calls."""
    retry_after_s: float = 1.0
    slip: bool = True


def parse_faults(text: str) -> dict[str, float]:
    """Read `429:0.1,cut:0.05`. Raises ValueError that names the part that is wrong."""
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, share = part.partition(":")
        try:
            shares[kind.strip()] = float(share)
        except ValueError:
            raise ValueError(f"'{part}' is not kind:share, such as 429:0.1") from None
    return checked_shares(shares)


def checked_shares(shares: Mapping[str, Any]) -> dict[str, float]:
    """Return the shares as floats. Raises ValueError for an unknown kind or shares that cannot be."""
    for kind, share in shares.items():
        if kind not in KINDS:
            raise ValueError(f"unknown fault '{kind}'; known: {', '.join(KINDS)}")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise ValueError(f"the share of '{kind}' must be a number in [0, 1]")
    if sum(shares.values()) > 1 + 1e-9:
        raise ValueError("the shares add up to more than 1")
    return {kind: float(share) for kind, share in shares.items()}


def options_of(raw: Any, defaults: Options) -> Options:
    """Read the body's `reference` key over the defaults. Raises Refusal."""
    if raw is None:
        return defaults
    try:
        given = {key: _checked(key, value) for key, value in dict(raw).items()}
    except (TypeError, ValueError) as error:
        raise Refusal(status=400, message=f"reference: {error}", param="reference") from None
    return replace(defaults, **given)


def _checked(key: str, value: Any) -> Any:
    if key == "slip" and isinstance(value, bool):
        return value
    if key == "faults" and isinstance(value, dict):
        return checked_shares(value)
    if (
        key in ("time_scale", "retry_after_s")
        and not isinstance(value, bool)
        and isinstance(value, (int, float))
    ):
        if value >= 0:
            return float(value)
        raise ValueError(f"{key} must be at least 0")
    known = {
        "slip": "true or false",
        "faults": "kind: share",
        "time_scale": "a number",
        "retry_after_s": "a number",
    }
    raise ValueError(f"{key} must be {known[key]}" if key in known else f"unknown key '{key}'")


class FaultDraws:
    """Draws by the digest of a body and how many times that body came before, so that a retry draws anew."""

    def __init__(self) -> None:
        """Start with no body seen."""
        self._seen: Counter[bytes] = Counter()

    def draw(self, body: bytes, shares: Mapping[str, float]) -> str | None:
        """Say which fault this call meets; None for a call that is answered."""
        if not shares:
            return None
        key = hashlib.blake2b(body, digest_size=16).digest()
        turn = self._seen[key]
        self._seen[key] += 1
        state = hashlib.blake2b(turn.to_bytes(8, "big"), key=key, digest_size=8)
        left = int.from_bytes(state.digest(), "big") / 2**64
        for kind in KINDS:
            left -= shares.get(kind, 0.0)
            if left < 0:
                return kind
        return None

    def clear(self) -> None:
        """Forget every body."""
        self._seen.clear()
