"""The tools of `desk.py` as fixtures, and the command inside this process, where a process of its own adds nothing."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.cli.app import main


def _desk() -> ModuleType:
    spec = importlib.util.spec_from_file_location("desk", Path(__file__).with_name("desk.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["desk"] = module
    spec.loader.exec_module(module)
    return module


DESK = sys.modules.get("desk") or _desk()


@pytest.fixture(scope="session")
def desk() -> ModuleType:
    """The module."""
    return DESK


@pytest.fixture(scope="session")
def echo() -> Iterator[Any]:
    """An endpoint that answers at once, for as long as the tests last."""
    with DESK.echoing() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, echo: Any) -> Path:
    """The small experiment, against the echo endpoint."""
    return DESK.experiment(tmp_path / "x", echo.url)


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Run `harness ...` inside this process, in `tmp_path`, as `main` would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def command(*arguments: object) -> Any:
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return DESK.Ended(end.value.code or 0, told.out, told.err)

    return command


@pytest.fixture
def finished(config: Path, here: Callable[..., Any]) -> Path:
    """The folder of a finished run of the small experiment."""
    ended = here("run", config, "--quiet", "--out", "runs")
    assert ended.code == 0, ended.err
    return DESK.run_folder(Path("runs"))
