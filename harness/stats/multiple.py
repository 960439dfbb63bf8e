"""Several tests at once: p-values that account for each other."""

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false claim among them stays at its level (Holm 1979), in their order.

    The k-th smallest of m is multiplied by m - k + 1, and none falls below one before it; at most 1. None given: none.
    """
    adjusted, most = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
        most = max(most, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = most
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjust p-values so that the expected share of false claims stays at its level (Benjamini and Hochberg 1995).

    For screening slices, never for a gate: in their order; None given: none.
    """
    from scipy.stats import false_discovery_control

    return [float(value) for value in false_discovery_control(p)] if len(p) else []
