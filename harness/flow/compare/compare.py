"""The step itself: pair the sides, tell the differences, adjust what decides, and warn of the edge trap."""

from harness.types.comparison import Compared, Sides, Terms


def compare(left: Sides, right: Sides, terms: Terms) -> Compared:  # noqa: ARG001 - first slice
    """Compare each variant on the left with `terms.against` on the right, or with its namesake there."""
    return Compared()
