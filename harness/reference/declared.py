"""Every declared figure of the reference endpoint: pace, prices, slips, thresholds. Nothing here is measured.

The prices are illustrative and the times are shortened: a real model is about ten times slower.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.types.experiment import Price

NOTE = (
    "Answers come from the built-in reading model, for learning the tool and for wiring CI; "
    "its prices are illustrative."
)
"""Stands in every table and report that was made with the reference endpoint."""

VERSION = "1"
"""Raised whenever the same request may get another answer."""
FINGERPRINT = f"reference-{VERSION}"

LONGEST_ANSWER_TOKENS = 4096
"""An answer ends there where the request sets no limit of its own."""

BASE = "reference-base"
TUNED = "reference-tuned"
EMBED = "reference-embed"
RERANK = "reference-rerank"
CHAT_MODELS = (BASE, TUNED)
MODELS = (BASE, TUNED, EMBED, RERANK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a model takes: (start + input + output) × log-normal jitter × the request's time_scale."""

    start_ms: float
    input_ms_per_token: float
    """Per token that the prefix cache did not hold."""
    output_ms_per_token: float
    sigma: float = 0.2857
    """Of the jitter's logarithm: ln(1.6)/1.645, so that P95/P50 is 1.6."""


PACES: Mapping[str, Pace] = {
    BASE: Pace(start_ms=30.0, input_ms_per_token=0.05, output_ms_per_token=0.5),
    TUNED: Pace(start_ms=22.0, input_ms_per_token=0.03, output_ms_per_token=0.35),
    EMBED: Pace(start_ms=8.0, input_ms_per_token=0.005, output_ms_per_token=0.0),
    RERANK: Pace(start_ms=12.0, input_ms_per_token=0.01, output_ms_per_token=0.0),
}

PRICES: Mapping[str, Price] = {
    BASE: Price(
        input_usd_per_mtok=0.5,
        cached_input_usd_per_mtok=0.25,
        output_usd_per_mtok=1.5,
        source="illustrative",
    ),
    TUNED: Price(
        input_usd_per_mtok=0.75,
        cached_input_usd_per_mtok=0.4,
        output_usd_per_mtok=2.25,
        source="illustrative",
    ),
    EMBED: Price(input_usd_per_mtok=0.02, output_usd_per_mtok=0.0, source="illustrative"),
    RERANK: Price(input_usd_per_mtok=0.0, output_usd_per_mtok=0.0, request_usd=0.001, source="illustrative"),
}

CACHE_STEP_TOKENS = 64
CACHE_FLOOR_TOKENS = 256
"""A shorter prefix is never reported as cached."""
STREAM_PIECES = 24
"""Most pieces that one answer is streamed in."""
SLOW_S = 20.0
"""Over how long a `slow` fault spreads an answer, before time_scale."""

SLIP_FLOOR = 0.015
SLIP_RANGE = 0.125
SLIP_DECAY_EXAMPLES = 3.0
"""The share of slips is floor + range × exp(−examples/decay): 14 % with none, 4 % with 5, 2 % with 10."""
SLIP_WARNED = 2 / 3
"""What is left of the share where the prompt asks for nothing but the JSON."""
SLIP_JSON_OBJECT = 0.3
"""What is left of it under response_format json_object, where only a key or a label can be missed."""

OBEYS = 0.7
"""How often reference-base follows a command that stands in the text it was given to read."""
OBEYS_WARNED = 0.06
"""The same where the prompt says that such text is data."""

SHOT_WEIGHT = 1.5
"""Of the labelled examples in the prompt, beside the described labels, when a label is chosen."""
IDEA_WEIGHT = 1.0
"""Of the ideas that a text and a description share, beside their words."""
SHOT_FLOOR = 0.28
"""How alike an example and a text must be before the example has a say."""
FALLBACK_BELOW = 0.18
"""A best label that scores less gives way to one described as other or unclear, where there is one."""
ANSWERS_FROM = 0.5
"""The least score at which a sentence counts as an answer to the question."""
