"""What stored trials would cost at other prices: tokens are facts, prices are not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.calls.money import call_usd, total_usd
from harness.types.experiment import Price
from harness.types.record import Record, StageTime


def reprice(records: Iterable[Record], prices: Mapping[str, Mapping[str, Price | None]]) -> Iterator[Record]:
    """Price every stage that called a model again; `prices` goes by variant and the model's name in the config.

    A stage whose cost was recorded or told keeps it, and so do one that failed and one whose model is not named.
    """
    for record in records:
        known = prices.get(record.variant, {})
        stages = tuple(_stage(stage, known, record) for stage in record.stages)
        calls = [stage.cost_usd for stage in stages if stage.model is not None]
        yield record if stages == record.stages else replace(record, stages=stages, cost_usd=total_usd(calls))


def _stage(stage: StageTime, prices: Mapping[str, Price | None], record: Record) -> StageTime:
    told = stage.cost_told or stage.clock == "recorded"
    if stage.model is None or stage.model not in prices or told or (stage.ms is None and not stage.cached):
        return stage
    attempts = [attempt for attempt in record.attempts if attempt.stage == stage.name]
    return replace(stage, cost_usd=call_usd(prices[stage.model], stage.usage, attempts))
