"""What a model costs: the config first, then what the provider declares, then the bundled table."""

from dataclasses import replace
from typing import Any

from harness.registry import provider_of
from harness.types.experiment import Experiment, ModelSpec, Price, Variant


def with_prices(experiment: Experiment) -> Experiment:
    """Give every model of every variant its price; None stays where nobody knows one."""
    return replace(experiment, variants=tuple(_priced(variant) for variant in experiment.variants))


def find_price(model: ModelSpec) -> Price | None:
    """Look one model's price up. A custom base_url is never priced by the name of what it serves."""
    if model.price is not None:
        return model.price
    declared = provider_of(model).list_price(model)
    if declared is not None or model.base_url is not None or model.provider != "openai":
        return declared
    return _bundled(model.model)


def _priced(variant: Variant) -> Variant:
    if variant.model is None:
        return variant
    return replace(variant, model=replace(variant.model, price=find_price(variant.model)))


def _bundled(name: str) -> Price | None:
    """Read genai-prices' table, which lies in the package: nothing is fetched."""
    from datetime import UTC, datetime

    import genai_prices
    from genai_prices import data_snapshot

    try:
        _, found = data_snapshot.get_snapshot().find_provider_model(name, None, "openai", None)
    except LookupError:
        return None
    rates = found.get_prices(datetime.now(UTC))
    try:
        return Price(
            input_usd_per_mtok=_flat(rates.input_mtok),
            cached_input_usd_per_mtok=_flat(rates.cache_read_mtok),
            cache_write_usd_per_mtok=_flat(rates.cache_write_mtok),
            output_usd_per_mtok=_flat(rates.output_mtok),
            source=f"genai-prices {genai_prices.__version__}",
        )
    except TypeError:
        return None  # tiered by the length of the input: one rate would be wrong for some calls


def _flat(rate: Any) -> float | None:
    """A rate as a number; None where there is none. TypeError for a tiered one."""
    return None if rate is None else float(rate)
