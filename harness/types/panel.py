"""Who judges a run: the scorer of each metric, and each variant's schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.types.experiment import Metric
from harness.types.plugins import Scorer

SCHEMA_METRIC = "schema"
"""Always there for a variant whose answer has a schema; no metric of a config may take its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Every scorer of a run, built and ready."""

    metrics: tuple[tuple[Metric, Scorer], ...]
    schemas: Mapping[str, Scorer | None] = field(default_factory=dict)
    """By variant; None, or no entry, where the answer is free text."""

    @property
    def reads_passages(self) -> bool:
        """Whether a scorer says `reads_passages`: records come to it with the text of every passage that was used."""
        return any(getattr(scorer, "reads_passages", False) for _, scorer in self.metrics)
