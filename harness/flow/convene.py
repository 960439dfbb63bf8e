"""Calls the judges of a run together: every metric's scorer and every variant's schema, built and ready."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from harness.errors import ConfigError, Fault, UserError
from harness.registry import SCORERS, load
from harness.types.experiment import Experiment, Metric, Variant
from harness.types.panel import SCHEMA_METRIC, Panel
from harness.types.plugins import Scorer

_PYTHON = "python:"
SCHEMA_SCORER = "schema"

Given = Mapping[str, Callable[[], Any]]
"""What the evalset gives a scorer that has an option of this name which its metric leaves out."""


def convene(
    experiment: Experiment,
    schema: Mapping[str, Any] | None,
    documents: Callable[[], frozenset[str]] = frozenset,
) -> Panel:
    """Build the panel. `schema` is the evalset's; a variant's own stands before it.

    `documents` finds the ids of all documents; it is asked once, and only where a scorer wants them.
    Raises ConfigError with every metric and schema that cannot judge.
    """
    faults: list[Fault] = []
    given: Given = {"schema": lambda: schema, "documents": cache(documents)}
    metrics = [(metric, _scorer(metric, given, faults)) for metric in experiment.metrics]
    schemas = _schemas(experiment.variants, schema, faults)
    if faults:
        raise ConfigError(faults)
    return Panel(metrics=tuple((metric, scorer) for metric, scorer in metrics if scorer), schemas=schemas)


def _scorer(metric: Metric, given: Given, faults: list[Fault]) -> Scorer | None:
    """One metric's scorer; None where a fault was added instead."""
    if metric.name == SCHEMA_METRIC:
        what = f"the name '{SCHEMA_METRIC}' is taken by the schema judgement that is always there"
        faults.append(Fault(where=metric.where, what=what, next="give the metric another name"))
        return None
    try:
        return _built(metric, given)
    except UserError as error:
        faults.extend(replace(fault, where=fault.where or metric.where) for fault in error.faults)
    except (ValueError, TypeError) as error:
        faults.append(Fault(where=metric.where, what=f"metric '{metric.name}': {error}"))
    return None


def _built(metric: Metric, given: Given) -> Scorer:
    scorer: Scorer
    if metric.scorer.startswith(_PYTHON):
        own = load(SCORERS, "harness.scorers.python:PythonScorer", what="scorer")
        scorer = own(function=metric.scorer.removeprefix(_PYTHON), options=metric.options)
        return scorer
    kind = load(SCORERS, metric.scorer, what="scorer", where=metric.where)
    options = dict(metric.options)
    for name in {field.name for field in fields(kind)}.intersection(given) if is_dataclass(kind) else ():
        if options.get(name) is None:
            options[name] = given[name]()
    if metric.scorer == SCHEMA_SCORER and options["schema"] is None:
        raise ValueError("the evalset has no output.schema.json, and the metric names no schema")
    scorer = kind(**options)
    return scorer


def _schemas(
    variants: tuple[Variant, ...], default: Mapping[str, Any] | None, faults: list[Fault]
) -> Mapping[str, Scorer | None]:
    schema_scorer = load(SCORERS, SCHEMA_SCORER, what="scorer")
    built: dict[int, Scorer | None] = {}
    by_variant: dict[str, Scorer | None] = {}
    for variant in variants:
        schema = variant.output.schema if variant.output.schema is not None else default
        if id(schema) not in built:  # one compiled schema for all variants that share it
            try:
                built[id(schema)] = None if schema is None else schema_scorer(schema=schema)
            except ValueError as error:
                built[id(schema)] = None
                faults.append(Fault(where=variant.where, what=f"the schema of '{variant.name}': {error}"))
        by_variant[variant.name] = built[id(schema)]
    return by_variant
