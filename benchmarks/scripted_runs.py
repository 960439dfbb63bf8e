"""Many small runs of `harness run` in one process, against scripted_server.py in another."""

import gc
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from scripted_server import Law, Load

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven")
FIELDS = ("one", "two", "three")
SCHEMA = {
    "type": "object",
    "required": list(FIELDS),
    "properties": {key: {"type": "string"} for key in FIELDS},
    "additionalProperties": False,
}
INPUT_USD_PER_MTOK, OUTPUT_USD_PER_MTOK = 100.0, 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is run for each seed, beside the seed."""

    models: Mapping[str, str]
    """Variant → the model that it asks."""
    sizes: Mapping[str, int] = field(default_factory=lambda: {"golden": 100})
    """Partition → examples, drawn anew for each seed."""
    repeats: int = 1
    concurrency: int = 16
    gates: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that has ended."""

    code: int
    folder: Path
    summary: Mapping[str, Any]


class Server:
    """scripted_server.py as a child."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        """Read the port that it prints first."""
        assert child.stdin
        assert child.stdout
        self._asks, self._tells = child.stdin, child.stdout
        self.url = f"http://127.0.0.1:{self._tells.readline().strip()}/v1"

    def account(self) -> Mapping[str, list[list[float]]]:
        """Model → planned and served times since the last account, in milliseconds, warm-ups among them."""
        self._asks.write("\n")
        self._asks.flush()
        return json.loads(self._tells.readline())


@contextmanager
def serving(laws: Mapping[str, Law], load: Load | None = None) -> Iterator[Server]:
    """A server that keeps to these laws, as long as it is needed."""
    told = {"laws": {name: asdict(law) for name, law in laws.items()}, "load": load and asdict(load)}
    command = [sys.executable, str(Path(__file__).with_name("scripted_server.py")), json.dumps(told)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Server(child)
        finally:
            assert child.stdin
            child.stdin.close()


def ran(folder: Path, url: str, design: Design, seed: int, *words: str) -> Ended:
    """Write the seed's experiment and evalset into a folder, where nothing else is left, run it, read what it came to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write_evalset(folder / "rows", design, seed)
    config = folder / "scripted.json.yaml"
    config.write_text(json.dumps(_config(url, design, seed)))
    code = harness("run", str(config), "--out", str(folder / "results"), "--quiet", *words)
    found = next((folder / "results").glob("*/summary.json"))
    return Ended(code=code, folder=found.parent, summary=json.loads(found.read_text()))


def harness(*words: str) -> int:
    """The whole command, as the shell would call it, in this process; its exit code. What it says is shown if it goes wrong."""
    from harness.cli.app import main

    said, path = io.StringIO(), list(sys.path)
    gc.freeze()  # a run collects garbage as it begins: what stands already need not be gone through each time
    try:
        with patch.object(sys, "argv", ["harness", *words]), redirect_stdout(said), redirect_stderr(said):
            main()
    except SystemExit as ended:
        if ended.code not in (0, 1, 3):
            raise RuntimeError(
                f"harness {' '.join(words)} ended with {ended.code}: {said.getvalue()}"
            ) from None
        return int(ended.code)
    finally:
        sys.path[:] = path


def _config(url: str, design: Design, seed: int) -> dict[str, Any]:
    price = {"input_usd_per_mtok": INPUT_USD_PER_MTOK, "output_usd_per_mtok": OUTPUT_USD_PER_MTOK}
    return {
        "name": "scripted",
        "evalset": "rows",
        "seed": seed,
        "repeats": design.repeats,
        "concurrency": design.concurrency,
        "retries": 0,
        "models": {
            name: {"provider": "openai", "model": name, "base_url": url, "price": price}
            for name in sorted(set(design.models.values()))
        },
        "variants": {
            variant: {"prompt": {"user": "{{ question }}"}, "model": model}
            for variant, model in design.models.items()
        },
        "metrics": [{"name": "answer", "scorer": "json_fields", "primary": True}],
        "gates": list(design.gates),
    }


def _write_evalset(folder: Path, design: Design, seed: int) -> None:
    folder.mkdir()
    (folder / "output.schema.json").write_text(json.dumps(SCHEMA))
    for partition, count in {**design.sizes, "train": 1}.items():
        rows = (_row(f"{seed}-{partition}-{number:03}") for number in range(count))
        (folder / f"{partition}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _row(id_: str) -> dict[str, Any]:
    draw = Random(id_)
    wanted = {name: draw.choice(WORDS) for name in FIELDS}
    row = {"id": id_, "inputs": {"question": f"{id_} {json.dumps(wanted)}"}, "expected": wanted}
    return row | ({"tags": ["adversarial"]} if "-edge-" in id_ else {})


def seeds(text: str) -> range:
    """Read `1-100`, or one seed."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def each(chosen: Iterable[int], keep: Path | None, one: Callable[[int], Any]) -> Iterator[Any]:
    """What `one` makes of every seed, as JSON has it. With a file: a line a seed, and those that it has are not made again."""
    kept = {}
    if keep is not None and keep.exists():
        kept = dict(json.loads(line) for line in keep.read_text().splitlines())
    for number, seed in enumerate(chosen, 1):
        if seed not in kept:
            kept[seed] = json.loads(json.dumps(one(seed)))
            if keep is not None:
                with keep.open("a") as lines:
                    lines.write(json.dumps([seed, kept[seed]]) + "\n")
        if number % 20 == 0:
            gc.unfreeze()
            gc.collect()
        if number % 50 == 0:
            print(f"{number} runs", file=sys.stderr, flush=True)
        yield kept[seed]


def fewest_hits(runs: int, bar: float, false_alarm: float | None = None) -> int:
    """The fewest hits of `runs` that keep the bar.

    With a false alarm's chance P: the most of which a rate of just the bar falls short with a chance of P at most.
    """
    from math import ceil

    from scipy.stats import binom

    return ceil(bar * runs - 1e-9) if false_alarm is None else int(binom.ppf(false_alarm, runs, bar))


def show(cells: Sequence[str], widths: Sequence[int]) -> None:
    """Print one line of a table at once: the whole takes long."""
    ahead = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
    print(f"{ahead}{'  '.join(cells[len(widths) :])}", flush=True)
