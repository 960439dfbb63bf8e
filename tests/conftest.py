"""A small run that never happened: manifest, records and judgements with a known pattern."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import settings

from harness.types.call import Usage
from harness.types.record import Outcome, Record, StageTime
from harness.types.run import Manifest, MetricInfo, Probe
from harness.types.score import Judgement

settings.register_profile("house", deadline=None)
settings.load_profile("house")  # a busy machine, or a library's first import, is no counterexample


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let a worker that is done take over from one that has the slow tests, which stand together."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


SIZES = {"golden": 80, "edge": 60}
TAGS = {"golden": ("billing", "shipping"), "edge": ("adversarial", "malformed", "out_of_domain")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What one variant of the made-up run tends to do."""

    layers: tuple[str, ...]
    golden: float
    edge: float
    slips: float
    """Share of answers that break the schema."""
    retrieves: bool = False
    generate_ms: float = 180.0
    input_tokens: int = 300


HABITS: Mapping[str, Habit] = {
    "prompt-only": Habit(layers=(), golden=0.46, edge=0.52, slips=0.20),
    "few-shot": Habit(layers=("fewshot",), golden=0.58, edge=0.55, slips=0.06, input_tokens=900),
    "rag": Habit(layers=("retrieve",), golden=0.74, edge=0.60, slips=0.18, retrieves=True, input_tokens=1400),
    "fine-tuned": Habit(
        layers=("model",), golden=0.70, edge=0.33, slips=0.0, generate_ms=90.0, input_tokens=120
    ),
    "rag+few-shot": Habit(
        layers=("retrieve", "fewshot"), golden=0.80, edge=0.62, slips=0.05, retrieves=True, input_tokens=2000
    ),
    "rag+fine-tuned": Habit(
        layers=("retrieve", "model"), golden=0.90, edge=0.42, slips=0.0, retrieves=True, generate_ms=110.0
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRun:
    """What `summarise` is given."""

    manifest: Manifest
    records: tuple[Record, ...]
    judgements: tuple[Judgement, ...]
    probes: tuple[Probe, ...]


def make_manifest(**changes: object) -> Manifest:
    """A manifest of the made-up run; any field can be given another value."""
    fields = {
        "id": "20260102T030405Z-support-desk-1a2b3c4d",
        "experiment": "support-desk",
        "config_file": "configs/support-desk.yaml",
        "config": {},
        "config_digest": "c" * 64,
        "evalset_digest": "e" * 64,
        "digests": {},
        "started_at": "2026-01-02T03:04:05Z",
        "seed": 7,
        "concurrency": 8,
        "timeout_s": 30.0,
        "control": "prompt-only",
        "layers": {name: habit.layers for name, habit in HABITS.items()},
        "plan": {name: dict(SIZES) for name in HABITS},
        "metrics": (
            MetricInfo(name="answer", scorer="json_fields", primary=True),
            MetricInfo(name="length", scorer="tokens", primary=False, judges="facts"),
        ),
        "live": dict.fromkeys(HABITS, True),
        "schema": {"type": "object"},
        "notes": ("Answers of a model that never was: for learning the tool; its prices are illustrative.",),
    }
    return Manifest(**{**fields, **changes})


def _trial(variant: str, partition: str, number: int, random: Random) -> tuple[Record, tuple[Judgement, ...]]:
    habit = HABITS[variant]
    generate_ms = habit.generate_ms * random.lognormvariate(0, 0.4)
    retrieve_ms = random.uniform(2, 6) if habit.retrieves else 0.0
    stages = (
        *((StageTime(name="retrieve", ms=retrieve_ms, clock="client"),) if habit.retrieves else ()),
        StageTime(
            name="generate", ms=generate_ms, clock="wire", model="m", cost_usd=habit.input_tokens * 4e-7
        ),
    )
    fails = random.random() < 0.012
    record = Record(
        variant=variant,
        partition=partition,
        example_id=f"{partition}-{number}",
        tags=(TAGS[partition][number % len(TAGS[partition])],),
        outcome=Outcome(kind="failed" if fails else "answered", text=None if fails else f"answer {number}"),
        latency_ms=None if fails else generate_ms + retrieve_ms,
        elapsed_ms=None if fails else generate_ms + retrieve_ms + 0.4,
        stages=() if fails else stages,
        usage=None
        if fails
        else Usage(
            input_tokens=habit.input_tokens, cached_input_tokens=0, cache_write_tokens=0, output_tokens=60
        ),
        cost_usd=None if fails else habit.input_tokens * 4e-7,
    )
    slipped = random.random() < habit.slips
    value = 0.0 if slipped else float(random.random() < getattr(habit, partition))
    key = {"variant": variant, "partition": partition, "example_id": record.example_id, "repeat": 0}
    if fails:
        return record, ()
    return record, (
        Judgement(**key, metric="answer", value=value),
        Judgement(**key, metric="length", value=float(random.randint(40, 90))),
        Judgement(
            **key,
            metric="schema",
            value=float(not slipped),
            label="fenced" if slipped else None,
            parts={"lenient": 1.0},
        ),
    )


def _trials() -> Iterator[tuple[Record, tuple[Judgement, ...]]]:
    random = Random(7)
    for variant in HABITS:
        for partition, size in SIZES.items():
            for number in range(size):
                yield _trial(variant, partition, number, random)


@pytest.fixture(scope="session")
def made_run() -> MadeRun:
    """Six variants on 80 golden and 60 edge examples: retrieval wins on golden, tuning loses on edge."""
    trials = list(_trials())
    lags = tuple(Random(1).uniform(0, 3) for _ in range(200))
    return MadeRun(
        manifest=make_manifest(),
        records=tuple(record for record, _ in trials),
        judgements=tuple(judgement for _, judged in trials for judgement in judged),
        probes=(
            Probe(at="2026-01-02T03:04:06Z", loop_lag_ms=lags, start_to_send_ms=(0.8, 1.1, 1.4), in_flight=8),
        ),
    )
