"""One variant, opened and ready to run."""

from concurrent.futures import Executor
from dataclasses import dataclass, replace

from harness.types.plugins import ComputeStage, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One variant's stages, and the threads on which they compute."""

    stages: tuple[Stage, ...]
    output_mode: str
    live: bool
    threads: Executor

    def before_calls(self) -> "Line":
        """The stages that come before the first call: all that is needed to show a prompt."""
        calls = [at for at, stage in enumerate(self.stages) if not isinstance(stage, ComputeStage)]
        return replace(self, stages=self.stages[: calls[0]] if calls else self.stages)
