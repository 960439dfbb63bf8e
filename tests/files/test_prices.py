"""Where a price comes from, in which order, and where there is none."""

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from harness.files.price_table import table_price
from harness.files.prices import find_price, with_prices
from harness.types.evalset import EvalsetSpec
from harness.types.experiment import (
    Experiment,
    ModelSpec,
    OutputSpec,
    Price,
    PriceRow,
    StageSpec,
    Tier,
    Variant,
)


def model(name="gpt-4o-mini", provider="openai", **more):
    """A model of a vendor."""
    return ModelSpec(name=name, provider=provider, model=name, **more)


def test_the_bundled_table_knows_the_vendors_models():
    """Input, cached input and output rates, and which table of which version said so."""
    price = find_price(model())
    assert (price.input_usd_per_mtok, price.output_usd_per_mtok) == (0.15, 0.6)
    assert price.cached_input_usd_per_mtok == 0.075
    assert re.fullmatch(r"genai-prices [\d.]+, openai/gpt-4o-mini, as of \d{4}-\d\d-\d\d", price.source)


def test_the_config_goes_first():
    """A declared price is the price, even where a table has another, even for a free model."""
    declared = Price(input_usd_per_mtok=0, output_usd_per_mtok=0)
    assert find_price(model(price=declared)) == declared
    assert (
        find_price(model(provider="reference", name="reference-base", price=declared)).input_usd_per_mtok == 0
    )


def test_a_providers_own_price_goes_before_the_table():
    """The built-in endpoint declares what its models would cost."""
    price = find_price(model("reference-base", "reference"))
    assert price is not None
    assert not price.source.startswith("genai-prices")


def test_a_custom_base_url_is_never_priced_by_name():
    """A server of one's own may call its model what it likes."""
    assert find_price(model(base_url="http://127.0.0.1:8000/v1")) is None


@pytest.mark.parametrize("name", ["no-such-model", "my-lora", "gpt", "", "gpt-4o-mini-of-mine"])
def test_an_unknown_model_has_no_price(name):
    """Not zero, not the nearest one's."""
    assert find_price(model(name)) is None


def test_recorded_answers_have_no_price_of_their_own():
    """Their cost came with them, or is unknown, whatever model made them."""
    assert find_price(model("gpt-4o-mini", "recorded")) is None


def test_a_fine_tuned_model_is_not_priced_as_its_base():
    """`ft:` ids have rows of their own, or no price."""
    base = find_price(model())
    tuned = find_price(model("ft:gpt-4o-mini-2024-07-18:org::id"))
    assert (tuned.input_usd_per_mtok, tuned.output_usd_per_mtok) == (0.3, 1.2)
    assert tuned.input_usd_per_mtok > base.input_usd_per_mtok
    assert find_price(model("ft:gpt-5:org::id")) is None
    assert find_price(model("openai/ft:gpt-5:org::id", "litellm")) is None


def test_every_variant_gets_its_models_price():
    """The experiment comes back with prices where they are known; a variant without a model stays as it is."""
    variants = tuple(
        Variant(name=name, stages=(), model=held, output=OutputSpec())
        for name, held in (("known", model()), ("unknown", model("my-lora")), ("none", None))
    )
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=variants, metrics=(), control="known"
    )
    priced = with_prices(experiment)
    assert [v.model.price is not None if v.model else None for v in priced.variants] == [True, False, None]
    assert replace(priced, variants=variants) == experiment


ROW = PriceRow(
    model="openai/gpt-4o-mini", base_url=None, price=Price(input_usd_per_mtok=7, output_usd_per_mtok=8)
)
SERVER = "http://127.0.0.1:8000/v1"


def test_a_row_of_the_project_goes_before_the_table():
    """Where provider, model and server are those of the row."""
    assert find_price(model(), [ROW]).input_usd_per_mtok == 7
    assert find_price(model("gpt-4o"), [ROW]).input_usd_per_mtok == 2.5
    assert find_price(model(base_url=SERVER), [ROW]) is None
    own = replace(ROW, base_url=SERVER)
    assert find_price(model(base_url=SERVER), [own]).input_usd_per_mtok == 7
    assert find_price(model(), [replace(ROW, price=Price())]) == find_price(model())  # it says nothing
    assert find_price(model(), [own]).input_usd_per_mtok == 0.15
    declared = Price(input_usd_per_mtok=1, output_usd_per_mtok=1)
    assert find_price(model(price=declared), [ROW]) == declared


def test_batch_rates_are_the_batch_row_and_nothing_else():
    """A rate that the batch row does not give is unknown; a model without such a row is unpriced."""
    batch = Price(processing="batch")
    found = find_price(model(price=batch))
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok, found.processing) == (0.075, 0.3, "batch")
    assert found.cached_input_usd_per_mtok is None
    assert find_price(model("claude-haiku-4-5", "anthropic", price=batch)).cache_write_usd_per_mtok == 0.625
    assert (
        find_price(model("together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", "litellm", price=batch))
        is None
    )
    assert find_price(model(price=batch), [ROW]).input_usd_per_mtok == 0.075
    batch_row = replace(ROW, price=replace(ROW.price, processing="batch"))
    assert find_price(model(price=batch), [batch_row]).input_usd_per_mtok == 7
    assert find_price(model(), [batch_row]).input_usd_per_mtok == 0.15


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("mistral/mistral-small-latest", (0.15, 0.6)),
        ("anthropic/claude-haiku-4-5", (1, 5)),
        ("gemini/gemini-2.5-flash", (0.3, 2.5)),
        ("groq/llama-3.1-8b-instant", (0.05, 0.08)),
        ("openai/gpt-4o-mini", (0.15, 0.6)),
    ],
)
def test_a_vendor_behind_litellm_has_its_own_list(name, rates):
    """By the vendor that litellm's name begins with."""
    found = find_price(model(name, "litellm"))
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == rates


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ollama/llama3", "no vendor's list"),
        ("gpt-4o-mini", "names no vendor"),
        ("deepseek/deepseek-chat", "its rates hang on the hour"),
        ("perplexity/sonar", "each request is charged by what it searches"),
        ("perplexity/sonar-deep-research", "citations are charged"),
        ("groq/whisper-large-v3", "it is charged by the hour of sound"),
    ],
)
def test_what_our_counts_cannot_price_is_unpriced(name, why):
    """Rather than nearly right."""
    assert find_price(model(name, "litellm")) is None, why


@pytest.mark.parametrize(
    "sent", [{"service_tier": "flex"}, {"service_tier": "priority"}, {"inference_geo": "us"}]
)
def test_another_service_has_another_price(sent):
    """What is charged apart is not priced by the usual row; the usual words change nothing."""
    assert find_price(model("gpt-5", extra=sent)) is None
    assert find_price(model("gpt-5", extra={"service_tier": "default"})) is not None
    declared = Price(input_usd_per_mtok=1, output_usd_per_mtok=1)
    assert find_price(model("gpt-5", extra=sent, price=declared)) == declared


def test_long_inputs_have_rates_of_their_own():
    """All four rates of the tier that the whole input falls into; a price with tiers has no flat rates."""
    found = find_price(model("claude-sonnet-4-5", "anthropic"))
    assert found.input_usd_per_mtok is None
    assert [tier.above_input_tokens for tier in found.tiers] == [-1, 200_000]
    short, long = found.at(200_000), found.at(200_001)
    assert (short.input_usd_per_mtok, short.cache_write_usd_per_mtok, short.output_usd_per_mtok) == (
        3,
        3.75,
        15,
    )
    assert (long.input_usd_per_mtok, long.cached_input_usd_per_mtok, long.output_usd_per_mtok) == (
        6,
        0.6,
        22.5,
    )
    assert found.at(0) == short
    assert short.tiers == ()
    flat = find_price(model())
    assert flat.at(10**9) == flat


def test_a_left_out_cache_rate_is_unknown_at_a_vendor_and_the_inputs_elsewhere():
    """A vendor is known to charge it apart; a server of one's own is what its price says."""
    declared = Price(input_usd_per_mtok=2, output_usd_per_mtok=4)
    assert find_price(model(price=declared)).cached_input_usd_per_mtok is None
    assert find_price(model("claude-haiku-4-5", "anthropic", price=declared)).cache_write_usd_per_mtok is None
    own = find_price(model(base_url=SERVER, price=declared))
    assert (own.cached_input_usd_per_mtok, own.cache_write_usd_per_mtok) == (2, 2)
    partly = find_price(model(base_url=SERVER, price=replace(declared, cached_input_usd_per_mtok=0.5)))
    assert (partly.cached_input_usd_per_mtok, partly.cache_write_usd_per_mtok) == (0.5, 2)


def test_a_rented_gpu_is_a_price():
    """Figures without any rate for tokens are not looked up again."""
    rented = Price(gpu_usd_per_hour=2, capacity_per_s=12, utilisation=0.5)
    assert find_price(model(base_url=SERVER, price=rented)) == rented
    assert find_price(model(price=Price(request_usd=0.01))) == Price(request_usd=0.01)


def test_the_table_is_read_offline(monkeypatch):
    """No socket is opened for a price."""

    def refuse(*_args, **_more):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert find_price(model("gpt-4.1", "openai")) is not None


def test_the_table_agrees_with_its_own_arithmetic():
    """For every flat and tiered chat model of the big vendors our rates give genai-prices' own dollars."""
    from genai_prices import Usage, data_snapshot

    now, seen = datetime.now(UTC), 0
    for vendor in data_snapshot.get_snapshot().providers:
        if vendor.id not in ("openai", "anthropic", "google", "mistral"):
            continue
        for found in vendor.models:
            price = table_price(vendor.id, found.id)
            if price is None or vendor.find_model(found.id) is not found:
                continue
            for size in (1000, 300_000):
                flat = price.at(size)
                if flat.input_usd_per_mtok is None or flat.output_usd_per_mtok is None:
                    continue
                usage = Usage(input_tokens=size, output_tokens=7)
                told = found.calc_price(usage, vendor, genai_request_timestamp=now).total_price
                ours = (size * flat.input_usd_per_mtok + 7 * flat.output_usd_per_mtok) / 1e6
                assert Decimal(str(ours)).quantize(Decimal("1e-9")) == told.quantize(Decimal("1e-9")), (
                    found.id
                )
                seen += 1
    assert seen > 100


def test_a_stages_own_model_is_priced_too():
    """Embeddings and reranking belong to the variant that uses them."""
    stage = StageSpec(kind="retrieve", options={"embed": model("text-embedding-3-small"), "top_k": 3})
    variant = Variant(name="rag", stages=(stage,), model=model(), output=OutputSpec())
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=(), prices=(ROW,)
    )
    priced = with_prices(experiment).variants[0]
    assert priced.stages[0].options["embed"].price.input_usd_per_mtok == 0.02
    assert priced.stages[0].options["top_k"] == 3
    assert priced.model.price.input_usd_per_mtok == 7


def test_tiers_are_told_whole():
    """Each tier names all its rates, so that the manifest can be read without the table."""
    found = find_price(model("gpt-5.4"))
    assert found.tiers[1] == Tier(
        above_input_tokens=272_000,
        input_usd_per_mtok=5,
        cached_input_usd_per_mtok=0.5,
        output_usd_per_mtok=22.5,
    )
