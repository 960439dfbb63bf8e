"""Tokens as the reference endpoint counts them, and the prefixes it has seen before."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from harness.reference.declared import CACHE_FLOOR_TOKENS, CACHE_STEP_TOKENS

PIECE = re.compile(r"[⺀-鿿가-힯]|[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_|\n+")
"""A token: six letters of a word, three digits, a mark, a run of line breaks, one ideograph."""
PER_MESSAGE = 3
KEPT_PREFIXES = 50_000


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[str, ...]:
    """Cut a text into its tokens."""
    return tuple(PIECE.findall(text))


def count(text: str) -> int:
    """Count the tokens of a text."""
    return len(pieces(text))


def prompt_pieces(texts: Iterable[str]) -> list[str]:
    """All the tokens of a prompt, with each message's own overhead."""
    found: list[str] = []
    for text in texts:
        found.extend(("",) * PER_MESSAGE)
        found.extend(pieces(text))
    return found


class PrefixCache:
    """Which prompt prefixes were seen before, per model. It changes usage and pace, never an answer."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def cached_tokens(self, model: str, prompt: Sequence[str]) -> int:
        """Tokens of the longest prefix seen before, in whole steps; this prompt is seen from now on."""
        state = hashlib.blake2b(model.encode(), digest_size=16)
        hit, running = 0, True
        for end in range(CACHE_STEP_TOKENS, len(prompt) + 1, CACHE_STEP_TOKENS):
            state.update("\x1f".join(prompt[end - CACHE_STEP_TOKENS : end]).encode())
            key = state.digest()
            running = running and key in self._seen
            if running:
                hit = end
            self._seen[key] = None
            self._seen.move_to_end(key)
        while len(self._seen) > KEPT_PREFIXES:
            self._seen.popitem(last=False)
        return hit if hit >= CACHE_FLOOR_TOKENS else 0

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()
