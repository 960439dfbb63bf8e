"""What lies at a path, and which file the user meant where the one that was named is not there."""

from pathlib import Path

from harness.registry import nearest


def is_file(path: str) -> bool:
    """Tell whether a file is there; a path that no system could have is not."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: str) -> bool:
    """Tell whether a folder is there; a path that no system could have is not."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def nearest_file(path: str, written: str) -> str:
    """A hint that names what lies nearest to a missing `path`, in the words of what was `written`."""
    folder = Path(path).parent
    if not is_folder(str(folder)):
        return f"there is no folder {folder.name}"
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        names = []
    near = nearest(Path(path).name, names)
    if not near:
        return "paths are relative to the file that names them"
    head, slash, tail = written.rpartition("/")
    inside = "}" in tail  # the last "/" stands inside a ${VAR:-default}
    return f"did you mean '{near if inside else head + slash + near}'?"
