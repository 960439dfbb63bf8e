"""Metrics: the scorers that they name, and the options of those."""

import dataclasses
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from harness.errors import UserError
from harness.files.config.faults import found
from harness.files.config.models import bare
from harness.files.config.options import checked
from harness.files.config.shape import Metric as Row
from harness.files.config.site import At, Site
from harness.registry import SCORERS, load, nearest
from harness.types.experiment import EDGE_REGRESSION, Metric

ALWAYS = (
    "schema_failure_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "first_token_p95_ms",
    "cost_usd_per_1k",
    "coverage",
    EDGE_REGRESSION,
)
"""Metrics that are always there, and can be gated without being declared."""


def metrics(rows: Sequence[Row], site: Site) -> tuple[Metric, ...]:
    """Every row under `metrics:`, its options checked against its scorer."""
    found_so_far: dict[str, int] = {}
    primary: int | None = None
    built = []
    for n, row in enumerate(rows):
        at: At = ("metrics", n)
        name = row.name or row.scorer.rpartition(":")[2]
        site.written[(*at, "name")] = name
        if name in ALWAYS:
            site.fault((*at, "name"), f"'{name}' is always there", "give this metric another name")
        if name in found_so_far:
            first = site.where("metrics", found_so_far[name])
            site.fault(
                (*at, "name"), f"a second metric '{name}'", f"the first is at {first}; give each its own name"
            )
        found_so_far.setdefault(name, n)
        if row.primary and primary is not None:
            site.fault(
                (*at, "primary"),
                "a second primary metric",
                f"the first is at {site.where('metrics', primary)}",
            )
        primary = n if row.primary and primary is None else primary
        options = _options(row, at, site)
        where = site.where(*at)
        built.append(
            Metric(
                name=name,
                scorer=row.scorer,
                primary=row.primary,
                lenient=row.lenient,
                options=options,
                where=where,
            )
        )
    return tuple(built)


def _options(row: Row, at: At, site: Site) -> Mapping[str, Any]:
    options: Mapping[str, Any] = bare(row.model_extra or {})
    if row.scorer.startswith("python:"):
        if row.scorer.count(":") != 2:
            site.fault((*at, "scorer"), f"expected python:module:function, found '{row.scorer}'")
        return _of_a_function(options, at, site)
    if row.scorer not in SCORERS and ":" not in row.scorer:
        site.unknown((*at, "scorer"), "scorer", row.scorer, list(SCORERS))
        return options
    try:
        scorer = load(SCORERS, row.scorer, what="scorer", where=site.where(*at, "scorer"))
    except UserError as error:
        site.faults.add(error.faults)
        return options
    except Exception as error:
        if row.scorer in SCORERS:
            raise
        site.fault((*at, "scorer"), f"{row.scorer} cannot be imported ({type(error).__name__}: {error})")
        return options
    if not dataclasses.is_dataclass(scorer):
        return options
    return checked(scorer, options, list(Row.model_fields), at, site)


def _of_a_function(options: Mapping[str, Any], at: At, site: Site) -> Mapping[str, Any]:
    """What a function of the user's own is given: any key, but one that looks like a slip for one of ours."""
    given = options.get("options", {})
    if not isinstance(given, dict):
        site.fault((*at, "options"), f"expected a mapping, found {found(site.node(*at, 'options'))}")
        given = {}
    beside = {key: value for key, value in options.items() if key != "options"}
    for key in beside:
        near = nearest(key, [*Row.model_fields, "options"])
        if near and SequenceMatcher(None, key, near).ratio() >= 0.8:
            hint = f"did you mean '{near}'? What the function itself takes may stand under options:"
            site.fault_key((*at, key), "unknown key", hint)
    return {**beside, **given}
