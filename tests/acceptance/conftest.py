"""The tools of the command's own tests, `tests/cli/desk.py`, as a fixture."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def desk() -> ModuleType:
    """The module."""
    if "desk" not in sys.modules:
        file = Path(__file__).parents[1] / "cli" / "desk.py"
        spec = importlib.util.spec_from_file_location("desk", file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules["desk"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["desk"])
    return sys.modules["desk"]
