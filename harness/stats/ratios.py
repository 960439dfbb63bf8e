"""How many times as long one variant takes as another, on the same examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.means import example_means
from harness.stats.paired import amount_effect
from harness.types.summary import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.stats.means import Codes, Floats

BOOTSTRAP = "paired bootstrap of the log ratio"
GEOMETRIC = "geometric mean, paired t on logs"

FEWEST_PAIRS = 50
"""Examples under which a bootstrapped ratio of quantiles covers too little."""
ROUNDS = 2000
_FEWEST_ROUNDS = 200
_MOST_DRAWN = 8_000_000
"""Samples drawn over all rounds: of a very large run fewer rounds are made, whose interval is narrow anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times the second side's time the first one takes: 1 is as long, 2 twice as long."""

    value: float | None
    ci: Interval
    p: float | None
    """Two-sided, of a ratio of 1; None where it was not tested."""
    p_below: float | None
    """One-sided: small where the first side is shown to be faster."""
    method: str
    n: int
    """Examples that both sides have times of."""


def geometric_ratio(a: "Floats", b: "Floats", *, confidence: float = 0.95) -> Ratio:
    """Ratio of the geometric means of two paired times, `a` / `b` (examples,), all above 0: a paired t on their logs.

    The most powerful of the comparisons of time, where the whole distribution moves. No pair: all None.
    """
    import numpy as np

    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    effect = amount_effect(np.log(first), np.log(second), confidence=confidence)
    low, high = effect.ci
    return Ratio(
        value=None if effect.value is None else float(np.exp(effect.value)),
        ci=(None if low is None else float(np.exp(low)), None if high is None else float(np.exp(high))),
        p=effect.p,
        p_below=effect.p_below,
        method=GEOMETRIC,
        n=effect.n,
    )


def quantile_ratio(
    a: Sequence["Floats"], b: Sequence["Floats"], q: float, *, seed: int = 0, confidence: float = 0.95
) -> Ratio:
    """Ratio of the q-quantiles of two paired sets of times, `a` / `b`: percentile bootstrap over examples, both sides at once.

    `a` and `b` hold one sequence of repeats (1 or more, above 0) for each example, in the same order; the quantile is numpy's,
    linear. ROUNDS rounds, seeded. Under FEWEST_PAIRS examples no interval is given: it would cover too little.
    """
    import numpy as np

    n = len(a)
    if n == 0:
        return Ratio(value=None, ci=(None, None), p=None, p_below=None, method=BOOTSTRAP, n=0)
    value = float(np.quantile(np.concatenate(a), q) / np.quantile(np.concatenate(b), q))
    ci: Interval = (None, None)
    if n >= FEWEST_PAIRS:
        random = np.random.default_rng(seed)
        widest = max(*map(len, a), *map(len, b))
        rounds = min(ROUNDS, max(_FEWEST_ROUNDS, _MOST_DRAWN // (n * widest)))
        first, second = _matrix(a), _matrix(b)
        logs = np.empty(rounds)
        for at in range(rounds):
            drawn = random.integers(0, n, n)
            logs[at] = np.log(_quantile(first[drawn], q) / _quantile(second[drawn], q))
        low, high = np.exp(np.quantile(logs, ((1 - confidence) / 2, (1 + confidence) / 2)))
        ci = (float(low), float(high))
    return Ratio(value=value, ci=ci, p=None, p_below=None, method=BOOTSTRAP, n=n)


def example_times(values: "Floats", examples: "Codes") -> "NDArray[np.float64]":
    """Geometric mean of each example's times, all above 0, in the order of the codes; shapes as stats.means.example_means."""
    import numpy as np

    return np.asarray(np.exp(example_means(np.log(np.asarray(values, dtype=float)), examples)))


def _matrix(samples: Sequence["Floats"]) -> "NDArray[np.float64]":
    """One row an example; NaN where it has fewer repeats than another."""
    import numpy as np

    held = np.full((len(samples), max(map(len, samples))), np.nan)
    for row, values in enumerate(samples):
        held[row, : len(values)] = values
    return held


def _quantile(drawn: "NDArray[np.float64]", q: float) -> float:
    import numpy as np

    values = drawn.ravel()
    return float(np.quantile(values[~np.isnan(values)], q))
