"""The flags of `harness run`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import Fault, UsageError
from harness.types.experiment import CacheMode

Listed = Annotated[str, Parameter(show_default=False)]
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
Sets = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """What to run, how, and where to."""

    variants: Listed = ""
    """Only these, comma-separated."""
    partitions: Listed = ""
    """Only these, comma-separated; holdout and recent run only when named."""
    tags: Listed = ""
    """Only examples with one of these tags."""
    limit: int | None = None
    """The first N examples of each partition."""
    failed_from: str | None = None
    """Run again what was wrong or failed in that run."""
    repeats: int | None = None
    """Trials per example."""
    concurrency: int | None = None
    """Trials in flight."""
    seed: int | None = None
    """Seed of the order and of all sampling."""
    max_cost: float | None = None
    """Stop before more than this is spent, in US dollars."""
    max_time: float | None = None
    """Stop starting trials after so many seconds."""
    cache: Annotated[CacheMode | None, Parameter(show_default=lambda _: "off")] = None
    """Answer from the response cache, over the config's cache.mode; off: a run measures."""
    resume: Switch = False
    """Go on with the newest unfinished run of this config."""
    resume_run: str | None = None
    """Go on with this run."""
    out: Path = Path("results")
    """The folder in which run folders are made."""
    set: Sets = ()
    """Override one key of the config: key.path=value."""
    dry_run: Switch = False
    """Say what would run; run nothing."""
    gate: Annotated[bool, Parameter(show_default=False)] = True
    """Judge the config's gates; --no-gate leaves them out."""
    quiet: Switch = False
    """No progress, only the result."""
    json: Switch = False
    """Print summary.json instead of the table."""

    def overrides(self) -> tuple[str, ...]:
        """Every flag that stands for a key of the config, as `--set` would say it.

        Raises UsageError with every flag whose number its key cannot be.
        """
        flags = {"repeats": self.repeats, "concurrency": self.concurrency, "seed": self.seed}
        named = {key: value for key, value in flags.items() if value is not None}
        if named:
            _check_bounds(named)
        cached = () if self.cache is None else (f"cache.mode={self.cache}",)
        return (*self.set, *(f"{key}={value}" for key, value in named.items()), *cached)


def _check_bounds(named: Mapping[str, int]) -> None:
    from harness.files.config.schema import expected, fits

    faults = [
        Fault(where=f"--{key} {value}", what=f"expected {expected((key,))}")
        for key, value in named.items()
        if not fits((key,), value)
    ]
    if faults:
        raise UsageError(faults)


def listed(text: str) -> tuple[str, ...]:
    """Split a comma-separated flag."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
