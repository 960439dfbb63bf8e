"""Exact dollars, and None wherever a rate or a count that they need is unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.calls.money import call_usd, cost_usd, total_usage, total_usd
from harness.types.call import Attempt, Usage
from harness.types.experiment import Price

FULL = Price(
    input_usd_per_mtok=3,
    cached_input_usd_per_mtok=0.3,
    cache_write_usd_per_mtok=3.75,
    output_usd_per_mtok=15,
)


@pytest.mark.parametrize(
    ("price", "usage", "cost"),
    [
        # Anthropic's own convention: input excludes what was written to and read from the cache.
        (
            FULL,
            Usage(input_tokens=3, cache_write_tokens=12304, cached_input_tokens=0, output_tokens=550),
            0.054399,
        ),
        (FULL, Usage(input_tokens=20, cached_input_tokens=100, output_tokens=30), 0.00054),
        # Reasoning is inside the output: shown, never added.
        (FULL, Usage(input_tokens=0, output_tokens=100, reasoning_tokens=90), 0.0015),
        # A vendor's discount is never guessed: a bucket with tokens needs a rate of its own.
        (
            Price(input_usd_per_mtok=2, output_usd_per_mtok=4),
            Usage(input_tokens=10, cached_input_tokens=90, output_tokens=5),
            None,
        ),
        (
            Price(input_usd_per_mtok=0, output_usd_per_mtok=0, request_usd=0.002),
            Usage(input_tokens=1, output_tokens=1),
            0.002,
        ),
        # Declared free is free, whatever was counted.
        (Price(input_usd_per_mtok=0, output_usd_per_mtok=0), None, 0.0),
        # A rented GPU: dollars an hour over what it answers at its utilisation.
        (Price(gpu_usd_per_hour=2.0, capacity_per_s=12, utilisation=0.5), None, 2.0 / 21600),
        (Price(gpu_usd_per_hour=2.0, utilisation=0.5), Usage(input_tokens=1, output_tokens=1), None),
        (Price(gpu_usd_per_hour=2.0, capacity_per_s=12), Usage(input_tokens=1, output_tokens=1), None),
        (None, Usage(input_tokens=1, output_tokens=1), None),
        (Price(), Usage(input_tokens=1, output_tokens=1), None),
        (FULL, None, None),
        (FULL, Usage(input_tokens=5), None),
        (FULL, Usage(output_tokens=5), None),
        (Price(input_usd_per_mtok=2), Usage(input_tokens=5, output_tokens=1), None),
        (Price(input_usd_per_mtok=2), Usage(input_tokens=5, output_tokens=0), 0.00001),
        (Price(input_usd_per_mtok=0, output_usd_per_mtok=0, cached_input_usd_per_mtok=1), None, None),
    ],
)
def test_one_call(price, usage, cost):
    """Dollars of one call, to the last digit, or None."""
    found = cost_usd(price, usage)
    assert found is None if cost is None else found == pytest.approx(cost, rel=1e-12, abs=0)


COUNT = st.none() | st.integers(0, 10**7)
USAGES = st.builds(
    Usage,
    input_tokens=COUNT,
    cached_input_tokens=COUNT,
    cache_write_tokens=COUNT,
    output_tokens=COUNT,
    reasoning_tokens=COUNT,
)


@given(USAGES, USAGES)
def test_more_tokens_never_cost_less(one, other):
    """The cost of two calls is the cost of each together, where both are known; never negative."""
    costs = [cost_usd(FULL, one), cost_usd(FULL, other)]
    total = total_usd(costs)
    assert (total is None) == (None in costs)
    if total is not None:
        assert total >= max(costs)
        assert cost_usd(FULL, total_usage([one, other])) == pytest.approx(total)


@given(st.lists(st.none() | USAGES, max_size=4))
def test_totals_of_tokens_are_known_or_none(usages):
    """A call that told nothing makes the total unknown, and so it is of input and output that one call left out.

    Caches are what only some endpoints have: there the sum is of what was told.
    """
    total = total_usage(usages)
    if not usages or None in usages:
        assert total is None
    else:
        told = [usage.output_tokens for usage in usages]
        assert total.output_tokens == (None if None in told else sum(told))
        cached = [usage.cached_input_tokens for usage in usages if usage.cached_input_tokens is not None]
        assert total.cached_input_tokens == (sum(cached) if cached else None)


def test_nothing_costs_nothing():
    """The sum of no parts is zero; of an unknown part unknown."""
    assert total_usd([]) == 0
    assert total_usd([0.5, None]) is None


def test_a_price_for_the_request_alone_is_the_price():
    """Who declares no rate for tokens pays none for them, however many there were, told or not."""
    price = Price(request_usd=0.01)
    assert cost_usd(price, Usage(input_tokens=10, output_tokens=5)) == 0.01
    assert cost_usd(price, None) == 0.01


def test_a_free_or_flat_price_prices_unusable_answers_too():
    """Where no token is asked for, a served attempt has its price: none, or one more request."""
    broken = Attempt(stage="generate", ms=1.0, status=200, error="bad_reply")
    refused = Attempt(stage="generate", ms=1.0, status=429, error="rate_limited")
    usage = Usage(input_tokens=10, output_tokens=5)
    assert call_usd(Price(request_usd=0.01), usage, [broken, refused]) == pytest.approx(0.02)
    assert call_usd(Price(input_usd_per_mtok=0, output_usd_per_mtok=0), usage, [broken]) == 0.0
    assert call_usd(Price(input_usd_per_mtok=1, output_usd_per_mtok=1), usage, [broken]) is None
