"""Whether --max-cost can be kept at all: every call needs an upper bound before it is made."""

from collections.abc import Sequence
from typing import cast

from harness.calls.money import unbounded
from harness.cli.flags import RunFlags
from harness.cli.prepare import Prepared
from harness.errors import Fault, UsageError
from harness.registry import provider_of
from harness.types.call import Task
from harness.types.trial import Trial


def require_bounds(prepared: Prepared, trials: Sequence[Trial], flags: RunFlags) -> None:
    """Raise UsageError, a fault a model, where --max-cost is asked for and a planned call has no upper bound."""
    if flags.max_cost is None:
        return
    if not flags.max_cost >= 0:  # nor is it nan, which no comparison would ever stop
        raise UsageError(Fault(where=f"--max-cost {flags.max_cost:g}", what="expected 0 or more"))
    planned = {trial.variant for trial in trials}
    faults = []
    asked = [one for v in prepared.experiment.variants if v.name in planned for one in v.asked()]
    for model, task in asked:
        provider = provider_of(model)
        why = unbounded(model, provider.longest_answer_tokens, cast("Task", task)) if provider.live else None
        if why is not None:
            what = f"--max-cost cannot be kept with model '{model.name}': {why}"
            faults.append(Fault(where=model.where, what=what, next="declare price: and max_tokens:"))
    if faults:
        raise UsageError(list(dict.fromkeys(faults)))
