"""What comes back from an endpoint that embeds texts, or puts them in order: read without trust, by every provider."""

import base64
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.calls.failures import bad_reply
from harness.types.call import Usage

_COUNTS = (
    ("usage", ("prompt_tokens", "input_tokens", "total_tokens")),
    ("billed_units", ("input_tokens",)),
    ("tokens", ("input_tokens",)),
)
"""Where servers count what they read: under `usage` (OpenAI, Voyage, Jina, vLLM), or within `meta` (Cohere)."""


def listed(answer: Any, key: str) -> list[Mapping[str, Any]]:
    """The entries under a key. Raises CallError where there is no list of mappings."""
    told = answer.get(key) if isinstance(answer, Mapping) else None
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        raise bad_reply(f"the answer holds no list of {key}", answer)
    return told


def one_each(told: Sequence[Mapping[str, Any]], sent: int) -> tuple[tuple[float, ...], ...]:
    """One vector for each of the texts sent, in their order, from entries {embedding, index?}.

    Where entries name no index they stand in order. Raises CallError where a text has none or two, where the vectors
    differ in length, and for what is no vector of finite numbers.
    """
    vectors = {_place(one, at): _vector(one.get("embedding")) for at, one in enumerate(told)}
    if len(told) != sent or sorted(vectors) != list(range(sent)):
        twice = " for the same ones" if len(vectors) < len(told) else ""
        raise bad_reply(f"texts sent: {sent}, vectors that came: {len(told)}{twice}")
    if len({len(one) for one in vectors.values()}) > 1:
        raise bad_reply("the vectors of one answer differ in length")
    return tuple(vectors[place] for place in range(sent))


def best_first(told: Iterable[tuple[Any, Any]], sent: int) -> tuple[tuple[int, float], ...]:
    """Put (place, score) in order, the best first; equal scores keep the order of the texts sent.

    A text may be missing: whoever asked puts it last. Raises CallError where all are, for a place that no text had or
    that stands there twice, and for a score that is no finite number.
    """
    ranked = list(told)
    if not all(type(place) is int and 0 <= place < sent for place, _ in ranked):
        raise bad_reply(f"an entry has no index of a text that was sent (0 to {sent - 1})")
    if not all(_is_number(score) for _, score in ranked):
        raise bad_reply("an entry has no score")
    if len({place for place, _ in ranked}) < len(ranked):
        raise bad_reply("a text stands twice in the order")
    if sent and not ranked:
        raise bad_reply("the order is empty")
    ordered = sorted(ranked, key=lambda one: (-one[1], one[0]))
    return tuple((place, float(score)) for place, score in ordered)


def input_usage(answer: Any) -> Usage | None:
    """Count the tokens that were read, under any of the names that servers give them; there is no output.

    None where the answer counts none: a server that says 0, or bills by the search, has not counted.
    """
    if not isinstance(answer, Mapping):
        return None
    meta = answer.get("meta")
    holders = {**(meta if isinstance(meta, Mapping) else {}), "usage": answer.get("usage")}
    for holder, names in _COUNTS:
        told = holders.get(holder)
        counts = [told.get(name) for name in names] if isinstance(told, Mapping) else []
        for count in counts:
            if type(count) is int and count > 0:
                return Usage(input_tokens=count, output_tokens=0)
    return None


def _place(one: Mapping[str, Any], otherwise: int) -> int:
    place = one.get("index")
    return place if type(place) is int else otherwise


def _vector(told: Any) -> tuple[float, ...]:
    """Numbers in a list, or float32 packed as base64, which is all that some servers have."""
    try:
        numbers = (
            array("f", base64.b64decode(told, validate=True)) if isinstance(told, str) else array("d", told)
        )
    except (TypeError, ValueError):
        numbers = array("d")
    if not numbers or not math.isfinite(sum(numbers)):
        raise bad_reply("an embedding is no list of numbers")
    return tuple(numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
