"""What one example looks like to one variant, before any call."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from harness.cli.drive import trial_seed
from harness.cli.prepare import Prepared
from harness.flow.assemble import Works, assemble
from harness.types.evalset import Example
from harness.types.experiment import Variant
from harness.types.plugins import ComputeStage
from harness.types.trial import Draft, Trial


def preview(prepared: Prepared, variant: Variant, example: Example) -> Draft:
    """Run the stages that come before the first call, and return the draft: shots, passages, messages."""
    return asyncio.run(_drafted(prepared, variant, example))


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
