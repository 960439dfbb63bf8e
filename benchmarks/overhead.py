"""What a trial costs in CPU beside a bare loop over the same SDK and transport, both against a server that answers at once.

    python benchmarks/overhead.py [--trials 2000] [--concurrency 16] [--rounds 5] [--profile]

`run` is the running part of `harness run`: plan → pipeline → ledger, with its probes, pacing and flushed lines.
`bare` sends the same bodies through AsyncOpenAI with DefaultAioHttpClient, behind a semaphore, and keeps the texts.
Each round measures each of them in a process of its own, in turn, so that a busy machine slows both; a process makes
WARM calls before it starts to count. CPU is user + system of that process alone; the server has its own.
Ends with 1 where the median of the rounds' ratios exceeds LIMIT.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

LIMIT = 1.5
WARM = 50
SYSTEM = "You route the tickets of a support desk. Answer with JSON: category, priority. " * 8
CONFIG = """
name: overhead
evalset: evalset
retries: 3
concurrency: {concurrency}
models:
  zero: {{provider: openai, model: zero, base_url: "{url}", temperature: 0,
         price: {{input_usd_per_mtok: 1, cached_input_usd_per_mtok: 0.5, output_usd_per_mtok: 2}}}}
variants:
  prompt-only: {{prompt: {{system: system.md, user: "{{{{ ticket }}}}"}}, model: zero}}
metrics: [exact]
"""


def tickets(count: int) -> list[str]:
    """What is asked."""
    return [
        f"Ticket {number}: my parcel is late, the bill is wrong, and nobody answers."
        for number in range(count)
    ]


def cpu_s() -> float:
    """User and system CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def bare(url: str, count: int, concurrency: int) -> Callable[[], int]:
    """The loop that anybody would write. Returns how many answers came."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async def loop() -> int:
        free = asyncio.Semaphore(concurrency)
        texts: list[str | None] = []
        async with AsyncOpenAI(
            base_url=url, api_key="none", max_retries=0, http_client=DefaultAioHttpClient()
        ) as client:

            async def one(ticket: str) -> None:
                async with free:
                    answer = await client.chat.completions.create(
                        model="zero",
                        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": ticket}],
                        temperature=0,
                    )
                    texts.append(answer.choices[0].message.content)

            await asyncio.gather(*(one(ticket) for ticket in tickets(count)))
        return len(texts)

    return lambda: asyncio.run(loop())


def run(url: str, count: int, concurrency: int, folder: Path) -> Callable[[], int]:
    """The harness's own, from the plan to the last flushed line. Returns how many answers came."""
    from harness.cli.begin import begin
    from harness.cli.drive import Bounds, drive
    from harness.cli.flags import RunFlags
    from harness.cli.prepare import prepare
    from harness.flow.plan import plan
    from harness.types.record import Entry
    from harness.types.run import Selection

    folder.mkdir(parents=True)
    (folder / "evalset").mkdir()
    (folder / "system.md").write_text(SYSTEM)
    with (folder / "evalset" / "golden.jsonl").open("w") as lines:
        for number, ticket in enumerate(tickets(count)):
            lines.write(
                json.dumps({"id": f"g-{number}", "inputs": {"ticket": ticket}, "expected": "x"}) + "\n"
            )
    config = folder / "c.yaml"
    config.write_text(CONFIG.format(url=url, concurrency=concurrency))
    prepared = prepare(config)

    def loop() -> int:
        answered = 0

        def seen(entry: Entry) -> None:
            nonlocal answered
            answered += entry.record.outcome.kind == "answered"

        trials = plan(prepared.experiment, prepared.evalset, Selection())
        started = begin(prepared, Selection(), trials, RunFlags(out=folder / "results", quiet=True))
        with started.ledger as ledger:
            asyncio.run(drive(prepared, started.todo, ledger, seen, Bounds()))
        return answered

    return loop


def measure(what: str, url: str, flags: argparse.Namespace) -> float:
    """CPU in milliseconds a trial, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        loops = [
            bare(url, count, flags.concurrency)
            if what == "bare"
            else run(url, count, flags.concurrency, Path(folder) / str(count))
            for count in (WARM, flags.trials)
        ]
        loops[0]()
        profile = cProfile.Profile() if flags.profile else None
        counting: AbstractContextManager[object] = profile or nullcontext()
        began_s = cpu_s()
        with counting:
            answered = loops[1]()
        spent_s = cpu_s() - began_s
        assert answered == flags.trials, answered
        if profile:
            pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    return 1000 * spent_s / flags.trials


def rounds(url: str, flags: argparse.Namespace) -> dict[str, list[float]]:
    """Measure each in turn, each time in a new process."""
    times: dict[str, list[float]] = {"bare": [], "run": []}
    shape = ["--trials", str(flags.trials), "--concurrency", str(flags.concurrency)]
    for _ in range(flags.rounds):
        for what, told in times.items():
            command = [sys.executable, __file__, "--measure", what, "--url", url, *shape]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            told.append(float(found))
    return times


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="profile one `run`, and measure nothing")
    parser.add_argument("--measure", choices=("bare", "run"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.measure:
        print(measure(flags.measure, flags.url, flags))
        return 0
    server = Path(__file__).with_name("zero_server.py")
    with subprocess.Popen(
        [sys.executable, str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        url = f"http://127.0.0.1:{child.stdout.readline().strip()}/v1"
        try:
            if flags.profile:
                measure("run", url, flags)
                return 0
            times = rounds(url, flags)
        finally:
            child.stdin.close()
    print(
        f"CPU ms a trial, {flags.trials:,} trials at concurrency {flags.concurrency}, {flags.rounds} rounds in turn"
    )
    print(f"{'':6}{'median':>8}{'least':>8}{'most':>8}")
    for what, told in times.items():
        print(f"{what:6}{statistics.median(told):>8.3f}{min(told):>8.3f}{max(told):>8.3f}")
    ratio = statistics.median(ours / theirs for ours, theirs in zip(times["run"], times["bare"], strict=True))
    print(f"ratio {ratio:.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
