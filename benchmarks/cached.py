"""How long the whole of a second, cached run takes, from the start of the command to its end.

    python benchmarks/cached.py [--examples 2000] [--variants 5]

The first run asks a server that answers at once and keeps every answer; the second one finds all of them. Ends with 1
where the second took longer than LIMIT_S, asked the server, or reports a latency.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT_S = 20.0
CONFIG = """
name: cached
evalset: evalset
concurrency: 32
models:
  zero: {{provider: openai, model: zero, base_url: "{url}", temperature: 0,
         price: {{input_usd_per_mtok: 1, cached_input_usd_per_mtok: 0.5, output_usd_per_mtok: 2}}}}
variants:
"""
VARIANT = '  v{number}: {{prompt: {{system: system-{number}.md, user: "{{{{ ticket }}}}"}}, model: zero}}\n'
METRICS = "metrics: [exact]\n"


def experiment(folder: Path, url: str, flags: argparse.Namespace) -> Path:
    """Write one of examples × variants trials."""
    (folder / "evalset").mkdir()
    with (folder / "evalset" / "golden.jsonl").open("w") as lines:
        for number in range(flags.examples):
            row = {
                "id": f"g-{number}",
                "inputs": {"ticket": f"Ticket {number}: it is late."},
                "expected": "x",
            }
            lines.write(json.dumps(row) + "\n")
    text = CONFIG.format(url=url)
    for number in range(flags.variants):
        (folder / f"system-{number}.md").write_text(f"You route tickets, in manner {number}.")
        text += VARIANT.format(number=number)
    config = folder / "cached.yaml"
    config.write_text(text + METRICS)
    return config


def run(config: Path) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole command, and its summary."""
    out = ["--out", str(config.parent / "results"), "--cache", "on", "--quiet", "--json"]
    command = [sys.executable, "-m", "harness", "run", str(config), *out]
    began_s = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - began_s, json.loads(done.stdout)


def is_cached(summary: dict[str, Any], examples: int) -> bool:
    """True where every counted trial was answered from the cache, and no latency is told."""
    parts = [part for v in summary["variants"].values() for part in v["partitions"].values()]
    return all(
        part["latency"]["n_live"] == 0
        and part["latency"]["n_cached"] == examples
        and part["latency"]["p50_ms"] is None
        and part["latency"]["p95_ms"] is None
        for part in parts
    )


def main() -> int:
    """Run twice, print, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=5)
    flags = parser.parse_args()
    server = Path(__file__).with_name("zero_server.py")
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
    ):
        assert child.stdin
        assert child.stdout
        url = f"http://127.0.0.1:{child.stdout.readline().strip()}/v1"
        try:
            config = experiment(Path(folder), url, flags)
            first_s, _ = run(config)
            second_s, summary = run(config)
        finally:
            child.stdin.close()
    cached = is_cached(summary, flags.examples)
    print(f"{flags.examples * flags.variants:,} trials, whole command")
    print(f"{'first':8}{first_s:>8.1f} s")
    print(f"{'cached':8}{second_s:>8.1f} s (limit {LIMIT_S:g} s)")
    print(f"ratio {second_s / first_s:.2f}; {'no latency is told' if cached else 'NOT ALL FROM THE CACHE'}")
    return int(second_s > LIMIT_S or not cached)


if __name__ == "__main__":
    sys.exit(main())
