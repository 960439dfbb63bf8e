"""Verdicts and a summary around them, for tests of the words that are made of them."""

from typing import Any

from harness.types.summary import Notice, RunInfo, Summary, Verdict

FAILED = {"verdict": "fail", "counts": "fail"}
UNDECIDED = {"verdict": "inconclusive", "counts": "undecided"}
INCONCLUSIVE = {"verdict": "inconclusive", "counts": "warn"}
ADVISORY = {"verdict": "fail", "counts": "warn"}


def verdict(**changes: Any) -> Verdict:
    """A passed gate on a share of 120 examples; any field can be given another value."""
    fields = {
        "gate": "answer on golden at least 0.8",
        "variant": "rag",
        "verdict": "pass",
        "value": 0.875,
        "ci": (0.8123, 0.921),
        "bound": 0.8,
        "why": "the lower bound keeps it",
        "counts": "pass",
        "metric": "answer",
        "partition": "golden",
        "n": 120,
        "share": True,
    }
    return Verdict(**{**fields, **changes})


def compared(**changes: Any) -> Verdict:
    """A comparative gate on edge that failed."""
    fields = {
        **FAILED, "gate": "answer on edge no worse than plain by 0.05", "partition": "edge", "versus": "plain",
        "value": -0.15, "ci": (-0.23, -0.071), "bound": -0.05, "why": "it is shown to be worse", "n": 60, "p": 0.0004,
        "p_adjusted": 0.0012, "mde": 0.101, "wins": 2, "losses": 11,
        "lost": tuple(f"e-{number:02}" for number in range(11)),
    }  # fmt: skip
    return verdict(**{**fields, **changes})


def summary(
    *verdicts: Verdict,
    warnings: tuple[Notice, ...] = (),
    experiment: str = "support-triage",
    complete: bool = True,
) -> Summary:
    """A run with these verdicts."""
    run = RunInfo(
        id="20260102T030405Z-support-triage-1a2b3c4d", experiment=experiment, evalset_digest="e" * 64,
        config_digest="c" * 64, started_at="2026-01-02T03:04:05+00:00", finished_at="2026-01-02T03:05:06+00:00",
        complete=complete, seed=7, planned=360,
    )  # fmt: skip
    return Summary(run=run, variants={}, gates=verdicts, warnings=warnings)
