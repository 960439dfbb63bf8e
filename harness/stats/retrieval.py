"""How good what was found is: the means of one variant on one partition, and what its reranker added."""

from typing import TYPE_CHECKING

from harness.stats.estimates import amount, share
from harness.stats.rankings import BOTH, MEASURES, RETRIEVED, USED, RankingColumns
from harness.types.figures import Estimate, RetrievalQuality

if TYPE_CHECKING:
    import pandas as pd


def retrieval(trials: "pd.DataFrame", data: RankingColumns) -> RetrievalQuality | None:
    """Estimate every measure over the examples; `trials` as in Columns, of one cell.

    A trial whose search never ended is unscored; one whose search found nothing is 0. Where some answers of an
    application name documents, those that name none found nothing. None where nothing was looked up.
    """
    sought = data.sought[data.sought.index.isin(trials.index)]
    rankings = data.rankings[data.rankings.index.isin(trials.index)]
    if rankings.empty:
        return None
    silent = sought.index[sought]
    retrieved = _values(trials, rankings[rankings["ranking"].isin((RETRIEVED, BOTH))], silent)
    used = _values(trials, rankings[rankings["ranking"].isin((USED, BOTH))], silent)
    return RetrievalQuality(
        retrieved=_shares(trials, retrieved, len(sought)),
        used=_shares(trials, used, len(sought)),
        added=_added(trials, retrieved, used, len(sought)) if (rankings["ranking"] == USED).any() else {},
    )


def _values(trials: "pd.DataFrame", rows: "pd.DataFrame", silent: "pd.Index") -> "pd.DataFrame":
    """The measures by trial, in the order of the trials."""
    import pandas as pd

    measures = list(MEASURES)
    values = pd.concat([rows[measures], pd.DataFrame(0.0, index=silent, columns=measures)])
    return values.loc[trials.index[trials.index.isin(values.index)]]


def _shares(trials: "pd.DataFrame", values: "pd.DataFrame", sought: int) -> dict[str, Estimate]:
    examples = trials.loc[values.index, "example"].to_numpy()
    unscored = sought - len(values)
    return {name: share(values[name].to_numpy(), examples, unscored=unscored) for name in MEASURES}


def _added(
    trials: "pd.DataFrame", retrieved: "pd.DataFrame", used: "pd.DataFrame", sought: int
) -> dict[str, Estimate]:
    """Paired by trial: the search's own luck with each example cancels."""
    both = used.index[used.index.isin(retrieved.index)]
    differences = used.loc[both] - retrieved.loc[both]
    examples = trials.loc[both, "example"].to_numpy()
    unscored = sought - len(both)
    return {name: amount(differences[name].to_numpy(), examples, unscored=unscored) for name in MEASURES}
