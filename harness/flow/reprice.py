"""What stored trials would cost at other prices: tokens are facts, prices are not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.calls.money import call_usd, total_usd
from harness.types.call import Attempt
from harness.types.experiment import Price
from harness.types.record import Record, StageTime


def reprice(records: Iterable[Record], prices: Mapping[str, Mapping[str, Price | None]]) -> Iterator[Record]:
    """Price every stage that called a model again; `prices` goes by variant and the model's name in the config.

    A stage whose cost was recorded or told keeps it, and so do one that failed and one whose model is not named.
    """
    for record in records:
        known = prices.get(record.variant, {})
        tries = _by_call(record.attempts)
        stages = tuple(_stage(stage, known, tries) for stage in record.stages)
        calls = [stage.cost_usd for stage in stages if stage.model is not None]
        yield record if stages == record.stages else replace(record, stages=stages, cost_usd=total_usd(calls))


def _by_call(attempts: Iterable[Attempt]) -> dict[str, list[list[Attempt]]]:
    """Stage → the attempts of each of its calls, in their order; the one that answers ends a call."""
    calls: dict[str, list[list[Attempt]]] = {}
    for attempt in attempts:
        of_stage = calls.setdefault(attempt.stage, [[]])
        if of_stage[-1] and of_stage[-1][-1].error is None:
            of_stage.append([])
        of_stage[-1].append(attempt)
    return calls


def _stage(
    stage: StageTime, prices: Mapping[str, Price | None], tries: dict[str, list[list[Attempt]]]
) -> StageTime:
    calls = tries.get(stage.name, [])
    attempts = calls.pop(0) if calls and stage.model is not None and not stage.cached else []
    told = stage.cost_told or stage.clock == "recorded"
    if stage.model is None or stage.model not in prices or told or (stage.ms is None and not stage.cached):
        return stage
    return replace(stage, cost_usd=call_usd(prices[stage.model], stage.usage, attempts))
