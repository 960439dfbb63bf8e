"""`harness init DIR`: a small working experiment to start from."""

from pathlib import Path

from harness.cli.voice import tell


def init(folder: Path) -> int:
    """Write a small experiment (config, evalset, schema, prompts, CARD) that runs as it is.

    Args:
        folder: Where to write; made where it is missing, and never overwritten.
    """
    from harness.files.starter_files import write_starter

    for file in write_starter(folder):
        tell(f"  {file}")
    tell()
    tell(f"next: harness check {folder / 'experiment.yaml'}")
    tell(f"      harness run {folder / 'experiment.yaml'}")
    return 0
