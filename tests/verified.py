"""What every test of a finished run may ask of it: that `harness verify` agrees with its summary."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def assert_verified(folder: Path, *, cwd: Path | None = None) -> dict[str, Any]:
    """Every figure of the run in `folder` is what its records give, and none is left out; what was told of it.

    `cwd` is where the run was started, from which its config is found; without it the scores may be taken as stored.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    ended = subprocess.run(
        [sys.executable, "-m", "harness", "verify", str(folder.resolve()), "--json"],
        cwd=cwd or folder,
        env={**kept, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stdout, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert told["differences"][:5] == []
    assert told["unverified"][:5] == []
    assert ended.returncode == 0, ended.stderr
    assert told["figures"] > 0
    return told
