"""Rankings of documents: what a trial looked up, and what that is worth by the measures of trec_eval."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.types.evalset import Example
from harness.types.record import Record, Retrieved

if TYPE_CHECKING:
    import pandas as pd

CUTOFFS = (1, 5, 10)

MEASURES: Mapping[str, str] = {
    **{f"recall@{k}": f"recall_{k}" for k in CUTOFFS},
    "recall": "set_recall",
    **{f"precision@{k}": f"P_{k}" for k in CUTOFFS},
    **{f"hit@{k}": f"success_{k}" for k in CUTOFFS},
    **{f"nDCG@{k}": f"ndcg_cut_{k}" for k in CUTOFFS},
    "MRR": "recip_rank",
    "MAP": "map",
}
"""Our name → trec_eval's. `recall` alone is that of all documents of a ranking, however many."""

RETRIEVED, USED, BOTH = 0, 1, 2
"""Which ranking of a trial a row is of; `BOTH` where nothing stands between the search and the prompt."""

_AT_ONCE = 4096
"""Rankings that are measured together: one by one costs ten times as much."""

_SEARCH = "retrieve"
"""The stage that searches, of a pipeline of the harness's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What one trial looked up: documents, best first, each where the best of its chunks stands."""

    retrieved: tuple[str, ...] | None
    """As the search ordered them; empty where it found nothing. None: it never ended, or did not name its documents."""
    used: tuple[str, ...] | None
    """As they stood in the prompt; None where there was none, or `retrieved` is None."""
    between: bool = False
    """True where a stage stood between the two, and put them in another order or cut some."""
    silent: bool = False
    """True for an answer without a word on any search. It found nothing, if its variant searches at all."""


def lookup(record: Record) -> Lookup:
    """Read a record's passages as two rankings of documents."""
    found = sorted(record.retrieved, key=_found_rank)
    kept = [passage for passage in record.retrieved if passage.used]
    if not all(passage.doc for passage in found) or not (found or _searched(record)):
        return Lookup(retrieved=None, used=None, silent=not found and _may_be_silent(record))
    prompted = record.outcome.came or bool(record.request.get("messages"))
    return Lookup(
        retrieved=_documents(found),
        used=_documents(kept) if prompted else None,
        between=kept != found or any(passage.found_rank is not None for passage in found),
    )


def _found_rank(passage: Retrieved) -> int:
    return passage.rank if passage.found_rank is None else passage.found_rank


def _documents(passages: Iterable[Retrieved]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(passage.doc for passage in passages))


def _searched(record: Record) -> bool:
    """True where a search ended; the last stage of a trial that timed out did not."""
    stages = [stage for stage in record.stages if stage.within is None]
    if record.outcome.kind == "timed_out":
        stages = stages[:-1]
    return any(stage.name == _SEARCH and (stage.ms is not None or stage.cached) for stage in stages)


def _may_be_silent(record: Record) -> bool:
    return record.outcome.came and not any(stage.name == _SEARCH for stage in record.stages)


def ranking_values(
    rankings: Sequence[Sequence[str]], relevance: Sequence[Mapping[str, int]]
) -> list[tuple[float, ...]]:
    """Measure each ranking against the judgements (document → grade) of its example.

    `rankings` (n,) of distinct documents, best first; `relevance` (n,). Returns (n, len(MEASURES)), each in [0, 1], in
    the order of MEASURES: what trec_eval computes, by its own code. A grade of 1 and more is relevant; nDCG's gain is
    the grade, its discount log2(rank + 1) (Järvelin and Kekäläinen 2002), and its ideal the best order of all judged
    documents. An empty ranking is 0 throughout.
    """
    from pytrec_eval import RelevanceEvaluator

    patterns = [_pattern(ranking, grades) for ranking, grades in zip(rankings, relevance, strict=True)]
    # By places, not by ids: scores strictly decrease, so that no tie is left for trec_eval to break by id.
    names = {pattern: str(number) for number, pattern in enumerate(dict.fromkeys(patterns))}
    judged = {name: _judged(*pattern) for pattern, name in names.items()}
    run = {
        name: {str(place): float(-place) for place in range(len(gains))} for (gains, _), name in names.items()
    }
    measured = RelevanceEvaluator(judged, set(MEASURES.values())).evaluate(run)
    nothing = dict.fromkeys(MEASURES.values(), 0.0)
    values = {
        name: tuple(measured.get(name, nothing)[measure] for measure in MEASURES.values()) for name in run
    }
    return [values[names[pattern]] for pattern in patterns]


_Pattern = tuple[tuple[int, ...], tuple[int, ...]]
"""All that a ranking's measures depend on: the grade at each place, and the grades of what it misses."""


def _pattern(ranking: Sequence[str], grades: Mapping[str, int]) -> _Pattern:
    gains = tuple(max(0, grades.get(document, 0)) for document in ranking)
    missed = (grade for document, grade in grades.items() if grade > 0 and document not in ranking)
    return gains, tuple(sorted(missed))


def _judged(gains: tuple[int, ...], missed: tuple[int, ...]) -> dict[str, int]:
    found = {str(place): grade for place, grade in enumerate(gains) if grade}
    return found | {f"missed {number}": grade for number, grade in enumerate(missed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingColumns:
    """The rankings of a run; trials are numbered as in Columns."""

    sought: "pd.Series"
    """Trial, of each example that names relevant documents → whether it was silent (Lookup)."""
    rankings: "pd.DataFrame"
    """One row a ranking of a trial: ranking (RETRIEVED, USED or BOTH); each of MEASURES."""


class Rankings:
    """Measures what trials looked up while their records stream by; some 130 bytes a ranking are kept."""

    def __init__(self, examples: Mapping[str, Example]) -> None:
        """Take the examples, by id; those that name no relevant document have nothing to measure."""
        self._relevance = {name: one.relevance for name, one in examples.items() if one.relevant}
        self._sought, self._silent = array("q"), array("b")
        self._trials, self._rankings, self._values = array("q"), array("b"), array("d")
        self._waiting: list[tuple[tuple[str, ...], Mapping[str, int]]] = []

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Hand on the records as they are; warm-ups are not numbered."""
        trial = 0
        for record in records:
            if not record.warmup:
                self._note(trial, record)
                trial += 1
            yield record

    def columns(self) -> RankingColumns:
        """What was measured so far."""
        import numpy as np
        import pandas as pd

        self._measure()
        values = np.asarray(self._values).reshape(-1, len(MEASURES))
        frame = pd.DataFrame(values, columns=list(MEASURES), index=np.asarray(self._trials))
        frame.insert(0, "ranking", np.asarray(self._rankings))
        silent = pd.Series(np.asarray(self._silent).astype(bool), index=np.asarray(self._sought))
        return RankingColumns(sought=silent, rankings=frame)

    def _note(self, trial: int, record: Record) -> None:
        relevance = self._relevance.get(record.example_id)
        if relevance is None:
            return
        found = lookup(record)
        self._sought.append(trial)
        self._silent.append(found.silent)
        for kind, ranking in _rows(found):
            self._trials.append(trial)
            self._rankings.append(kind)
            self._waiting.append((ranking, relevance))
        if len(self._waiting) >= _AT_ONCE:
            self._measure()

    def _measure(self) -> None:
        if not self._waiting:
            return
        rankings, relevance = zip(*self._waiting, strict=True)
        for values in ranking_values(rankings, relevance):
            self._values.extend(values)
        self._waiting.clear()


def _rows(found: Lookup) -> Iterator[tuple[int, tuple[str, ...]]]:
    if found.retrieved is None:
        return
    if found.used is not None and not found.between:
        yield BOTH, found.retrieved
        return
    yield RETRIEVED, found.retrieved
    if found.used is not None:
        yield USED, found.used
