"""Examples whose expected answer a person should look at: most variants agree with each other against it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.stats.columns import Columns
from harness.types.evalset import Example
from harness.types.run import Manifest
from harness.types.summary import Suspect

if TYPE_CHECKING:
    import pandas as pd

FEWEST_VARIANTS = 3
RIGHT = 0.5
"""Primary score from which an answer is not taken for wrong."""


def suspects(manifest: Manifest, data: Columns, examples: Mapping[str, Example]) -> tuple[Suspect, ...]:
    """List the examples on which more than half of three or more variants give one answer that is scored as wrong.

    Answers are the same where they differ in case, spacing or the order of keys only. A variant that is asked several times
    gives the answer that it gives more than half of the time, else none in particular. Left out are aids, which are
    asked something else, and rows that accept a refusal: what all fall for there is what the row was written for.
    """
    primary = manifest.primary
    if primary is None or primary.judges == "facts":
        return ()
    own = _own_answers(manifest, data, primary.name)
    same = ["partition", "example", "gist"]
    agreed = own.groupby(same).agg(n=("variant", "size"), value=("value", "mean"), of=("of", "first"))
    wrong = agreed[
        (agreed["of"] >= FEWEST_VARIANTS) & (2 * agreed["n"] > agreed["of"]) & (agreed["value"] < RIGHT)
    ]
    found = own.merge(wrong.reset_index()[same], on=same)
    listed = (
        Suspect(
            partition=str(answers["partition"].iloc[0]),
            example_id=data.ids[answers["example"].iloc[0]],
            variants=tuple(name for name in manifest.plan if name in set(answers["variant"])),
            of=int(answers["of"].iloc[0]),
        )
        for _, answers in found.groupby(["partition", "example"])
    )
    return tuple(one for one in listed if not _accepts(examples, one.example_id))


def _own_answers(manifest: Manifest, data: Columns, metric: str) -> "pd.DataFrame":
    """One row a variant and example that it answers as a rule: partition, example, variant, gist, value (its mean score), of."""
    rows = data.trials[["variant", "partition", "example", "gist"]].astype({"variant": str, "partition": str})
    came = (data.trials["kind"] == "answered") & (rows["gist"] >= 0)
    scores = data.scores[data.scores["metric"] == metric]["value"]
    rows = rows[came & ~rows["variant"].isin([*manifest.aid])].assign(value=scores)
    asked = ["partition", "example", "variant"]
    given = rows.groupby([*asked, "gist"])["value"].agg(times="size", value="mean").reset_index()
    trials = given.groupby(asked)["times"].transform("sum")
    of = given.groupby(asked[:2])["variant"].transform("nunique")
    return given.assign(of=of)[2 * given["times"] > trials]


def _accepts(examples: Mapping[str, Example], id_: str) -> bool:
    return id_ in examples and examples[id_].accept_refusal
