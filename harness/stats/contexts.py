"""What stands in the input of the call that answers, in tokens."""

from typing import TYPE_CHECKING

from harness.stats.columns import ASKED, INPUT_PARTS
from harness.types.figures import ContextSize

if TYPE_CHECKING:
    import pandas as pd


def context_size(trials: "pd.DataFrame") -> ContextSize:
    """Input tokens of one variant on one partition, cached and written ones among them; frame as in Columns.

    Over the trials that brought an answer and told its tokens, those from the cache too: what is sent does not depend
    on who answers. Each trial's tokens are shared out by the characters of its parts, since nobody tells them apart;
    then averaged over the trials of which both are known, so that the parts add up to the mean.
    """
    asked = trials[[*ASKED]].dropna().sum(axis=1)
    if asked.empty:
        return ContextSize(
            input_tokens_p50=None,
            input_tokens_p95=None,
            input_tokens_max=None,
            parts=dict.fromkeys(INPUT_PARTS),
        )
    characters = trials.loc[asked.index, [*INPUT_PARTS]].dropna()
    shares = characters.div(characters.sum(axis=1).where(lambda whole: whole > 0), axis=0).dropna()
    tokens = shares.mul(asked, axis=0).dropna()
    return ContextSize(
        input_tokens_p50=float(asked.quantile(0.5)),
        input_tokens_p95=float(asked.quantile(0.95)),
        input_tokens_max=int(asked.max()),
        parts={part: None if tokens.empty else float(tokens[part].mean()) for part in INPUT_PARTS},
    )
