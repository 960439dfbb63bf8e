"""Looks at a run before its end, at bounds that keep the chance of a false claim where it was promised."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOOKS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of the examples after which a run is looked at."""

_POINTS = 1201
_WIDEST = 8.0


def bounds(fractions: Sequence[float] = LOOKS, alpha: float = 0.05) -> tuple[float, ...]:
    """Normal bounds, one a look, one-sided: Lan and DeMets (1983), spending as O'Brien and Fleming do.

    `fractions` rise to at most 1; by look t is spent α(t) = 2 (1 - Φ(z(1 - α/2) / √t)) of `alpha`. The score of independent
    increments is carried from look to look as a density on a grid (Armitage, McPherson and Rowe 1969); each bound is
    found by bisection. Five even looks at 0.05: 4.229, 2.888, 2.298, 1.962, 1.740; four: 3.750, 2.540, 2.016, 1.720.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    edge = float(ndtri(1 - alpha / 2))
    found: list[float] = []
    spent, before = 0.0, 0.0
    grid: NDArray[np.float64] = np.zeros(1)
    mass: NDArray[np.float64] = np.ones(1)
    for fraction in fractions:
        now = 2 * float(ndtr(-edge / np.sqrt(fraction)))
        step = float(np.sqrt(fraction - before))
        bound = _bound(grid, mass, step, now - spent) / float(np.sqrt(fraction))
        found.append(bound)
        grid, mass = _carried(grid, mass, step, bound * float(np.sqrt(fraction)))
        spent, before = now, fraction
    return tuple(found)


def level(bound: float) -> float:
    """The one-sided confidence at which an interval reaches out to a normal bound: Φ(bound)."""
    from scipy.special import ndtr

    return float(ndtr(bound))


def _bound(grid: "NDArray[np.float64]", mass: "NDArray[np.float64]", step: float, spend: float) -> float:
    """The score that is passed with chance `spend`, by those who have not passed a bound before."""
    import numpy as np
    from scipy.special import ndtr

    low, high = -_WIDEST, _WIDEST
    for _ in range(60):
        middle = (low + high) / 2
        passed = float(np.sum(mass * ndtr((grid - middle) / step)))
        low, high = (middle, high) if passed > spend else (low, middle)
    return (low + high) / 2


def _carried(
    grid: "NDArray[np.float64]", mass: "NDArray[np.float64]", step: float, bound: float
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """The score after one more step, of those that stay below the bound: points and their weights."""
    import numpy as np

    points = np.linspace(-_WIDEST, bound, _POINTS)
    density = np.exp(-0.5 * ((points[:, None] - grid[None, :]) / step) ** 2) / (step * np.sqrt(2 * np.pi))
    weights = np.full(_POINTS, points[1] - points[0])
    weights[[0, -1]] /= 2
    return points, (density @ mass) * weights
