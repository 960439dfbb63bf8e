"""Runs that never happened, with everything in them that a run can hold, written to disk and summarised."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from harness.cli.beside import Beside
from harness.cli.conclude import settle
from harness.files.ledger import Ledger
from harness.types.call import Usage
from harness.types.comparison import Baseline
from harness.types.evalset import Example
from harness.types.experiment import EDGE_REGRESSION, Gate
from harness.types.record import Entry, Outcome, Record, Retrieved, StageTime
from harness.types.run import Manifest, MetricInfo, Probe
from harness.types.score import Judgement
from harness.types.search import IndexReport
from harness.types.summary import Look

NOON = "2026-01-02T12:00:00Z"
INDEX = IndexReport(
    index="i", variants=("rag",), stage="retrieve", store="memory", documents=12, chunks=12, cut=2, model="m",
    cost_usd=0.003, spent_at_most_usd=0.003,
)  # fmt: skip
SIZES = {"golden": 52, "edge": 24}
TAGS = {"golden": ("billing", "shipping"), "edge": ("adversarial", "malformed", "out_of_domain")}
DOCUMENTS = tuple(f"doc-{number}" for number in range(12))
VARIANTS = {
    "plain": (),
    "rag": ("retrieve",),
    "streamed": ("model",),
    "app": ("model",),
    "recorded": ("recorded",),
    "rag (closed-book)": (),
    "rag (oracle)": ("retrieve",),
}
METRICS = (
    MetricInfo(name="answer", scorer="json_fields", primary=True, lenient=True),
    MetricInfo(name="length", scorer="tokens", primary=False, judges="facts", better="lower"),
    MetricInfo(name="unknown", scorer="abstention", primary=False, judges="outcome"),
    MetricInfo(name="cited", scorer="citations", primary=False),
    MetricInfo(name="odd", scorer="python:x:y", primary=False, judges="facts", better=None),
)
GATES = (
    Gate(metric="answer", at_least=0.6),
    Gate(metric="answer", partition="edge", versus="control", margin=0.1),
    Gate(metric="answer", versus="control"),
    Gate(metric="length", versus="plain", margin=5.0, advisory=True),
    Gate(metric="schema_failure_rate", certify_below=0.2, inconclusive="fail"),
    Gate(metric="schema_failure_rate", partition="edge", at_most=0.3),
    Gate(metric="latency_p95_ms", at_most=400.0, inconclusive="fail"),
    Gate(metric="latency_p50_ms", at_most=150.0, judge="point"),
    Gate(metric="latency_p95_ms", stage="generate", at_most=390.0),
    Gate(metric="latency_p50_ms", versus="control", margin=20.0),
    Gate(metric="first_token_p95_ms", at_most=90.0, inconclusive="pass"),
    Gate(metric="cost_usd_per_1k", at_most=0.4),
    Gate(metric="answer", versus="control", margin=0.01, judge="point", advisory=True),
    Gate(metric="answer", at_least=0.4, judge="point"),
    Gate(metric="coverage", at_least=0.9),
    Gate(metric=EDGE_REGRESSION, partition="edge", margin=0.05),
    Gate(metric="odd", versus="control", margin=1.0, variant="rag"),
)


def manifest(**changes: Any) -> Manifest:
    """Of the made-up run; any field may be given another value."""
    repeats = changes.pop("repeats", 2)
    plan = {name: {part: size * repeats for part, size in SIZES.items()} for name in VARIANTS}
    fields = {
        "id": "20260102T030405Z-made-1a2b3c4d", "experiment": "made", "config_file": "made.yaml", "config": {},
        "config_digest": "c" * 64, "evalset_digest": "e" * 64, "digests": {}, "started_at": "2026-01-02T03:04:05Z",
        "seed": 7, "concurrency": 8, "timeout_s": 0.5, "control": "plain", "layers": VARIANTS, "plan": plan,
        "metrics": METRICS, "live": {name: name != "recorded" for name in VARIANTS}, "schema": {"type": "object"},
        "notes": ("It never happened.",), "gates": GATES, "candidates": ("rag", "streamed", "app"), "alpha": 0.1,
        "repeats": repeats, "aid": {"rag (closed-book)": "closed-book", "rag (oracle)": "oracle"},
        "aided": {"rag": {"closed-book": "rag (closed-book)", "oracle": "rag (oracle)"}},
        "absent": {"rag": (DOCUMENTS[0], DOCUMENTS[1])}, "stages": {"rag": ("retrieve", "rerank", "generate")},
        "selection": {"limit": None, "set": [], "partitions": None, "gate": True, "only": None},
    }  # fmt: skip
    return Manifest(**{**fields, **changes})


def examples() -> dict[str, tuple[str, Example]]:
    """By id, each with its partition."""
    found = {}
    for partition, size in SIZES.items():
        for number in range(size):
            relevant = DOCUMENTS[number % 7 : number % 7 + number % 3]
            id_ = f"{partition[0]}-{number:03}"
            found[id_] = partition, Example(
                id=id_, inputs={"q": str(number)}, expected="x", tags=(TAGS[partition][number % len(TAGS[partition])],),
                relevant=relevant, grades=dict.fromkeys(relevant, 2) if number % 4 == 0 else {},
                accept_refusal=number % 11 == 0, digest=f"{number:064x}",
            )  # fmt: skip
    return found


def record(random: Random, variant: str, partition: str, example: Example, repeat: int) -> Record:
    """One trial, in any of the shapes that there are."""
    kind = random.choices(("answered", "refused", "truncated", "timed_out", "failed"), (86, 4, 4, 3, 3))[0]
    came = kind in ("answered", "refused", "truncated")
    cached = came and variant == "plain" and random.random() < 0.2
    stages = tuple(_stages(random, variant, kind, cached=cached))
    own = [stage for stage in stages if stage.within is None]
    timed = came and not cached and all(stage.ms is not None for stage in own)
    latency_ms = sum(stage.ms for stage in own) if timed else 500.0 if kind == "timed_out" else None
    costs = [stage.cost_usd for stage in own if stage.model is not None]
    return Record(
        variant=variant, partition=partition, example_id=example.id, tags=example.tags, repeat=repeat,
        outcome=Outcome(
            kind=kind, text=_text(random, example.id) if came else None,
            error=None if came else {"type": kind, "message": f"gone {random.randint(1, 8)}", "status": random.choice((None, 500))},
        ),
        started_at="2026-01-02T03:05:00Z", latency_ms=latency_ms,
        elapsed_ms=None if latency_ms is None or variant == "recorded" else latency_ms + random.uniform(-0.2, 2),
        stages=stages, cached=cached, cost_usd=None if None in costs else sum(costs),
        first_token_ms=random.uniform(20, 90) if variant == "streamed" and timed else None,
        usage=_usage(random) if came else None, retrieved=tuple(_retrieved(random, variant, example)),
        spent_usd=0.0 if cached else random.choice((None, 0.001, 0.002)), spent_at_most_usd=random.uniform(0.002, 0.004),
        request={"messages": "d" * 64 if came else None, "dropped": ["top_k"] if random.random() < 0.02 else []},
        input_characters={"prompt": random.randint(50, 90), "fewshot": 0, "context": random.randint(0, 900)} if came else None,
    )  # fmt: skip


def _text(random: Random, id_: str) -> str:
    return random.choice((f'{{"a": 1, "b": "{id_}"}}', f'{{"b": "{id_.upper()}",  "a": 1}}', "no idea", id_))


def _usage(random: Random) -> Usage:
    return Usage(
        input_tokens=random.randint(100, 900), cached_input_tokens=random.choice((None, 0, 64)), cache_write_tokens=0,
        output_tokens=random.randint(5, 80), reasoning_tokens=random.choice((None, 3)),
    )  # fmt: skip


def _stages(random: Random, variant: str, kind: str, *, cached: bool) -> list[StageTime]:
    """In order; the last one never ended where no answer came."""
    clock = {"recorded": "recorded", "app": "client"}.get(variant, "wire")
    found = []
    if variant.startswith("rag"):
        search_ms = random.uniform(2, 9)
        found.append(StageTime(name="retrieve", ms=search_ms, clock="client"))
        found.append(
            _call(random, "rerank", random.uniform(10, 40) * (8 if random.random() < 0.1 else 1), "wire")
        )
        if random.random() < 0.1:
            found.append(_call(random, "rerank", random.choice((None, 12.0)), "wire"))
    came = kind in ("answered", "refused", "truncated")
    ms = random.lognormvariate(4.8, 0.4) if came and not cached else 500.0 if kind == "timed_out" else None
    found.append(
        replace(_call(random, "generate", ms, clock), cached=cached, usage=_usage(random) if came else None)
    )
    if variant == "app" and ms is not None:
        found.append(StageTime(name="parse", ms=ms / 3, clock="client", within="generate", cost_usd=1e-5))
        found.append(StageTime(name="retrieve", ms=ms / 4, clock="client", within="generate"))
    return found


def _call(random: Random, name: str, ms: float | None, clock: str) -> StageTime:
    usd = None if random.random() < 0.003 else random.uniform(1e-4, 4e-4)
    return StageTime(name=name, ms=ms, clock=clock, model=f"m-{name}", cost_usd=usd)


def _retrieved(random: Random, variant: str, example: Example) -> list[Retrieved]:
    if not variant.startswith("rag") or random.random() < 0.05:
        return []
    found = random.sample(DOCUMENTS[1:], 4)
    order = random.sample(range(4), 4)
    return [
        Retrieved(
            doc=found[place], chunk=0, start=0, end=9, score=1.0 - place, rank=rank, used=rank <= 3, text="t" * 64,
            found_rank=place + 1,
        )
        for rank, place in enumerate(order, 1)
    ]  # fmt: skip


def judgements(random: Random, one: Record, skill: Mapping[str, float]) -> list[Judgement]:
    """What every metric says of one record."""
    key = {
        "variant": one.variant,
        "partition": one.partition,
        "example_id": one.example_id,
        "repeat": one.repeat,
    }
    if not one.outcome.came:
        return [
            Judgement(**key, metric=metric, value=None, why=one.outcome.kind)
            for metric in ("schema", "answer")
        ]
    right = random.random() < skill[one.partition]
    valid = random.random() < 0.9
    return [
        Judgement(
            **key, metric="schema", value=float(valid), label=None if valid else random.choice(("fenced", "invalid", "new")),
            parts={"lenient": float(valid or random.random() < 0.5)},
        ),
        Judgement(**key, metric="answer", value=random.choice((0.5, 0.75, 1.0)) if right else 0.0, parts={"a": 0.1}),
        Judgement(**key, metric="length", value=float(random.randint(3, 60))),
        Judgement(
            **key, metric="unknown", value=float(random.random() < 0.8),
            label=random.choice(("abstained", "abstained wrongly", "answered", None)),
        ),
        Judgement(**key, metric="cited", value=0.5, label=random.choice(("sound", "uncited", "fabricated", None))),
        Judgement(
            **key, metric="odd", value=None if random.random() < 0.1 else random.uniform(-3, 3),
            why="scorer error: ValueError: no" if random.random() < 0.5 else "",
        ),
    ]  # fmt: skip


def write(
    root: Path,
    seed: int,
    told: Manifest | None = None,
    *,
    baseline: Baseline | None = None,
    looks: tuple[Look, ...] = (),
) -> Ledger:
    """Write a whole run, and its summary; of a variant that a look stopped, every other trial."""
    random, told = Random(seed), told or manifest()
    rows = examples()
    ledger = Ledger.create(root, told, rows.values())
    skills = {name: {part: random.uniform(0.3, 0.9) for part in SIZES} for name in VARIANTS}
    lines = records(random, told, {look.variant for look in looks if look.stops})
    with ledger:
        for one in lines:
            ledger.append(Entry(record=one))
        for number in range(40):
            lags = tuple(random.expovariate(2 if seed % 2 else 0.3) for _ in range(20))
            sends = (0.5, 1.5)
            ledger.note(Probe(at=NOON, loop_lag_ms=lags, start_to_send_ms=sends, in_flight=number % 9))
        ledger.note_index(INDEX)
        ledger.hold(10.0, 0.25)
        for look in looks:
            ledger.note_look(look)
    made = {one.key: one for one in lines if not one.warmup}
    ledger.write_scores(
        judged for one in made.values() for judged in judgements(random, one, skills[one.variant])
    )
    summarised(ledger, told, baseline)
    return ledger


def records(random: Random, told: Manifest, stopped: set[str]) -> list[Record]:
    """A warm-up a variant, every trial in any order, and twenty of them once more."""
    rows = examples()
    lines = []
    for variant in VARIANTS:
        lines.append(replace(record(random, variant, "golden", rows["g-000"][1], 0), warmup=True))
        asked = list(rows.values())[:: 2 if variant in stopped else 1]
        lines += [
            record(random, variant, partition, example, repeat)
            for partition, example in asked
            for repeat in range(told.repeats)
        ]
    random.shuffle(lines)
    again = [one for one in lines[:20] if not one.warmup]
    return lines + [
        record(random, one.variant, one.partition, rows[one.example_id][1], one.repeat) for one in again
    ]


def summarised(ledger: Ledger, told: Manifest, baseline: Baseline | None = None) -> None:
    """Write summary.json of what lies there."""
    settle(ledger, told, ledger.records, "2026-01-02T03:09:00+00:00", Beside(baseline=baseline))
