"""The bundled table of vendors' prices, genai-prices: it lies in the package, and nothing is fetched.

Chosen before litellm's map, which knows more models: it costs a tenth of the disk and nothing of litellm's import,
gives decimals, tells batch rates and rates by the length of the input in a shape of their own, and matches an id by
rules that are written down, so that a name that merely begins like another is not priced.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.types.experiment import Price, Tier

if TYPE_CHECKING:
    from datetime import datetime

    from genai_prices.types import ModelInfo, ModelPrice, Provider

_RATES = {
    "input_usd_per_mtok": "input_mtok",
    "cached_input_usd_per_mtok": "cache_read_mtok",
    "cache_write_usd_per_mtok": "cache_write_mtok",
    "output_usd_per_mtok": "output_mtok",
}
_NOT_OF_TEXT = re.compile(r"audio|image|video|document|searches|executions|pixels|hours|cache_write_(5m|1h)")
"""Charges that no call of ours makes: other media, the vendor's own tools, caches of another lifetime."""


def table_price(vendor: str, model: str, *, batch: bool = False) -> Price | None:
    """Look a vendor's model up; None where the table has no row for it, or one that our counts cannot price.

    `ft:` ids have rows of their own or none. Rates that depend on the time of day, and charges for what is not told
    apart (reasoning, citations, a search with each request), leave a model unpriced. `batch` takes the row's batch
    rates and no others.
    """
    from datetime import UTC, datetime

    from genai_prices import data_snapshot

    try:
        provider, found = data_snapshot.get_snapshot().find_provider_model(model, None, vendor, None)
    except LookupError:
        return None
    today = datetime.now(UTC)
    if (model.startswith("ft:") and not found.id.startswith("ft:")) or _by_the_hour(found, today):
        return None
    rates = _batch(found, provider, today) if batch else found.get_prices(today)
    if rates is None or any(_is_untold(key, rate) for key, rate in vars(found.get_prices(today)).items()):
        return None
    price = Price(
        **_rates(rates), source=_source(provider, found, today), processing="batch" if batch else "standard"
    )
    return price if price.tells else None


def _rates(rates: "ModelPrice") -> dict[str, Any]:
    """Flat, or tier by tier where any of them depends on the length of the input."""
    starts = sorted({start for name in _RATES.values() for start in _starts(getattr(rates, name))})
    rows = [
        {ours: _at(getattr(rates, name), start) for ours, name in _RATES.items()} for start in (-1, *starts)
    ]
    if not starts:
        return dict(rows[0])
    tiers = zip((-1, *starts), rows, strict=True)
    return {"tiers": tuple(Tier(above_input_tokens=start, **row) for start, row in tiers)}


def _source(provider: "Provider", found: "ModelInfo", today: "datetime") -> str:
    import genai_prices

    return f"genai-prices {genai_prices.__version__}, {provider.id}/{found.id}, as of {today:%Y-%m-%d}"


def _by_the_hour(found: "ModelInfo", today: "datetime") -> bool:
    """True where the rate of this moment hangs on the time of day: another hour's calls would cost something else."""
    if not isinstance(found.prices, list):
        return False
    for held in reversed(found.prices):
        if held.constraint is not None and not hasattr(held.constraint, "start_date"):
            return True
        if held.constraint is None or held.constraint.active(today):
            return False
    return False


def _batch(found: "ModelInfo", provider: "Provider", today: "datetime") -> "ModelPrice | None":
    """The batch rates of the vendor's own row; None where it has none, or is borrowed from another vendor."""
    if not any(found is own for own in provider.models):
        return None
    for variant in found.price_variants or ():
        active = variant.constraint is None or variant.constraint.active(today)
        if active and variant.when == {"processing": "batch"}:
            return variant.prices
    return None


def _is_untold(key: str, rate: Any) -> bool:
    """True for a charge that a text call may make and our buckets do not tell."""
    return rate is not None and key not in _RATES.values() and not _NOT_OF_TEXT.search(key)


def _starts(rate: Any) -> Iterator[int]:
    yield from (tier.start for tier in getattr(rate, "tiers", ()))


def _at(rate: Any, start: int) -> float | None:
    """The rate of an input just longer than `start`; None where there is none."""
    if rate is None:
        return None
    held = [tier.price for tier in getattr(rate, "tiers", ()) if tier.start <= start]
    return float(held[-1] if held else getattr(rate, "base", rate))
