"""Gates: the promises that a run is judged by, and whether each is one that can be judged."""

from collections.abc import Iterator, Sequence

from harness.errors import UserError
from harness.files.config.metrics import ALWAYS
from harness.files.config.shape import Gate as Row
from harness.files.config.site import At, Site
from harness.registry import SCORERS, load
from harness.types.experiment import EDGE_REGRESSION, Experiment, Gate

EDGE_MARGIN = 0.05
"""How much an edge may lose where the gate does not say."""

_CRITERIA = ("at_least", "at_most", "versus", "certify_below")
_CERTIFIED = "schema_failure_rate"
_STAGED = ("latency_p50_ms", "latency_p95_ms")
_FUNCTION = "python:"

Said = tuple[At, str, str]
"""Where, below the gate; what; what next."""


def gates(rows: Sequence[Row], site: Site) -> tuple[Gate, ...]:
    """Every row under `gates:`; an edge gate stands on edge, versus the control, unless it says otherwise."""
    built = []
    for n, row in enumerate(rows):
        edge = row.metric == EDGE_REGRESSION
        built.append(
            Gate(
                metric=row.metric,
                partition=row.partition or ("edge" if edge else "golden"),
                variant=row.variant,
                stage=row.stage,
                at_least=row.at_least,
                at_most=row.at_most,
                versus=row.versus or ("control" if edge else None),
                margin=EDGE_MARGIN if edge and row.margin is None else row.margin,
                certify_below=row.certify_below,
                judge=row.judge,
                inconclusive=row.inconclusive,
                advisory=row.advisory,
                where=site.where("gates", n),
            )
        )
    return tuple(built)


def check_gates(rows: Sequence[Row], known: list[str], experiment: Experiment, site: Site) -> None:
    """Note every gate that names what is not there, or asks for what cannot be judged. `known`: all variants."""
    metrics = [*(metric.name for metric in experiment.metrics), *ALWAYS]
    stages = [stage.kind for variant in experiment.variants for stage in variant.stages]
    own = any(":" in kind for kind in stages)
    for n, row in enumerate(rows):
        at: At = ("gates", n)
        if row.metric not in metrics:
            site.unknown((*at, "metric"), "metric", row.metric, metrics)
        if row.variant is not None and row.variant not in known:
            site.unknown((*at, "variant"), "variant", row.variant, known)
        words = ["control", "baseline", *known]
        if row.versus is not None and row.versus not in words:
            site.unknown((*at, "versus"), "variant", row.versus, words)
        if row.stage is not None and row.stage not in stages and not own:
            site.unknown((*at, "stage"), "stage", row.stage, list(dict.fromkeys(stages)))
        for below, what, hint in (*_criteria(row), *_misplaced(row), *_against(row, experiment)):
            site.fault_key((*at, *below), what, hint)


def _criteria(row: Row) -> Iterator[Said]:
    given = [key for key in _CRITERIA if getattr(row, key) is not None]
    if row.metric == EDGE_REGRESSION:
        for key in given:
            if key != "versus":
                hint = "it takes versus: and margin: only, and needs neither"
                yield (key,), f"{EDGE_REGRESSION} is held against another variant, not against a value", hint
    elif len(given) != 1:
        said = f"has {' and '.join(given)}" if given else "has none"
        yield (), f"a gate has exactly one of {', '.join(_CRITERIA)}; this one {said}", ""


def _misplaced(row: Row) -> Iterator[Said]:
    """Keys that say nothing where they stand."""
    edge = row.metric == EDGE_REGRESSION
    if row.margin is not None and row.versus is None and not edge:
        yield ("margin",), "a margin needs versus:", "add versus: control"
    if row.certify_below is not None and row.metric != _CERTIFIED:
        yield (
            ("certify_below",),
            f"only {_CERTIFIED} is certified, by a count of failures",
            "use at_least or at_most",
        )
    if row.certify_below is not None and row.judge == "point":
        yield ("judge",), "a certificate is a bound, never a point", "leave judge: out"
    if row.stage is not None and row.metric not in _STAGED:
        yield ("stage",), f"a stage has no {row.metric}", f"those of a stage: {', '.join(_STAGED)}"
    if edge and row.partition not in (None, "edge"):
        yield ("partition",), f"{EDGE_REGRESSION} is about edge, beside golden", "leave partition: out"


def _against(row: Row, experiment: Experiment) -> Iterator[Said]:
    """A comparison with itself, and one of which nobody knows which way is better."""
    if row.versus is None and row.metric != EDGE_REGRESSION:
        return
    other = experiment.control if row.versus in (None, "control") else row.versus
    judged = experiment.candidates if row.variant is None else (row.variant,)
    if judged and set(judged) == {other}:
        hint = "name another variant, or another versus"
        yield ("variant" if row.variant else "versus",), f"'{other}' is held against itself", hint
    for metric in experiment.metrics:
        if metric.name == row.metric and _undirected(metric.scorer, metric.where):
            hint = "say better: 'lower' or 'higher' in the scorer's class, or use at_least or at_most"
            yield ("metric",), f"nobody has said which way of '{row.metric}' is better", hint


def _undirected(scorer: str, where: str) -> bool:
    """True of a quantity of its own unit whose scorer does not say it; one that cannot be loaded is faulted elsewhere."""
    if scorer.startswith(_FUNCTION):
        return False
    try:
        found = load(SCORERS, scorer, what="scorer", where=where)
    except UserError:
        return False
    return getattr(found, "judges", "") == "facts" and getattr(found, "better", None) is None
