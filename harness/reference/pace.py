"""When an answer is due: the declared latency of each model, with jitter drawn from the request alone."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from harness.reference.ask import Usage
from harness.reference.declared import PACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Milliseconds from the arrival of the request."""

    first_ms: float
    """The first token: start and input."""
    whole_ms: float


def due(model: str, usage: Usage, *, draw: float, time_scale: float) -> Due:
    """Compute when the answer is due; `draw` in [0, 1) is the quantile of the jitter."""
    pace = PACES[model]
    jitter = math.exp(pace.sigma * NormalDist().inv_cdf(min(max(draw, 1e-9), 1 - 1e-9)))
    scale = jitter * time_scale
    fresh = usage.prompt_tokens - usage.cached_tokens
    first = pace.start_ms + pace.input_ms_per_token * fresh
    return Due(
        first_ms=first * scale,
        whole_ms=(first + pace.output_ms_per_token * usage.output_tokens) * scale,
    )
