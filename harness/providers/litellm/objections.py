"""What litellm itself would refuse of a model's parameters, asked of the very code that would refuse it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.providers.litellm import asking
from harness.providers.litellm.library import is_litellms_own, mapped, vendor_of
from harness.types.experiment import ModelSpec, OutputSpec
from harness.types.plugins import Objection

_NOTHING_ASKED = frozenset({"json_mode", "stream", "extra_body"})
"""What litellm makes of a response_format that it then leaves out."""


def objections(
    model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
) -> Iterator[Objection]:
    """Everything that would be refused, or left out without a word. Imports litellm: seconds."""
    vendor = vendor_of(model)
    if vendor is None:
        hint = "write vendor/model, as in mistral/mistral-small-latest; a server of your own is openai/model"
        yield Objection(key="model", what=f"litellm knows no vendor of '{model.model}'", next=hint)
        return
    if model.api != "chat":
        yield Objection(key="api", what="litellm is asked for chat completions only", next="leave api out")
    yield from of_params(model, vendor)
    yield from _of_output(model, vendor, output, tools)
    yield from _of_tools(model, vendor, tools)


def of_params(model: ModelSpec, vendor: tuple[str, str]) -> Iterator[Objection]:
    """The parameters that this model does not take, and those of `extra` that are litellm's own switches."""
    for key, value in model.params.items():
        try:
            mapped(model, vendor, **{key: value})
        except ValueError as error:
            yield Objection(key=key, what=str(error), next=f"leave {key} out, or say drop_unsupported: true")
    for key in model.extra:
        if is_litellms_own(key):
            what = f"'{key}' is litellm's own argument, and never reaches the model"
            yield Objection(key=f"extra.{key}", what=what, next="leave it out")


def _of_output(
    model: ModelSpec, vendor: tuple[str, str], output: OutputSpec, tools: Sequence[Mapping[str, Any]]
) -> Iterator[Objection]:
    if output.mode == "prompt":
        return
    if output.mode == "tool" and tools:
        what = "output mode 'tool' takes the place of the variant's tools"
        yield Objection(key="output", what=what, next="choose another mode, or leave tools: out")
    if output.mode != "json_object" and output.schema is None:
        what = f"output mode '{output.mode}' needs a schema, and there is none"
        yield Objection(
            key="output.schema", what=what, next="name one under output.schema, or add it to the evalset"
        )
        return
    try:
        made = mapped(model, vendor, **asking.form(output))
    except ValueError as error:
        yield Objection(key="output", what=str(error), next="choose another mode")
        return
    if not made.keys() - _NOTHING_ASKED and not made.get("extra_body"):
        what = f"litellm sends {vendor[0]} nothing of output mode '{output.mode}'"
        yield Objection(key="output", what=what, next="choose another mode")


def _of_tools(
    model: ModelSpec, vendor: tuple[str, str], tools: Sequence[Mapping[str, Any]]
) -> Iterator[Objection]:
    try:
        made = [asking.tool(one) for one in tools]
        if made:
            mapped(model, vendor, tools=made)
    except ValueError as error:
        yield Objection(key="tools", what=str(error))
