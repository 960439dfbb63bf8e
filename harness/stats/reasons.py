"""Why things went wrong, most often first."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MOST = 5


def reasons(texts: "pd.Series") -> dict[str, int]:
    """Count equal texts, missing ones left out: at most five, the most frequent first, ties by text."""
    counted = texts.dropna().astype(str).value_counts()
    ranked = sorted(
        ((str(text), int(times)) for text, times in counted.items()), key=lambda one: (-one[1], one[0])
    )
    return dict(ranked[:MOST])
