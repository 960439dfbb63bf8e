"""The running part of a run: from trials to lines in the ledger, until done, stopped or out of time."""

import asyncio
import hashlib
import signal
import statistics
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from harness.calls.budget import Budget
from harness.calls.halt import Halt
from harness.calls.keys import KEYS
from harness.calls.meter import Scale
from harness.calls.pace import FIRST_SLOTS, Pace
from harness.calls.traffic import Junction
from harness.cli.looks import Looks
from harness.cli.prepare import Prepared
from harness.cli.voice import say
from harness.errors import Abandoned, Fault, UsageError
from harness.files.answers import open_answers
from harness.files.embeddings import KeptEmbeddings
from harness.files.keyed import KeyedFile
from harness.files.ledger import Ledger
from harness.flow.assemble import Works, assemble
from harness.flow.execute import execute
from harness.flow.pipeline import pipeline
from harness.flow.watch import watch
from harness.types.line import Line
from harness.types.record import Entry
from harness.types.trial import Trial

GAP_S = 0.001
LONGEST_RAMP_S = 2.0
ANSWERS = "answers.sqlite"
INDEXES = "indexes"
EMBEDDINGS = "embeddings.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run may take before it stops; None for no bound."""

    max_time_s: float | None = None
    max_cost_usd: float | None = None
    """Of the whole run, the parts before a resume among it."""


async def drive(
    prepared: Prepared,
    todo: Sequence[Trial],
    ledger: Ledger,
    seen: Callable[[Entry], None],
    bounds: Bounds,
) -> Halt:
    """Run what is left. Every finished trial is in the ledger before `seen` hears of it."""
    halt = Halt()
    scale = Scale()
    budget = _budget(halt, bounds, ledger)
    junction = Junction(halt, budget)
    async with AsyncExitStack() as closing:
        closing.callback(budget.close)
        _listen(halt, closing, bounds.max_time_s)
        home = ledger.folder.parent / INDEXES
        works = Works(
            scale=scale,
            junction=junction,
            closing=closing,
            answers=_answers(prepared, ledger, closing),
            kept=KeptEmbeddings(home / EMBEDDINGS, closing, say),
            home=home,
            hear=say,
        )
        try:
            lines = await _opened(prepared, {trial.variant for trial in todo}, works, ledger)
        except Abandoned:
            return halt  # stopped while an index was built
        ledger.point_latest()
        examples = prepared.examples()
        seed = prepared.experiment.seed

        async def run(trial: Trial) -> Entry:
            example = examples[trial.example_id]
            return await pipeline(lines[trial.variant], trial, example, trial_seed(seed, trial))

        live = any(line.live for line in lines.values())
        calls = live and prepared.experiment.cache.mode not in ("on", "read")
        pace = Pace(concurrency=prepared.experiment.concurrency, gap_s=GAP_S if calls else 0.0)
        warm = [trial for trial in todo if trial.warmup]
        async with aclosing(execute(warm, run, replace(pace, gap_s=0.02), halt.stop)) as warming:
            ramp_s = await _warmed_up(warming, ledger)
        scale.take()  # a first call imports and connects: that is what warm-ups are for
        junction.begin()
        pace = replace(pace, ramp_s=ramp_s, slots=min(FIRST_SLOTS, pace.concurrency) if calls else 0)
        looks = Looks(prepared, ledger)
        for look, part in looks.segments([trial for trial in todo if not trial.warmup]):
            ending = execute(looks.asked(part), run, pace, halt.stop)
            async with _watched(scale, pace, ledger), aclosing(ending):
                async for entry in ending:
                    ledger.append(entry)
                    seen(entry)
                    looks.hear(entry)
            await looks.counted()
            if halt.stop.is_set():
                break
            await looks.take(look)
    return halt


@asynccontextmanager
async def _watched(scale: Scale, pace: Pace, ledger: Ledger) -> AsyncIterator[None]:
    """Watch the harness itself for as long as trials run; a look between them is none of its doing."""
    watching = asyncio.create_task(watch(scale, pace, ledger.note))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _opened(
    prepared: Prepared, names: Collection[str], works: Works, ledger: Ledger
) -> Mapping[str, Line]:
    """Every stage of these variants, open. What an index took is written down, whatever comes after it."""
    variants = [variant for variant in prepared.experiment.variants if variant.name in names]
    try:
        return await assemble(prepared.experiment, prepared.evalset, variants, works)
    finally:
        for report in works.indexes.values():
            ledger.note_index(report)


def _budget(halt: Halt, bounds: Bounds, ledger: Ledger) -> Budget:
    """What is left to spend. Raises UsageError where it is not known what the run has spent before."""
    spend = ledger.spend()
    journal = partial(ledger.hold, lost_usd=spend.lost_usd)
    if bounds.max_cost_usd is None:
        if spend.lost_usd:  # what this part of the run spends must not be taken for it
            journal(spend.spent_at_most_usd or 0.0)
        return Budget(halt)
    if spend.spent_at_most_usd is None:
        what = "what some of its trials have cost is unknown, so no budget can be kept"
        raise UsageError(Fault(where=ledger.run_id, what=what, next="resume without --max-cost"))
    return Budget(halt, bounds.max_cost_usd, spend.spent_at_most_usd, journal)


def _answers(prepared: Prepared, ledger: Ledger, closing: AsyncExitStack) -> KeyedFile | None:
    """The response cache, beside the run folders; let go of after everything that writes to it."""
    if prepared.experiment.cache.mode == "off":
        return None
    answers = open_answers(ledger.folder.parent / ANSWERS, redact=KEYS.redacted_data, tell=say)
    closing.push_async_callback(answers.close)
    return answers


async def _warmed_up(warming: AsyncIterator[Entry], ledger: Ledger) -> float:
    """Keep the warm-ups, and tell over how many seconds the first starts are best spread: about one answer's time."""
    times: list[float] = []
    async for entry in warming:
        ledger.append(entry)
        if entry.record.latency_ms is not None:
            times.append(entry.record.latency_ms / 1000)
    return min(LONGEST_RAMP_S, statistics.median(times)) if times else 0.0


def trial_seed(seed: int, trial: Trial) -> int:
    """One seed for an example and repeat, the same for every variant: 31 bits."""
    text = f"{seed}\x00{trial.example_id}\x00{trial.repeat}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF


def _listen(halt: Halt, closing: AsyncExitStack, max_time_s: float | None) -> None:
    """First Ctrl-C: start nothing more. Second: leave at once. SIGTERM is a first Ctrl-C."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def hear() -> None:
        if halt.interrupted and task is not None:
            task.cancel()
            return
        halt.interrupted = True
        halt.stop.set()
        say("\nstopping: calls in flight may end, nothing new starts; Ctrl-C again leaves at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, hear)
            closing.callback(loop.remove_signal_handler, number)

    def expire() -> None:
        halt.because(f"--max-time {max_time_s:g} s is over")

    if max_time_s is not None:
        closing.callback(loop.call_later(max_time_s, expire).cancel)
