"""The starter experiment that `harness init` writes."""

import shutil
from pathlib import Path

from harness.errors import Fault, UsageError

STARTER = Path(__file__).with_name("starter")


def write_starter(folder: Path) -> list[Path]:
    """Copy the starter into `folder`. Raises UsageError where a file would be overwritten."""
    sources = sorted(file for file in STARTER.rglob("*") if file.is_file())
    targets = [folder / source.relative_to(STARTER) for source in sources]
    if folder.exists() and not folder.is_dir():
        raise UsageError(Fault(where=str(folder), what="is a file", next="name a folder"))
    taken = [target for target in targets if target.exists()]
    if taken:
        raise UsageError(Fault(where=str(taken[0]), what="is there already", next="name another folder"))
    try:
        for source, target in zip(sources, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        raise UsageError(Fault(where=str(folder), what=f"cannot be written ({error.strerror})")) from None
    return targets
