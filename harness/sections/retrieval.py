"""Retrieval: how good what was found is, what of it went into the prompt, and what a reranker made of it."""

from collections.abc import Iterator, Mapping

from harness.stats.rankings import CUTOFFS
from harness.text.figures import UNKNOWN, bound_places, bracketed, count, share
from harness.types.figures import Estimate, RetrievalQuality
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary

_EXPLAINED = (
    "Of documents, each where the best of its passages stands, over the examples that name what is relevant; in per cent, "
    "with 95 % intervals. A search that finds nothing is 0. The other measures stand in summary.json, and the rankings "
    "themselves in trec/, for trec_eval."
)
_RERANKED = (
    " Retrieved: as the search ordered it. Used: what went into the prompt. The difference, paired by trial and in points, "
    "is what the stages between the two made of it."
)

_Row = tuple[str, str, Mapping[str, Estimate]]


def retrieval(summary: Summary) -> tuple[Block, ...]:
    """Show one table a partition; nothing where no variant looked anything up that could be judged."""
    tables, reranked = [], False
    for partition, parts in summary.by_partition().items():
        found = {variant: part.retrieval for variant, part in parts.items() if part.retrieval}
        if found:
            tables.append(_table(partition, found))
            reranked = reranked or any(one.added for one in found.values())
    if not tables:
        return ()
    return (Heading(text="Retrieval"), Text(text=_EXPLAINED + (_RERANKED if reranked else "")), *tables)


def _table(partition: str, found: Mapping[str, RetrievalQuality]) -> Table:
    rows = [row for variant, one in found.items() for row in _rows(variant, one)]
    measures = _shown(found)
    columns = {measure: _cells(measure, rows) for measure in measures}
    whose = [(variant, ranking) for variant, ranking, _ in rows]
    counted = [(count(held["MRR"].n), count(held["MRR"].unscored)) for *_, held in rows]
    cells = zip(whose, zip(*columns.values(), strict=True), counted, strict=True)
    titles = ("Variant", "Ranking", *(f"{measure} %" for measure in measures), "Examples", "Unscored trials")
    return Table(
        columns=titles,
        rows=tuple((*names, *figures, *told) for names, figures, told in cells),
        title=partition,
        numeric=tuple(range(2, len(titles))),
    )


def _rows(variant: str, one: RetrievalQuality) -> Iterator[_Row]:
    yield variant, "retrieved", one.retrieved
    if one.added:
        yield variant, "used", one.used
        yield variant, "difference", one.added


def _shown(found: Mapping[str, RetrievalQuality]) -> list[str]:
    """Few of the measures: those at the deepest cutoff that says more than the one before it."""
    depths = [k for k in CUTOFFS[1:] if any(_tells_more(one.retrieved, k) for one in found.values())]
    deepest = depths[-1] if depths else CUTOFFS[0]
    recalls = [f"recall@{k}" for k in depths or (deepest,)]
    return ["hit@1", *recalls, f"precision@{deepest}", f"nDCG@{deepest}", "MRR", "MAP"]


def _tells_more(measured: Mapping[str, Estimate], cutoff: int) -> bool:
    before = CUTOFFS[CUTOFFS.index(cutoff) - 1]
    return measured[f"recall@{cutoff}"].value != measured[f"recall@{before}"].value


def _cells(measure: str, rows: list[_Row]) -> list[str]:
    places = bound_places(held[measure].ci for *_, held in rows)
    return [
        _points(held[measure], places)
        if ranking == "difference"
        else share(held[measure].value, held[measure].ci, places)
        for _, ranking, held in rows
    ]


def _points(one: Estimate, places: int) -> str:
    """A signed difference, in points."""
    value = UNKNOWN if one.value is None else f"{100 * one.value:+.1f}"
    return bracketed(value, one.ci, lambda bound: f"{100 * bound:+.{places}f}")
