"""Real servers on loopback that nobody here wrote, each ended by the tests that started it, and providers to ask them."""

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.calls.meter import Scale
from harness.registry import provider_of
from harness.types.call import Call, Message, Request
from harness.types.experiment import ModelSpec

HERE = Path(__file__).parent
REQUIRED = "HARNESS_REQUIRE_SERVERS"
"""Set where every server must be there: a test that would skip fails."""
START_S = 60.0
END_S = 10.0


def absent(reason: str) -> NoReturn:
    """Skip with the reason, or fail where servers are required."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason}, and {REQUIRED} is set")
    pytest.skip(f"{reason}: .ci/servers installs it")


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[str]:
    """Run a server that prints its address and ends with its input; give the address."""
    with log.open("wb") as told:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        heard, _, _ = select.select([child.stdout], [], [], START_S)
        address = child.stdout.readline().decode().strip() if heard else ""
        if not address.startswith("http://127.0.0.1:"):
            pytest.fail(f"{command[0]} did not start: {log.read_text(errors='replace')[-2000:]}")
        yield address
    finally:
        child.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            child.wait(END_S)
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A llama.cpp server: its address, without /v1."""
    for package in ("xllamacpp", "gguf"):
        if find_spec(package) is None:
            absent(f"the package {package} is not installed")
    folder = tmp_path_factory.mktemp("llama")
    command = [sys.executable, str(HERE / "llama_server.py"), str(folder / "tiny.gguf")]
    with running(command, folder / "log.txt") as address:
        yield address


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An aimock server with the fixtures beside this file: its address, without /v1."""
    node = Path(sys.executable).with_name("node")
    package = Path(sys.prefix, "aimock", "node_modules", "@copilotkit", "aimock")
    for what, there in (("Node", node), ("aimock", package)):
        if not there.exists():
            absent(f"{what} is not installed in this environment")
    command = [str(node), str(HERE / "aimock_server.mjs"), str(package), str(HERE / "aimock.json")]
    with running(command, tmp_path_factory.mktemp("aimock") / "log.txt") as address:
        yield address


@dataclass
class Kit:
    """What a provider is given."""

    train: tuple[()] = ()
    schema: None = None
    connections: int = 8
    timeout_s: float = 30.0
    seed: int = 7
    meter: Scale = field(default_factory=Scale)

    def outputs(self, model: ModelSpec) -> NoReturn:
        """No recorded outputs."""
        raise AssertionError(model)

    def secret(self, variable: str) -> str | None:
        """A key of the test's own."""
        return f"sk-{variable.lower()}"

    async def share(self, key: str, start: Callable[[], Any]) -> NoReturn:
        """Nothing is shared."""
        raise AssertionError(key, start)


def request(text: str = "hello", **fields: Any) -> Request:
    """A request of one user message."""
    return Request(messages=(Message(role="user", content=text),), **fields)


async def _asked(
    spec: ModelSpec, requests: Sequence[Request], policy: Policy, *, together: bool
) -> list[Call]:
    kit = Kit()
    provider = provider_of(spec)(spec, kit)  # type: ignore[arg-type]
    await provider.open()
    try:
        endpoint = LiveEndpoint(provider, spec, policy)
        calls = [endpoint.call(one, stage="generate") for one in requests]
        return list(await asyncio.gather(*calls)) if together else [await call for call in calls]
    finally:
        await provider.close()


@pytest.fixture(scope="session")
def ask() -> Callable[..., list[Call]]:
    """How to make calls: `ask(url, *requests, provider=…, retries=…, …)` beside what a ModelSpec holds."""

    def calls(
        url: str, *requests: Request, together: bool = False, retries: int = 0, **model: Any
    ) -> list[Call]:
        suffix = "" if model.get("provider") == "anthropic" else "/v1"
        fields: Mapping[str, Any] = {
            "name": "m",
            "provider": "openai",
            "model": "tiny",
            "base_url": url + suffix,
        }
        spec = ModelSpec(**{**fields, **model})
        policy = Policy(timeout_s=30.0, retries=retries)
        return asyncio.run(_asked(spec, requests or (request(),), policy, together=together))

    return calls


@pytest.fixture(scope="session")
def say() -> Callable[..., Request]:
    """How to write a request of one user message."""
    return request
