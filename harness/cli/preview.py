"""What one example looks like to one variant, before any call."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from harness.cli.drive import trial_seed
from harness.cli.prepare import Prepared
from harness.flow.assemble import Works, assemble
from harness.text import json_template
from harness.types.evalset import Example
from harness.types.experiment import Variant
from harness.types.plugins import ComputeStage
from harness.types.trial import Draft, Trial


def preview(prepared: Prepared, variant: Variant, example: Example) -> Draft:
    """Run the stages that come before the first call, and return the draft: shots, passages, messages."""
    return asyncio.run(_drafted(prepared, variant, example))


def asked(variant: Variant, example: Example) -> tuple[str, Any] | None:
    """What a whole application is asked: where, and the JSON of it; None for a variant that is none."""
    model = variant.model
    if model is None or model.provider not in ("http", "python"):
        return None
    if model.provider == "python":
        return str(model.extra["function"]), dict(example.inputs)
    template = model.extra["request"]
    sent = (
        example.inputs
        if template is None
        else json_template.parse(template, "http.request").render(example.inputs)
    )
    return f"{model.extra['method']} {model.base_url}", sent


async def _drafted(prepared: Prepared, variant: Variant, example: Example) -> Draft:
    kinds = [spec.kind for spec in variant.stages]
    offline = variant.stages[: kinds.index("generate")] if "generate" in kinds else variant.stages
    trial = Trial(variant=variant.name, partition="", example_id=example.id)
    draft = Draft(trial=trial, inputs=example.inputs, seed=trial_seed(prepared.experiment.seed, trial))
    async with AsyncExitStack() as closing:
        wanted = [replace(variant, stages=offline)]
        lines = await assemble(prepared.experiment, prepared.evalset, wanted, Works(closing=closing))
        for stage in lines[variant.name].stages:
            if not isinstance(stage, ComputeStage):
                break
            draft = stage(draft)
    return draft
