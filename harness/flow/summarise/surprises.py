"""What nobody expects to wait or to pay for: a stage that stands out, an input that is too large, an index too big."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from harness.calls.money import cost_usd
from harness.flow.summarise.cells import Cell
from harness.stats.columns import ASKED, INPUT_PARTS
from harness.stats.surprises import Surprise, surprises
from harness.text.figures import count, figure, percent
from harness.types.call import Usage
from harness.types.experiment import Price, Tier
from harness.types.figures import ContextSize, PartitionSummary
from harness.types.run import Manifest
from harness.types.search import IndexReport
from harness.types.summary import Notice

LARGE_INPUT_TOKENS = 50_000
MANY_CHUNKS = 200_000
"""Above it an exact search through all vectors is no longer quick."""
LEAST_P50_MS = 1.0
"""A ratio to less tells of the grain of timers."""


def surprise_notices(manifest: Manifest, cell: Cell, part: PartitionSummary) -> Iterator[Notice]:
    """What surprises in one variant on one partition."""
    answering = {"generate", *cell.stages["name"][cell.stages["answers"]].unique()}
    told = [("latency_surprise", _stands_out(one)) for one in surprises(part.latency, answering)]
    p95 = part.context.input_tokens_p95 if part.context else None
    if part.context and p95 is not None and p95 > LARGE_INPUT_TOKENS:
        told.append(("large_context", _too_large(part.context, _input_usd(manifest, cell), manifest)))
    for code, message in told:
        yield Notice(code=code, message=message, variant=cell.variant, partition=cell.partition)


def index_notices(indexes: Sequence[IndexReport]) -> Iterator[Notice]:
    """What is wrong with an index, whoever searches it; of several starts of a run the last one speaks."""
    last = {report.index: report for report in indexes}
    for report in last.values():
        cut = sum(one.cut for one in indexes if one.index == report.index)
        whose = ", ".join(report.variants)
        if cut:
            message = (
                f"{whose}: the embedding model read only the beginning of {count(cut)} of {count(report.chunks)} "
                f"chunks ({report.stage}): make chunks smaller"
            )
            yield Notice(code="texts_cut", message=message)
        if report.store == "memory" and report.model is not None and report.chunks > MANY_CHUNKS:
            message = (
                f"{whose}: {count(report.chunks)} chunks in memory, each compared with every query; above "
                f"{count(MANY_CHUNKS)} say store: disk"
            )
            yield Notice(code="index_large", message=message)


def _stands_out(one: Surprise) -> str:
    """The stage, and by what: its tail, its share of the time, or both. Beside no time at all, any ratio is large."""
    share = f"takes {percent(one.share, 0)} % of the time of all stages, more than any other"
    if one.tail is None:
        return f"{one.stage} {share} (P50 {figure(one.p50_ms)} ms)"
    ratio = f"{one.p95_ms / one.p50_ms:.1f} times" if one.p50_ms >= LEAST_P50_MS else "far above"
    tail = (
        f"{one.stage}: P95 is {ratio} its P50 ({figure(one.p95_ms)} beside {figure(one.p50_ms)} ms), and the difference "
        f"is {percent(one.tail, 0)} % of the end-to-end P95"
    )
    return tail if one.share is None else f"{tail}; it {share}"


def _too_large(size: ContextSize, usd: float | None, manifest: Manifest) -> str:
    parts = [f"{part} {count(tokens)}" for part in INPUT_PARTS if (tokens := size.parts.get(part))]
    made = f" (on average {', '.join(parts)})" if parts else ""
    large = f"P95 of the input is {count(size.input_tokens_p95)} tokens{made}"
    if usd is None:
        return f"{large}; no price of input tokens is known"
    volumes = (manifest.config.get("needs") or {}).get("queries_per_month") or ()
    months = ", ".join(f"${figure(usd * volume)} at {count(volume)} queries" for volume in volumes)
    return f"{large}; it costs ${figure(usd)} a query on average{f', a month {months}' if months else ''}"


def _input_usd(manifest: Manifest, cell: Cell) -> float | None:
    """What the tokens of the input cost a query, on average; None where they have no price of their own.

    What is paid for each request, or for a GPU's time, is not paid for its input.
    """
    models = cell.trials["model"].dropna().unique()
    held = manifest.prices.get(cell.variant, {}).get(models[0]) if len(models) == 1 else None
    means = cell.trials[[*ASKED]].dropna().mean()
    price = None if held is None else _price(held)
    if price is None or price.gpu_usd_per_hour is not None or means.isna().any():
        return None
    told = zip(("input_tokens", "cached_input_tokens", "cache_write_tokens"), means, strict=True)
    usage = Usage(output_tokens=0, **{bucket: round(tokens) for bucket, tokens in told})
    return cost_usd(replace(price, request_usd=0.0), usage)


def _price(held: Price | Mapping[str, Any]) -> Price:
    """A price as the manifest keeps it."""
    if isinstance(held, Price):
        return held
    known = {field.name for field in fields(Price)} - {"tiers"}
    tiers = tuple(Tier(**tier) for tier in held.get("tiers") or ())
    return Price(**{key: value for key, value in held.items() if key in known}, tiers=tiers)
