"""How true the latencies are: what each client read, beside what the server itself noted, in one run.

    python benchmarks/latency_truth.py [--clients openai,anthropic,litellm,loop,promptfoo] [--modes plain,stream]
                                       [--in-flight 16,64,256] [--calls 1000] [--promptfoo DIR]

A server of its own process (known_server.py) answers after a log-normal delay and keeps an account. `openai`,
`anthropic` and `litellm` are real runs of `harness run` with that provider, read from their summary.json; `loop` is
AsyncOpenAI behind a semaphore with a stopwatch; `promptfoo` is installed by npm into a folder that is thrown away, or
found in DIR (`npm install promptfoo@VERSION` there). `--calls` are those of a row with 64 in flight.

A run of the harness is held to its word. It is `true` within the target (plain answers 1 %, with 256 in flight 2 %;
streamed ones and the first token 2 %), or it says itself that it is invalid, that the client's clock was used, or how
many it had in flight. Ends with 1 where a run was wrong and did not say so.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truth_clients import CLIENTS, Row, Seen, Unavailable, loop_times

HERE = Path(__file__).parent
ROOM = 0.9
"""A run with fewer in flight than this share of what was asked must say so."""

WIDTHS = (12, 20, 10, 6, 22, 22)
TITLES = ("client", "mode", "in flight", "peak", "P50 ms, server's", "P95 ms, server's", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the server noted, in milliseconds."""

    service_ms: list[float]
    first_ms: list[float]
    """Empty for plain answers."""
    peak: int


class Server:
    """known_server.py as a child."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        """Read the port that it prints first."""
        assert child.stdin
        assert child.stdout
        self._asks, self._tells = child.stdin, child.stdout
        self.url = f"http://127.0.0.1:{self._tells.readline().strip()}"

    def account(self, warm: int) -> Account:
        """What was served since the last account, without the first `warm` requests."""
        self._asks.write("\n")
        self._asks.flush()
        told = json.loads(self._tells.readline())
        times = {
            name: [ms for ms in told[name][warm:] if ms is not None] for name in ("service_ms", "first_ms")
        }
        return Account(**times, peak=told["peak"])


@contextmanager
def served() -> Iterator[Server]:
    """A server, as long as it is needed."""
    command = [sys.executable, str(HERE / "known_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Server(child)
        finally:
            assert child.stdin
            child.stdin.close()


def target(row: Row, what: str) -> float:
    """How far off a figure may be and be called true."""
    return 0.01 if what == "plain" and row.in_flight <= 64 else 0.02


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """P50 and P95, linear between order statistics."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[94]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    row: Row
    what: str
    """plain, stream, or first token."""
    peak: int
    ours: tuple[float, float]
    theirs: tuple[float, float]
    seen: Seen

    @property
    def errors(self) -> tuple[float, float]:
        """Of P50 and P95, as shares."""
        p50, p95 = (ours / theirs - 1 for ours, theirs in zip(self.ours, self.theirs, strict=True))
        return p50, p95

    @property
    def wrong(self) -> bool:
        """True where a run of the harness is off, or had fewer in flight, and does not say so."""
        return self.seen.judges_itself and self.verdict.startswith("WRONG")

    @property
    def verdict(self) -> str:
        """What the client says of itself, held against what is true."""
        seen, asked = self.seen, self.row.in_flight
        off = max(abs(error) for error in self.errors) > target(self.row, self.what)
        if not seen.judges_itself:
            return "off, and says nothing" if off else "true"
        if seen.invalid:
            return f"invalid: {seen.invalid}"
        reached = seen.reached or asked
        if self.peak < ROOM * reached:
            return f"WRONG: says {reached} in flight"
        label = f", {reached} in flight" if reached < ROOM * asked else ""
        if seen.clock == "client":
            return f"on the client's clock{label}"
        return f"WRONG and says valid{label}" if off else f"true{label}"

    def cells(self) -> tuple[str, ...]:
        """As text."""
        pairs = zip(self.ours, self.theirs, self.errors, strict=True)
        figures = (f"{ours:.1f} {theirs:.1f} ({100 * error:+.1f} %)" for ours, theirs, error in pairs)
        return (self.row.client, self.what, str(self.row.in_flight), str(self.peak), *figures, self.verdict)


def measured(row: Row, tools: Path) -> list[Line]:
    """Run one client once."""
    with served() as server, tempfile.TemporaryDirectory() as folder:
        seen = CLIENTS[row.client](row, server.url, Path(folder), tools)
        account = server.account(seen.warm)
    if len(account.service_ms) < 2 or seen.whole is None:
        raise Unavailable(f"{len(account.service_ms)} of {row.calls} calls were answered")
    shared: dict[str, Any] = {"row": row, "peak": account.peak, "seen": seen}
    whole = percentiles(account.service_ms)
    lines = [Line(**shared, what="stream" if row.streamed else "plain", ours=seen.whole, theirs=whole)]
    if row.streamed and seen.first is not None:
        first = percentiles(account.first_ms)
        lines.append(Line(**shared, what="first token", ours=seen.first, theirs=first))
    return lines


def show(cells: Sequence[str]) -> None:
    """Print one line of the table at once: the whole takes minutes."""
    ahead = "".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=False))
    print(f"{ahead}{'  '.join(cells[len(WIDTHS) :])}", flush=True)


def rows(flags: argparse.Namespace) -> Iterator[Row]:
    """Every combination that was asked for, clients side by side: a slow minute slows them all."""
    for in_flight in (int(number) for number in flags.in_flight.split(",")):
        for mode in flags.modes.split(","):
            for client in flags.clients.split(","):
                if client == "promptfoo" and mode == "stream":
                    continue
                share = {"litellm": 0.4, "promptfoo": 0.5}.get(client, 1.0)
                calls = max(20, int(flags.calls * share * in_flight / 64 * (0.75 if in_flight > 64 else 1)))
                yield Row(client=client, streamed=mode == "stream", in_flight=in_flight, calls=calls)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", default=",".join(CLIENTS))
    parser.add_argument("--modes", default="plain,stream")
    parser.add_argument("--in-flight", default="16,64,256")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--promptfoo", type=Path, metavar="DIR", help="where npm has installed it")
    parser.add_argument("--loop", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.loop:
        print(json.dumps(loop_times(**json.loads(flags.loop))))
        return 0
    print(f"log-normal answers, {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f} before it begins")
    show(TITLES)
    wrong, missing = 0, {}
    with tempfile.TemporaryDirectory() as made:
        for row in rows(flags):
            if row.client in missing:
                continue
            try:
                lines = measured(row, flags.promptfoo or Path(made))
            except Unavailable as error:
                missing[row.client] = str(error)
                show((row.client, "-", "-", "-", "-", "-", f"left out: {error}"))
                continue
            for line in lines:
                show(line.cells())
                wrong += line.wrong
    print(
        f"{wrong} wrong and not said" if wrong else "no figure of the harness was wrong without its saying so"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
