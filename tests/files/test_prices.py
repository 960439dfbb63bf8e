"""Where a price comes from, in which order, and where there is none."""

from dataclasses import replace

import pytest

from harness.files.prices import find_price, with_prices
from harness.types.evalset import EvalsetSpec
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, Price, Variant


def model(name="gpt-4o-mini", provider="openai", **more):
    """A model of a vendor."""
    return ModelSpec(name=name, provider=provider, model=name, **more)


def test_the_bundled_table_knows_the_vendors_models():
    """Input, cached input and output rates, and which table of which version said so."""
    price = find_price(model())
    assert (price.input_usd_per_mtok, price.output_usd_per_mtok) == (0.15, 0.6)
    assert price.cached_input_usd_per_mtok == 0.075
    assert price.source.startswith("genai-prices ")


def test_the_config_goes_first():
    """A declared price is the price, even where a table has another, even for a free model."""
    declared = Price(input_usd_per_mtok=0, output_usd_per_mtok=0)
    assert find_price(model(price=declared)) is declared
    assert find_price(model(provider="reference", name="reference-base", price=declared)) is declared


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
    assert tuned is None or tuned.input_usd_per_mtok > base.input_usd_per_mtok


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
