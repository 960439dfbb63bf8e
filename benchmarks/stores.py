"""What each store takes to hold short chunks, and to find the ten nearest: time, memory, and what it misses.

    python benchmarks/stores.py [--chunks 100000] [--only memory,disk] [--shape clusters]
                                [--store 'pgvector {"api_key_env": "PGVECTOR"}'] [--small qdrant=20000]

Vectors of 384 numbers and length 1, drawn with a seed: around 1,000 centres, as embeddings of texts lie (`clusters`), or
anywhere (`noise`), where everything is nearly as far as everything else: the hardest there is for a graph, and no text
is like it. Each store is filled in a process of its own, and one that lasts is opened and searched in another, so
each has its own peak of memory, the part that is being added in it, and what a server takes not.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import registry
from harness.types.search import Query
from harness.types.trial import Passage

DIMENSIONS = 384
TOP_K = 10
PART = 100_000
"""Chunks of one `add`: the harness adds all that are new at once."""
CENTRES = 1_000
SPREAD = 0.7
STORES = (
    "memory {}",
    'disk {"engine": "usearch"}',
    'disk {"engine": "faiss"}',
    'qdrant {"path": "qdrant"}',
)
SLOWER = {"qdrant": 20_000}
"""Stores that are asked to hold less: the local mode of qdrant is made for trying it out."""


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Fulfils types.plugins.StoreKit."""

    home: Path
    name: str = "harness-benchmark"
    timeout_s: float = 600.0
    searches: int = 1

    def secret(self, variable: str) -> str | None:
        """From the environment, as the harness does."""
        return os.environ.get(variable)


def drawn(count: int, shape: str, seed: int) -> np.ndarray:
    """(count, DIMENSIONS) float32 of length 1."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    if shape == "clusters":
        centres = np.random.default_rng(0).standard_normal((CENTRES, DIMENSIONS), dtype=np.float32)
        found *= SPREAD
        found += centres[rng.integers(0, CENTRES, count)]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def parts(count: int, shape: str) -> Iterator[tuple[int, np.ndarray]]:
    """The vectors of all chunks, so many at a time, with the number of the first."""
    for start in range(0, count, PART):
        yield start, drawn(min(PART, count - start), shape, start + 2)


def queries(flags: argparse.Namespace) -> np.ndarray:
    """What is searched for: drawn like the chunks, and none of them."""
    return drawn(flags.queries, flags.shape, 1)


def chunk(number: int) -> Passage:
    """A short one."""
    text = (
        f"Ticket {number}: the parcel of order {number * 7919 % 100_003} arrived late, and the box was open."
    )
    return Passage(
        doc=f"d{number}", chunk=0, start=0, end=len(text), text=text, score=0.0, rank=0, meta={"team": number % 7}
    )  # fmt: skip


def exact(flags: argparse.Namespace) -> list[list[str]]:
    """The documents that are nearest to each query."""
    asked = queries(flags)
    best = np.empty((len(asked), 0), np.float32)
    numbers = np.empty((len(asked), 0), np.int64)
    for start, vectors in parts(flags.chunks, flags.shape):
        best = np.concatenate([best, asked @ vectors.T], axis=1)
        these = np.arange(start, start + len(vectors))
        numbers = np.concatenate([numbers, np.broadcast_to(these, (len(asked), len(vectors)))], axis=1)
        place = np.argpartition(-best, TOP_K - 1, axis=1)[:, :TOP_K]
        best, numbers = np.take_along_axis(best, place, axis=1), np.take_along_axis(numbers, place, axis=1)
    return [[f"d{number}" for number in row] for row in numbers]


def fill(store: Any, flags: argparse.Namespace) -> float:
    """Add all chunks; return how long the store took."""
    took_s = 0.0
    for start, vectors in parts(flags.chunks, flags.shape):
        chunks = [chunk(start + place) for place in range(len(vectors))]
        began_s = time.perf_counter()
        store.add(chunks, vectors)
        took_s += time.perf_counter() - began_s
    return took_s


def search(store: Any, flags: argparse.Namespace) -> dict[str, Any]:
    """Ask every query, after some that are not counted; return the times and what was found."""
    asked = [Query(text="", vector=tuple(row)) for row in queries(flags).tolist()]
    for query in asked[:20]:
        store.search(query, TOP_K)
    times_ms, found = [], []
    for query in asked:
        began_s = time.perf_counter()
        passages = store.search(query, TOP_K)
        times_ms.append(1000 * (time.perf_counter() - began_s))
        found.append([passage.doc for passage in passages])
    return {"times_ms": times_ms, "found": found}


def child(flags: argparse.Namespace) -> None:
    """Fill a store, or search it, or both where nothing of it lasts; print what it took as a line of JSON."""
    if flags.step == "exact":  # here as well: whoever starts a process hands it the peak of its own memory
        print(json.dumps({"found": exact(flags)}))
        return
    kind, _, options = flags.child.partition(" ")
    made = registry.load(registry.STORES, kind, what="store")(**json.loads(options or "{}"))
    began_s = time.perf_counter()
    store = made.open(Kit(home=Path.cwd()))
    told: dict[str, Any] = {"open_s": time.perf_counter() - began_s}
    if flags.step != "search":
        told["build_s"] = fill(store, flags)
    if flags.step != "fill":
        told |= search(store, flags)
    store.close()
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def asked_of(what: str, step: str, count: int, flags: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run one step in a process of its own, in the store's folder."""
    words = [
        "--child", what, "--step", step, "--chunks", str(count), "--shape", flags.shape,
        "--queries", str(flags.queries),
    ]  # fmt: skip
    command = [sys.executable, str(Path(__file__).resolve()), *words]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what}: {step} ended with {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def measured(what: str, count: int, flags: argparse.Namespace) -> dict[str, float]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what.startswith("memory"):
            filled = looked = asked_of(what, "both", count, flags, folder)
        else:
            filled = asked_of(what, "fill", count, flags, folder)
            looked = asked_of(what, "search", count, flags, folder)
        disk_mb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
    nearest = asked_of(what, "exact", count, flags, Path.cwd())["found"]
    hits = sum(len({*one} & {*best}) for one, best in zip(looked["found"], nearest, strict=True))
    p50_ms, p95_ms = np.percentile(looked["times_ms"], [50, 95], method="inverted_cdf")
    return {
        "chunks": count, "build_s": filled["build_s"], "build_mb": filled["peak_mb"],
        "search_mb": looked["peak_mb"], "disk_mb": disk_mb, "p50_ms": float(p50_ms), "p95_ms": float(p95_ms),
        "recall": hits / (TOP_K * flags.queries),
    }  # fmt: skip


def line(what: str, row: dict[str, float], first: dict[str, float] | None) -> str:
    """A row as it is read; a ratio to `memory` where that held as many chunks."""

    def ratio(key: str) -> str:
        known = first is not None and first["chunks"] == row["chunks"]
        return f"{row[key] / first[key]:>6.2f}" if known and first is not None else f"{'':>6}"

    return (
        f"{what:<29} {row['chunks']:>9,.0f} {row['build_s']:>8.1f}{ratio('build_s')} {row['build_mb']:>9,.0f}"
        f"{ratio('build_mb')} {row['search_mb']:>10,.0f}{ratio('search_mb')} {row['disk_mb']:>8,.0f}"
        f" {row['p50_ms']:>8.2f}{ratio('p50_ms')} {row['p95_ms']:>8.2f}{ratio('p95_ms')} {row['recall']:>7.3f}"
    )


def main() -> None:
    """Measure each store and print a table with the ratios to `memory`."""
    reads = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reads.add_argument("--chunks", type=int, default=100_000)
    reads.add_argument("--only", help="kinds of stores, by commas; left out: all that need no server")
    reads.add_argument("--shape", choices=("clusters", "noise"), default="clusters")
    reads.add_argument("--queries", type=int, default=400)
    reads.add_argument(
        "--store", action="append", default=[], help="another one: its kind, and its options as JSON"
    )
    reads.add_argument("--small", action="append", default=[], help="KIND=CHUNKS: let this one hold no more")
    reads.add_argument("--child", help=argparse.SUPPRESS)
    reads.add_argument("--step", help=argparse.SUPPRESS)
    flags = reads.parse_args()
    if flags.child:
        child(flags)
        return
    most = SLOWER | {kind: int(count) for kind, _, count in (one.partition("=") for one in flags.small)}
    wanted = flags.only and flags.only.split(",")
    stores = [one for one in (*STORES, *flags.store) if not wanted or one.partition(" ")[0] in wanted]
    first = None
    print(
        f"{'store':<29} {'chunks':>9} {'build s':>8}{'ratio':>6} {'build MB':>9}{'ratio':>6} {'search MB':>10}"
        f"{'ratio':>6} {'disk MB':>8} {'P50 ms':>8}{'ratio':>6} {'P95 ms':>8}{'ratio':>6} {'recall':>7}"
    )
    for what in stores:
        row = measured(what, min(flags.chunks, most.get(what.partition(" ")[0], flags.chunks)), flags)
        first = row if what.startswith("memory") else first
        print(line(what, row, first), flush=True)


if __name__ == "__main__":
    main()
