"""Where a run was made: versions, machine, revision."""

import hashlib
import importlib.util
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from harness.text.canonical import digest
from harness.types.experiment import Metric

PACKAGES = (
    "variant-harness",
    "openai",
    "aiohttp",
    "anthropic",
    "litellm",
    "datasets",
    "bm25s",
    "semchunk",
    "scipy",
)


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Version by package, of those that are installed, and Python's own."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def scorer_digest(metric: Metric) -> str:
    """What a metric judges by, in 16 hex digits: its scorer, its options and, of a scorer of the user's own, its module's file."""
    told = {"scorer": metric.scorer, "options": metric.options, "lenient": metric.lenient}
    if metric.scorer.partition(":")[1]:
        module = metric.scorer.removeprefix("python:").partition(":")[0]
        found = importlib.util.find_spec(module)
        file = Path(found.origin) if found and found.origin else None
        if file is not None and file.is_file():
            told["source"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return digest(told)[:16]


def machine() -> dict[str, str | int | None]:
    """What the figures depend on: system, processor, cores."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}


def git_revision(folder: Path) -> str | None:
    """The commit that holds `folder`, with `-dirty` where files differ; None outside a repository."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None
