"""What a reader must know beside the figures: one notice for each thing that weakens them."""

from collections.abc import Callable, Iterator, Mapping

from harness.flow.summarise.cells import Cell
from harness.stats.latencies import CLIENTS_CLOCK
from harness.stats.power import detectable_difference
from harness.stats.quantiles import CLOSED_FROM
from harness.stats.reasons import reasons
from harness.text.figures import count, percent
from harness.types.figures import PartitionSummary
from harness.types.summary import Notice, Overhead, RunInfo, VariantSummary

_P95_SAMPLES = CLOSED_FROM["latency_p95_ms"]
_FEW_EXAMPLES = 50


def run_notices(
    run: RunInfo, recorded: int, variants: Mapping[str, VariantSummary], overhead: Overhead | None
) -> Iterator[Notice]:
    """What holds for the run as a whole."""
    if not run.complete:
        message = f"{count(recorded)} of {count(run.planned)} planned trials have a record"
        yield Notice(code="run_incomplete", message=message)
    parts = [(name, part) for one in variants.values() for name, part in one.partitions.items()]
    if not any(name == "edge" for name, _ in parts):
        yield Notice(code="no_edge_partition", message="no edge cases: nothing is known of unusual input")
    golden = max((part.examples for name, part in parts if name == "golden"), default=0)
    if run.complete and 0 < golden < _FEW_EXAMPLES:
        shown = detectable_difference(golden)
        least = (
            "even a large difference" if shown is None else f"a difference of under {100 * shown:.0f} points"
        )
        message = f"{golden} golden examples are too few to show {least}"
        yield Notice(code="few_examples", message=message, partition="golden")
    if overhead is not None:
        yield from _overhead_notices(overhead, variants)


def _overhead_notices(overhead: Overhead, variants: Mapping[str, VariantSummary]) -> Iterator[Notice]:
    """Say once what holds for the whole run, else where the times are too short for what the harness weighs."""
    invalid = "latencies cannot be trusted"
    if not overhead.valid:
        yield Notice(code="latency_invalid", message=f"{invalid}: {overhead.why}")
    else:
        for variant, one in variants.items():
            for name, part in one.partitions.items():
                if part.latency.n_live and not part.latency.valid:
                    message = f"{invalid}: {part.latency.why}"
                    yield Notice(code="latency_invalid", message=message, variant=variant, partition=name)
    reached, asked = overhead.in_flight_p95, overhead.concurrency
    if overhead.lowered and reached is not None and reached < 0.9 * asked:
        message = (
            f"{count(reached)} trials were in flight, not the {count(asked)} that were asked for: the harness lowered "
            "its own pace, since more would have made its clock come late"
        )
        yield Notice(code="pace_lowered", message=message)


def cell_notices(cell: Cell, part: PartitionSummary) -> Iterator[Notice]:
    """What holds for one variant on one partition."""
    for code, applies, message in _CHECKS:
        if part.trials and applies(cell, part):
            yield Notice(code=code, message=message(part), variant=cell.variant, partition=cell.partition)
    for dropped in cell.trials["dropped"].dropna().unique():
        told = f"asked without {dropped}, which the model does not take: its default stood instead"
        yield Notice(code="dropped_parameters", message=told, variant=cell.variant, partition=cell.partition)
    for metric, scores in cell.scores.groupby("metric", observed=True):
        if found := reasons(scores["fault"]):
            lost = f"{count(int(scores['fault'].notna().sum()))} of {count(len(scores))} trials"
            told = f"metric '{metric}' could not judge {lost}{_most_often(found)}"
            yield Notice(code="scorer_failed", message=told, variant=cell.variant, partition=cell.partition)


def _most_often(found: Mapping[str, int]) -> str:
    """The commonest reason, in words that go on a sentence; nothing where there is none."""
    return f"; {'most often ' if len(found) > 1 else ''}{next(iter(found))}" if found else ""


def _is_identical(cell: Cell, _: PartitionSummary) -> bool:
    came = cell.trials[cell.trials["answer"] >= 0]
    return came["example"].nunique() >= 5 and came["answer"].nunique() == 1


def _is_uncovered(_: Cell, part: PartitionSummary) -> bool:
    return part.scored > 0 and part.trials > part.scored


def _has_open_p95(_: Cell, part: PartitionSummary) -> bool:
    return part.latency.n_live > 0 and part.latency.p95_ci[1] is None


def _open_p95_message(part: PartitionSummary) -> str:
    if part.latency.timed_out and part.latency.n_live >= _P95_SAMPLES:
        return "P95 has no upper bound: time-outs reach it, and how long they would have taken is unknown"
    return f"P95 has no upper bound: a two-sided 95 % interval needs {_P95_SAMPLES} independent samples"


def _coverage_message(part: PartitionSummary) -> str:
    lost = [
        f"{count(part.outcomes[kind])} {kind}" for kind in ("failed", "timed_out") if kind in part.outcomes
    ]
    unjudged = part.unscored - sum(part.outcomes.get(kind, 0) for kind in ("failed", "timed_out"))
    lost += [f"{count(unjudged)} answered without a score"] if unjudged > 0 else []
    worst = part.quality.worst_case if part.quality else None
    bound = "" if worst is None else f"; {percent(worst)} % if the rest were wrong"
    return (
        f"{count(part.scored)} of {count(part.planned)} planned trials are scored ({', '.join(lost)}){bound}"
        f"{_most_often(part.errors)}"
    )


_Check = tuple[str, Callable[[Cell, PartitionSummary], bool], Callable[[PartitionSummary], str]]

_CHECKS: tuple[_Check, ...] = (
    (
        "nothing_scored",
        lambda _, part: part.scored == 0,
        lambda part: (
            f"no trial has a score ({', '.join(f'{count(n)} {kind}' for kind, n in part.outcomes.items())})"
            f"{_most_often(part.errors)}"
        ),
    ),
    ("incomplete_coverage", _is_uncovered, _coverage_message),
    ("identical_answers", _is_identical, lambda _: "every answer is the same text"),
    (
        "truncated",
        lambda _, part: part.outcomes.get("truncated", 0) > 0,
        lambda part: f"{count(part.outcomes['truncated'])} answers ran into the output limit (max_tokens)",
    ),
    (
        "unpriced",
        lambda _, part: part.cost.unpriced > 0,
        lambda part: f"{count(part.cost.unpriced)} of {count(part.trials)} trials have no known price",
    ),
    (
        "no_live_samples",
        lambda _, part: part.latency.n_live == 0,
        lambda part: f"no latency: {part.latency.why}",
    ),
    ("p95_upper_not_estimable", _has_open_p95, _open_p95_message),
    (
        "clients_clock",
        lambda _, part: part.latency.method.startswith(CLIENTS_CLOCK),
        lambda _: (
            "latency is on the client's clock: its own work on each call is in it, unlike in times of the wire"
        ),
    ),
)
