"""Metrics: the scorers that they name, and the options of those."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, get_type_hints

from harness.errors import UserError
from harness.files.config_faults import found
from harness.files.config_models import bare
from harness.files.config_shape import Metric as Row
from harness.files.config_site import At, Site
from harness.registry import SCORERS, load, nearest
from harness.types.experiment import Metric

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ALWAYS = (
    "schema_failure_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "first_token_p95_ms",
    "cost_usd_per_1k",
    "coverage",
)
"""Metrics that are always there, and can be gated without being declared."""

FROM_EVALSET = {"schema"}
"""Options that a scorer is given by the evalset where the config does not name them."""

_PLAIN = {
    "array": "a list",
    "boolean": "true or false",
    "dictionary": "a mapping",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
"""pydantic's words → ours."""


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
    return _checked(scorer, options, at, site) if dataclasses.is_dataclass(scorer) else options


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


def _checked(scorer: Any, options: Mapping[str, Any], at: At, site: Site) -> Mapping[str, Any]:
    """The options as the scorer's dataclass wants them; faults where it does not."""
    from pydantic import ConfigDict, Field, ValidationError, create_model

    hints = get_type_hints(scorer)
    names = [field.name for field in dataclasses.fields(scorer)]
    # Prefixed, so that an option may be called what pydantic calls a method of its own.
    fields: dict[str, Any] = {
        f"option_{field.name}": (hints[field.name], Field(default=_default(field), alias=field.name))
        for field in dataclasses.fields(scorer)
    }
    model = create_model("Options", __config__=ConfigDict(strict=True, extra="forbid"), **fields)
    try:
        values = model.model_validate_json(json.dumps(options))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            _tell(one, [*names, *Row.model_fields], at, site)
        return options
    given = {name: getattr(values, f"option_{name}") for name in options}
    if FROM_EVALSET.intersection(names) <= given.keys():
        _try_out(scorer, given, at, site)
    return given


def _try_out(scorer: Any, options: Mapping[str, Any], at: At, site: Site) -> None:
    try:
        scorer(**options)
    except UserError as error:
        for fault in error.faults:
            site.fault_key(at, fault.what, fault.next)
    except (ValueError, TypeError) as error:
        site.fault_key(at, str(error))


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.name in FROM_EVALSET:
        return None
    if field.default is not dataclasses.MISSING:
        return field.default
    return ... if field.default_factory is dataclasses.MISSING else field.default_factory()


def _tell(error: "ErrorDetails", known: list[str], at: At, site: Site) -> None:
    kind, loc = error["type"], error["loc"]
    key = str(loc[0])
    if kind == "extra_forbidden":
        near = nearest(key, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
        site.fault_key((*at, key), "unknown key", hint)
    elif kind == "missing":
        site.fault_key(at, f"the scorer needs '{key}'", "add it")
    else:
        node = site.node(*at, *loc)
        wanted = error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
        site.faults.at(node, f"expected {_PLAIN.get(wanted, wanted)}, found {found(node)}")
