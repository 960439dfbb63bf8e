"""Every template on every row that it may meet: what cannot be filled is found before the first call."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import Fault, UserError
from harness.text import json_template, templates
from harness.types.evalset import Evalset, Example
from harness.types.experiment import Experiment, ModelSpec, StageSpec, Variant

OURS = frozenset({"examples", "context"})
"""What the harness puts into a template beside the row's inputs."""


def fill(experiment: Experiment, evalset: Evalset) -> tuple[Fault, ...]:
    """Name each template that some row cannot fill, with the first such row. Raises nothing."""
    faults: dict[str, Fault] = {}
    for variant in experiment.variants:
        for stage in variant.stages:
            if stage.kind == "prompt":
                faults.update((str(fault), fault) for fault in _unfilled(stage, _met(variant, evalset)))
        if variant.model is not None and variant.model.provider == "http":
            faults.update((str(fault), fault) for fault in _unasked(variant.model, _met(variant, evalset)))
    return tuple(faults.values())


def _met(variant: Variant, evalset: Evalset) -> list[Example]:
    """The rows that a variant's prompt may meet: those it is asked, and train, where it draws examples from it."""
    draws = any(stage.kind == "fewshot" for stage in variant.stages)
    names = [
        name for name in evalset.partitions if name != "train" and name in (variant.partitions or [name])
    ]
    return [
        row for name in [*names, *(["train"] if draws else [])] for row in evalset.partitions.get(name, ())
    ]


def _unfilled(stage: StageSpec, rows: Sequence[Example]) -> Iterator[Fault]:
    for part in ("system", "user"):
        text = stage.options.get(part)
        found = _lone(rows) if part == "user" and text is None else _lacking(str(text or ""), part, rows)
        if found is not None:
            row, fault = found
            what = f"prompt.{part}: {fault.what} {_named(row)}"
            yield Fault(where=stage.where or fault.where, what=what, next=fault.next)


def _unasked(model: ModelSpec, rows: Sequence[Example]) -> Iterator[Fault]:
    """What an application is asked, its request, is made of templates too."""
    try:
        request = json_template.parse(model.extra.get("request"), "request")
    except UserError:
        return  # as below
    for row in rows:
        fault = None if request.names <= row.inputs.keys() else _tried(request, row.inputs)
        if fault is not None:
            what = f"http.{fault.where}: {fault.what} {_named(row)}"
            yield Fault(where=model.where, what=what, next=fault.next)
            return


def _named(row: Example) -> str:
    return f"(row {row.id}{f', {row.where}' if row.where else ''})"


def _lone(rows: Sequence[Example]) -> tuple[Example, Fault] | None:
    """Without a user template the message is the row's only input."""
    for row in rows:
        if len(row.inputs) != 1:
            named = ", ".join(row.inputs) or "none"
            what = f"left out, so the message is the row's only input, and it has {len(row.inputs)} ({named})"
            return row, Fault(where="", what=what, next="write the user template")
    return None


def _lacking(text: str, part: str, rows: Sequence[Example]) -> tuple[Example, Fault] | None:
    try:
        template = templates.parse(text, f"prompt.{part}")
    except UserError:
        return None  # the config's own reader has said so
    needed = template.names - OURS
    for row in rows:
        if not needed <= row.inputs.keys():
            fault = _tried(template, {"examples": "", "context": "", **row.inputs})
            if fault is not None:
                return row, fault
    return None


def _tried(
    template: templates.Template | json_template.JsonTemplate, values: Mapping[str, Any]
) -> Fault | None:
    """A template may do without an input (`{% if %}`, `default`), so only filling it tells."""
    try:
        template.render(values)
    except UserError as error:
        return error.faults[0]
    return None
