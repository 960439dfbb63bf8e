"""Nothing is asked that the config does not name: every command runs with all sockets but loopback's broken and watched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import telltale
from tests.acceptance.test_secrets import MODELS, Bench, experiment, variants

ROOT = Path(__file__).parents[2]
QUICK = (
    "--set", "models.base.extra.reference.time_scale=0", "--set", "models.tuned.extra.reference.time_scale=0",
)  # fmt: skip
WATCH = '''\
"""Runs at the start of every Python that inherits PYTHONPATH: notes what it reaches for, and breaks it."""
import os, sys

PLACES = {
    "socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.bind": 1,
    "socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0, "socket.getnameinfo": 0,
}

def at_home(place):
    if isinstance(place, tuple):
        place = place[0] if place else None
    if isinstance(place, bytes):
        place = place.decode("utf-8", "replace")
    named = str(place)
    return place is None or named == "localhost" or named.startswith(("127.", "::1", "/", "\\0"))

def watch(event, arguments):
    at = PLACES.get(event)
    if at is None:
        return
    place = arguments[at]
    with open(os.environ["WATCHED"], "a") as log:
        log.write(f"{'home' if at_home(place) else 'AWAY'} {event} {place!r}\\n")
    if not at_home(place):
        raise PermissionError(f"the network is watched: {event} {place!r}")

sys.addaudithook(watch)
'''


class Watched(Bench):
    """A folder whose commands are watched."""

    def __init__(self, desk: Any, folder: Path) -> None:
        super().__init__(desk, folder, "sk-of-no-use-0123456789")
        (folder / "watch").mkdir()
        (folder / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
        self.log = folder / "watched.log"

    @property
    def watching(self) -> dict[str, str]:
        """What a process must inherit to be watched, and its children with it."""
        return {"PYTHONPATH": str(self.folder / "watch"), "WATCHED": str(self.log)}

    def run(self, *arguments: object, **more: str) -> Any:
        """Run a command, watched."""
        return super().run(*arguments, **self.watching, **more)

    def reached(self, which: str) -> set[str]:
        """Everything that was reached for, at home or AWAY."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return {line.partition(" ")[2] for line in lines if line.startswith(which)}


@pytest.fixture
def watched(desk: Any, tmp_path: Path) -> Watched:
    """A folder whose commands are watched."""
    return Watched(desk, tmp_path)


@pytest.fixture
def servers() -> Iterator[tuple[telltale.Telltale, telltale.Telltale]]:
    """One that the config names, and one that it does not."""
    with telltale.telling() as named, telltale.telling() as other:
        named.elsewhere = f"{other.url}/v1/chat/completions"
        yield named, other


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.com', 443)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket().bind(('0.0.0.0', 0))",
        "subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(\"example.com\")'], check=True)",
    ],
)
def test_the_watch_sees(watched: Watched, attempt: str) -> None:
    """Whatever reaches out is noted and broken, in a child as well."""
    script = f"import socket, subprocess, sys; {attempt}"
    environ = {**os.environ, **watched.watching}
    ended = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, check=False)
    assert ended.returncode != 0
    assert len(watched.reached("AWAY")) == 1


def test_the_main_job_needs_no_network(watched: Watched) -> None:
    """The quickstart and every command over it reach for nothing but their own child on loopback."""
    config = ROOT / "configs" / "quickstart.yaml"
    commands = [
        ("init", "new"),
        ("check", "new/experiment.yaml"),
        ("check", config),
        ("run", config, "--limit", "6", "--quiet", *QUICK),
        ("run", config, "--limit", "6", "--quiet", "--cache", "on", *QUICK),
        ("run", config, "--resume"),
        ("show", config, "--variant", "rag", "--example", "g-001"),
        ("score", "latest"),
        ("report", "latest"),
        ("schema",),
        ("--help",),
        ("--version",),
    ]
    for command in commands:
        ended = watched.run(*command)
        assert ended.code == 0, ended.err
    assert watched.reached("AWAY") == set()
    assert any("socket.connect ('127.0.0.1'" in line for line in watched.reached("home"))


def test_the_endpoint_that_is_served_by_hand_listens_at_home(watched: Watched) -> None:
    """`harness reference serve` binds loopback alone."""
    environ = watched.desk.environment(**watched.watching)
    with watched.desk.started(
        "reference", "serve", "--port", "0", cwd=watched.folder, env=environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while not any("socket.bind" in line for line in watched.reached("home") | watched.reached("AWAY")):
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert watched.reached("AWAY") == set()


@pytest.mark.parametrize("kind", [*MODELS, "http"])
def test_only_the_named_endpoint_is_asked(
    kind: str, watched: Watched, servers: tuple[telltale.Telltale, telltale.Telltale]
) -> None:
    """No telemetry, no update check, no download; and a redirect is an answer, not an order."""
    named, other = servers
    experiment(watched.desk, watched.folder, variants(kind, named.url, ("says", "elsewhere")))
    assert watched.run("check", "x.yaml").code == 0
    assert watched.run("run", "x.yaml").code in (0, 3)
    assert watched.reached("AWAY") == set()
    assert named.paths
    assert other.paths == []
    port = other.url.rpartition(":")[2]
    assert not any(port in line for line in watched.reached("home"))
    told = {r["variant"]: r["outcome"]["error"] for r in watched.records if r["variant"].startswith("else")}
    assert told
    for error in told.values():
        assert error["status"] == 307
        assert "which is not followed" in error["message"]


@pytest.mark.parametrize(
    ("provider", "model", "variable", "host"),
    [
        ("openai", "gpt-4o-mini", "OPENAI_API_KEY", "api.openai.com"),
        ("anthropic", "claude-haiku-4-5", "ANTHROPIC_API_KEY", "api.anthropic.com"),
        ("litellm", "mistral/mistral-small-latest", "MISTRAL_API_KEY", "api.mistral.ai"),
    ],
)
def test_a_vendor_is_the_only_one_who_is_looked_up(
    watched: Watched, provider: str, model: str, variable: str, host: str
) -> None:
    """Where the config names a vendor, its own host is reached for and no other, once the run begins and not before."""
    found = {
        "v": {
            "prompt": {"user": "{{ question }}"},
            "model": {"provider": provider, "model": model, "max_tokens": 9},
        }
    }
    experiment(watched.desk, watched.folder, found)
    key = {variable: "sk-of-no-use-9876543210"}
    assert watched.run("check", "x.yaml", **key).code == 0
    assert watched.run("run", "x.yaml", "--dry-run", **key).code == 0
    assert watched.reached("AWAY") == set()
    assert watched.run("run", "x.yaml", **key).code == 3
    away = watched.reached("AWAY")
    assert away
    assert {line for line in away if host not in line} == set()
