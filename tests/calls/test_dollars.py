"""Usage payloads as the vendors document them, to the last digit of their cost: reader, price and arithmetic together."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.calls.money import cost_usd
from harness.files.prices import find_price
from harness.providers.anthropic.answers import read_usage as anthropic_usage
from harness.providers.litellm.exchange import Exchange
from harness.providers.litellm.reading import read_usage as litellm_usage
from harness.providers.openai.usage import chat_usage, responses_usage
from harness.types.experiment import ModelSpec, Price


def parsed(payload: Any) -> Any:
    """A payload as an SDK hands it on: attributes all the way down."""
    return (
        SimpleNamespace(**{k: parsed(v) for k, v in payload.items()})
        if isinstance(payload, dict)
        else payload
    )


def through_litellm(payload: dict[str, int | None]) -> Any:
    """What litellm makes of Anthropic's counts, and the body that it read them from."""
    written, read = payload["cache_creation_input_tokens"], payload["cache_read_input_tokens"]
    prompt = payload["input_tokens"] + written + read
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": payload["output_tokens"],
        "total_tokens": prompt + payload["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": read, "cache_creation_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    exchange = Exchange(
        session=None, requests=1, body=bytearray(b'{"input_tokens": 3, "output_tokens": 550}')
    )
    return litellm_usage(parsed(usage), exchange)


def dollars(provider: str, model: str, usage: Any) -> float | None:
    """At the bundled table's price."""
    return cost_usd(find_price(ModelSpec(name="m", provider=provider, model=model)), usage)


CHAT = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 128,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
"""https://platform.openai.com/docs/guides/prompt-caching: 1,920 of the 2,006 prompt tokens were cached."""

RESPONSE = {
    "input_tokens": 2006,
    "input_tokens_details": {"cached_tokens": 1920},
    "output_tokens": 300,
    "output_tokens_details": {"reasoning_tokens": 128},
    "total_tokens": 2306,
}

WRITTEN = {
    "input_tokens": 3,
    "cache_creation_input_tokens": 12304,
    "cache_read_input_tokens": 0,
    "output_tokens": 550,
}
READ = {**WRITTEN, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 12304}


@pytest.mark.parametrize(
    ("model", "told"),
    [
        # 86 uncached at 0.15, 1,920 cached at 0.075, 300 out at 0.60, the 128 of reasoning among them.
        ("gpt-4o-mini", (86 * 0.15 + 1920 * 0.075 + 300 * 0.6) / 1e6),
        # The reasoning model: 1.25, 0.125, 10.
        ("gpt-5", (86 * 1.25 + 1920 * 0.125 + 300 * 10) / 1e6),
    ],
)
def test_openai(model, told):
    """Both interfaces: cached tokens are inside the prompt, reasoning inside the completion; neither counts twice."""
    assert dollars("openai", model, chat_usage(parsed(CHAT))) == pytest.approx(told, rel=1e-12)
    assert dollars("openai", model, responses_usage(parsed(RESPONSE))) == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        # {input 3, write 12304, read 0, out 550} at 1, 1.25, 0.10 and 5 dollars.
        (WRITTEN, 0.018133),
        (READ, 0.0039834),
    ],
)
def test_anthropic_and_the_same_through_litellm(payload, told):
    """Disjoint at the vendor, one sum at litellm: the same dollars."""
    assert dollars("anthropic", "claude-haiku-4-5", anthropic_usage(payload)) == pytest.approx(
        told, rel=1e-12
    )
    name = "anthropic/claude-haiku-4-5"
    assert dollars("litellm", name, through_litellm(payload)) == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize(
    "payload", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}]
)
def test_a_server_without_usage_has_no_cost(payload):
    """Not zero dollars, by any reader."""
    told = None if payload is None else parsed(payload)
    silent = Exchange(session=None, requests=1, body=bytearray(b'{"choices": []}'))
    for provider, model, usage in (
        ("openai", "gpt-4o-mini", chat_usage(told)),
        ("openai", "gpt-4o-mini", responses_usage(told)),
        ("anthropic", "claude-haiku-4-5", anthropic_usage(payload)),
        ("litellm", "mistral/mistral-small-latest", litellm_usage(told, silent)),
    ):
        assert usage is None
        assert dollars(provider, model, usage) is None


def test_what_litellm_invents_is_not_priced():
    """Counts in its answer that are not in the server's."""
    invented = parsed({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30})
    silent = Exchange(session=None, requests=1, body=bytearray(b'{"choices": []}'))
    half = Exchange(session=None, requests=1, body=bytearray(b'{"usage": {"prompt_tokens": 10}}'))
    assert litellm_usage(invented, silent) is None
    assert litellm_usage(invented, half).output_tokens is None
    assert dollars("litellm", "openai/gpt-4o-mini", litellm_usage(invented, half)) is None


def test_a_fine_tuned_model_pays_its_own_rates():
    """Twice the base's, from its own row."""
    usage = chat_usage(parsed({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}))
    tuned = dollars("openai", "ft:gpt-4o-mini-2024-07-18:org::id", usage)
    assert tuned == pytest.approx(0.00042, rel=1e-12)
    assert tuned == pytest.approx(2 * dollars("openai", "gpt-4o-mini", usage), rel=1e-12)


def test_a_long_input_pays_the_long_rates():
    """The price of the call's own length: 250,000 tokens in, cached ones among them, at 6, 0.60 and 22.50."""
    price = find_price(ModelSpec(name="m", provider="anthropic", model="claude-sonnet-4-5"))
    usage = anthropic_usage(
        {"input_tokens": 50_000, "cache_read_input_tokens": 200_000, "output_tokens": 1000}
    )
    told = (50_000 * 6 + 200_000 * 0.6 + 1000 * 22.5) / 1e6
    assert cost_usd(price.at(250_000), usage) == pytest.approx(told, rel=1e-12)


def test_a_price_of_ones_own_prices_any_reader():
    """Per request, and by tokens, whoever counted."""
    price = Price(
        input_usd_per_mtok=1, cached_input_usd_per_mtok=0.5, output_usd_per_mtok=2, request_usd=0.001
    )
    told = 0.001 + (86 * 1 + 1920 * 0.5 + 300 * 2) / 1e6
    assert cost_usd(price, chat_usage(parsed(CHAT))) == pytest.approx(told, rel=1e-12)
