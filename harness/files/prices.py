"""What a model costs: its own config first, then the project's prices, the provider's own list, the bundled table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.files.price_table import table_price
from harness.registry import provider_of
from harness.types.experiment import Experiment, ModelSpec, Price, PriceRow, Variant

_VENDORS = ("openai", "anthropic")
"""Providers that are vendors. `litellm` names one in its model: `mistral/mistral-small-latest`."""

_USUAL: Mapping[str, frozenset[str]] = {
    "service_tier": frozenset({"auto", "default", "standard", "standard_only"}),
    "speed": frozenset({"standard"}),
    "inference_geo": frozenset({"global"}),
}
"""Parameters that are charged for, and the values that cost what the table says."""


def with_prices(experiment: Experiment) -> Experiment:
    """Give every model of every variant its price; None stays where nobody knows one."""
    return replace(experiment, variants=tuple(_priced(v, experiment.prices) for v in experiment.variants))


def find_price(model: ModelSpec, rows: Sequence[PriceRow] = ()) -> Price | None:
    """Look one model's price up. A custom base_url is never priced by the name of what it serves.

    A price that holds no figure but `processing: batch` says which rates are looked up.
    """
    if model.price is not None and model.price.tells:
        return _written_out(model.price, model)
    batch = model.price is not None and model.price.processing == "batch"
    listed = [row.price for row in rows if row.price.tells and _names(row, model)]
    listed = [price for price in listed if (price.processing == "batch") == batch]
    if listed:
        return _written_out(listed[-1], model)
    declared = None if batch else provider_of(model).list_price(model)
    if declared is not None:
        return _written_out(declared, model)
    vendor, name = _at_vendor(model)
    sent = {**model.params, **model.extra}
    if any(key in sent and sent[key] not in usual for key, usual in _USUAL.items()):
        return None
    return table_price(vendor, name, batch=batch) if vendor else None


def _priced(variant: Variant, rows: Sequence[PriceRow]) -> Variant:
    model = variant.model
    stages = tuple(
        replace(stage, options={key: _option(value, rows) for key, value in stage.options.items()})
        for stage in variant.stages
    )
    return replace(variant, stages=stages, model=model and replace(model, price=find_price(model, rows)))


def _option(value: Any, rows: Sequence[PriceRow]) -> Any:
    """A stage may have a model of its own (embeddings, reranking)."""
    return replace(value, price=find_price(value, rows)) if isinstance(value, ModelSpec) else value


def _names(row: PriceRow, model: ModelSpec) -> bool:
    return row.model == f"{model.provider}/{model.model}" and row.base_url == model.base_url


def _at_vendor(model: ModelSpec) -> tuple[str, str]:
    """The vendor and the model's id there; "" for a server or a provider that is nobody's list's business."""
    if model.base_url is not None:
        return "", ""
    if model.provider == "litellm":
        vendor, slash, name = model.model.partition("/")
        return (vendor, name) if slash else ("", "")
    return (model.provider, model.model) if model.provider in _VENDORS else ("", "")


def _written_out(price: Price, model: ModelSpec) -> Price:
    """Write the input's rate for cached and written tokens, where no vendor is known to charge them apart."""
    if _at_vendor(model)[0] or price.input_usd_per_mtok is None:
        return price
    cached, written = price.cached_input_usd_per_mtok, price.cache_write_usd_per_mtok
    return replace(
        price,
        cached_input_usd_per_mtok=price.input_usd_per_mtok if cached is None else cached,
        cache_write_usd_per_mtok=price.input_usd_per_mtok if written is None else written,
    )
