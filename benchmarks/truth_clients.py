"""The clients of latency_truth.py: each asks the same questions in its own way, and tells what it read."""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM = "You route the tickets of a support desk. Answer with JSON: category, priority. " * 8
PROMPTFOO = "promptfoo@0.121.20"
"""The last line of releases that runs on Node 20."""

CONFIG = """
name: truth
evalset: evalset
retries: 0
concurrency: {in_flight}
timeout_s: 60
models:
  known: {{provider: {provider}, model: {model}, base_url: "{url}", api_key_env: TRUTH_KEY, max_tokens: 100,
          stream: {stream}}}
variants:
  v: {{prompt: {{system: system.md, user: "{{{{ ticket }}}}"}}, model: known}}
metrics: [exact]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is measured once."""

    client: str
    streamed: bool
    in_flight: int
    calls: int


Pair = tuple[float, float]
"""P50 and P95, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one client read, and what it says of it."""

    whole: Pair | None
    first: Pair | None = None
    warm: int = 0
    """Requests that it made before the ones that count."""
    judges_itself: bool = False
    invalid: str | None = None
    reached: int | None = None
    """How many it says that it had in flight."""
    clock: str | None = None


class Unavailable(Exception):
    """This client cannot be run here."""


def tickets(count: int) -> list[str]:
    """What is asked."""
    return [f"Ticket {at}: my parcel is late, the bill is wrong, and nobody answers." for at in range(count)]


def _harness(provider: str, model: str, path: str) -> Callable[[Row, str, Path, Path], Seen]:
    def client(row: Row, url: str, folder: Path, _tools: Path) -> Seen:
        config = CONFIG.format(
            in_flight=row.in_flight,
            provider=provider,
            model=model,
            url=url + path,
            stream=str(row.streamed).lower(),
        )
        (folder / "c.yaml").write_text(config)
        (folder / "system.md").write_text(SYSTEM)
        (folder / "evalset").mkdir()
        examples = (
            {"id": f"g-{number}", "inputs": {"ticket": ticket}, "expected": "x"}
            for number, ticket in enumerate(tickets(row.calls))
        )
        (folder / "evalset" / "golden.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in examples))
        command = [
            sys.executable,
            "-m",
            "harness",
            "run",
            str(folder / "c.yaml"),
            "--out",
            str(folder / "results"),
        ]
        environ = {**os.environ, "TRUTH_KEY": "none"}
        ended = subprocess.run(
            [*command, "--quiet", "--json"], env=environ, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            raise Unavailable(" ".join(ended.stderr.split())[-200:])
        return _told(next((folder / "results").glob("*/records.jsonl")).parent)

    return client


def _told(run: Path) -> Seen:
    """A run's own figures, and its own word on them."""
    summary = json.loads((run / "summary.json").read_text())
    latency, overhead = summary["variants"]["v"]["partitions"]["golden"]["latency"], summary["overhead"]
    first = latency["first_token"]
    records = [json.loads(line) for line in (run / "records.jsonl").read_text().splitlines()]
    clocks = {stage["clock"] for record in records for stage in record["stages"] if stage["model"]}
    return Seen(
        whole=None if latency["p50_ms"] is None else (latency["p50_ms"], latency["p95_ms"]),
        first=(first["p50_ms"], first["p95_ms"]) if first else None,
        warm=sum(record["warmup"] for record in records),
        judges_itself=True,
        invalid=None if latency["valid"] else latency["why"],
        reached=overhead["in_flight_p95"],
        clock="client" if "client" in clocks else "wire",
    )


def _loop(row: Row, url: str, _folder: Path, _tools: Path) -> Seen:
    asked = {"url": f"{url}/v1", "calls": row.calls, "in_flight": row.in_flight, "streamed": row.streamed}
    script = str(Path(__file__).with_name("latency_truth.py"))
    command = [sys.executable, script, "--loop", json.dumps(asked)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Seen(whole=_pair(told["whole"]), first=_pair(told["first"]) if told["first"] else None, warm=1)


def loop_times(url: str, calls: int, in_flight: int, streamed: bool) -> Mapping[str, list[float]]:
    """What anybody would write: AsyncOpenAI, a semaphore, a stopwatch. Times in milliseconds."""
    from openai import AsyncOpenAI

    times: dict[str, list[float]] = {"whole": [], "first": []}

    async def ask(client: AsyncOpenAI, ticket: str) -> Mapping[str, float]:
        said: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ticket}]
        began_s, first_s = time.perf_counter(), None
        if streamed:
            async for chunk in await client.chat.completions.create(
                model="known", messages=said, stream=True
            ):
                if first_s is None and chunk.choices and chunk.choices[0].delta.content:
                    first_s = time.perf_counter()
        else:
            await client.chat.completions.create(model="known", messages=said)
        found = {"whole": 1000 * (time.perf_counter() - began_s)}
        return found if first_s is None else {**found, "first": 1000 * (first_s - began_s)}

    async def run() -> None:
        free = asyncio.Semaphore(in_flight)
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            await ask(client, "Warm-up.")

            async def one(ticket: str) -> None:
                async with free:
                    for name, ms in (await ask(client, ticket)).items():
                        times[name].append(ms)

            await asyncio.gather(*(one(ticket) for ticket in tickets(calls)))

    asyncio.run(run())
    return times


def _promptfoo(row: Row, url: str, folder: Path, tools: Path) -> Seen:
    program = _installed(tools)
    provider = {"id": "openai:chat:known", "config": {"apiBaseUrl": f"{url}/v1", "apiKey": "none"}}
    said = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "{{ticket}}"}]
    config = {
        "providers": [provider],
        "prompts": [json.dumps(said)],
        "tests": [{"vars": {"ticket": ticket}} for ticket in tickets(row.calls)],
    }
    (folder / "c.json").write_text(json.dumps(config))
    written = folder / "out.json"
    words = ("eval", "-c", str(folder / "c.json"), "-o", str(written), "-j", str(row.in_flight))
    quiet = ("--no-cache", "--no-table", "--no-progress-bar", "--no-write")
    switches = ("TELEMETRY", "UPDATE", "REMOTE_GENERATION")
    environ = {**os.environ, **{f"PROMPTFOO_DISABLE_{switch}": "1" for switch in switches}}
    environ["PROMPTFOO_CONFIG_DIR"] = str(folder / "own")
    ended = subprocess.run(
        [str(program), *words, *quiet], env=environ, capture_output=True, text=True, check=False, cwd=folder
    )
    if not written.exists():
        raise Unavailable(" ".join(ended.stderr.split())[-200:])
    results = json.loads(written.read_text())["results"]["results"]
    return Seen(whole=_pair([float(one["latencyMs"]) for one in results]))


def _installed(tools: Path) -> Path:
    """Its program, installed where it is not there yet."""
    program = tools / "node_modules" / ".bin" / "promptfoo"
    if program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is not here to install it")
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--prefix",
        str(tools),
        PROMPTFOO,
    ]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable("npm did not install it within 300 s") from None
    if not program.exists():
        raise Unavailable(f"npm could not install it: {' '.join(ended.stderr.split())[-120:]}")
    return program


def _pair(times: list[float]) -> Pair:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[94]


CLIENTS: Mapping[str, Callable[[Row, str, Path, Path], Seen]] = {
    "openai": _harness("openai", "known", "/v1"),
    "anthropic": _harness("anthropic", "known", ""),
    "litellm": _harness("litellm", "openai/known", "/v1"),
    "loop": _loop,
    "promptfoo": _promptfoo,
}
