"""Means and their t intervals, with the example as the unit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.types.figures import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64] | Sequence[float]
    Codes = NDArray[np.int64] | Sequence[int]


def mean_t(values: "Floats", *, confidence: float = 0.95) -> tuple[float | None, Interval]:
    """Mean of independent values, any unit, with its two-sided Student t interval, 95 % unless given.

    mean ± t((1 + confidence)/2, n-1) · s/√n, s with n-1 (Student 1908). No value: all None. One value, or values that
    do not differ: no spread to go by for one, a point for the other.
    """
    import numpy as np
    from scipy.special import stdtrit

    data = np.asarray(values, dtype=float)
    n = data.size
    if n == 0:
        return None, (None, None)
    mean = float(data.mean())
    if n == 1:
        return mean, (None, None)
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * float(data.std(ddof=1)) / n**0.5
    return mean, (mean - half, mean + half)


def example_means(values: "Floats", examples: "Codes") -> "NDArray[np.float64]":
    """Average the repeats of each example.

    `values` (trials,) in any unit, none NaN; `examples` (trials,) integer codes. Returns (distinct examples,),
    in the order of the codes. An example counts once, however many of its repeats have a value.
    """
    import numpy as np

    _, index = np.unique(np.asarray(examples), return_inverse=True)
    sums = np.bincount(index, weights=np.asarray(values, dtype=float))
    return np.asarray(sums / np.bincount(index), dtype=np.float64)
