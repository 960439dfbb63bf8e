"""The declared latency: in proportion to the tokens, scaled, with a jitter that is drawn from the request alone."""

import math
import statistics

import pytest

from harness.reference.ask import Ask, Turn, Usage
from harness.reference.declared import BASE, NOTE, PACES, PRICES, TUNED
from harness.reference.pace import due
from harness.reference.tokens import PrefixCache, count, prompt_pieces


def test_more_tokens_take_longer_and_cached_ones_do_not():
    """The median pace is the declared sum; cached input tokens cost no time."""
    pace = PACES[BASE]
    usage = Usage(prompt_tokens=1000, output_tokens=50, cached_tokens=400)
    found = due(BASE, usage, draw=0.5, time_scale=2.0)
    first = pace.start_ms + 600 * pace.input_ms_per_token
    assert found.first_ms == pytest.approx(2 * first)
    assert found.whole_ms == pytest.approx(2 * (first + 50 * pace.output_ms_per_token))
    assert due(TUNED, usage, draw=0.5, time_scale=2.0).whole_ms < found.whole_ms


def test_the_jitter_is_log_normal_with_the_declared_tail():
    """Over many requests P95/P50 is about 1.6, and the median about the declared one."""
    asks = [Ask(model=BASE, turns=(Turn(role="user", text=f"note {n}"),)) for n in range(2000)]
    usage = Usage(prompt_tokens=100, output_tokens=20)
    times = sorted(due(BASE, usage, draw=ask.draw("pace"), time_scale=1.0).whole_ms for ask in asks)
    declared = due(BASE, usage, draw=0.5, time_scale=1.0).whole_ms
    assert times[1000] == pytest.approx(declared, rel=0.05)
    assert 1.45 < times[1900] / times[1000] < 1.75
    assert math.isfinite(due(BASE, usage, draw=0.0, time_scale=1.0).whole_ms)


def test_draws_are_uniform_and_apart():
    """Draws of one request for two purposes differ, and over requests they fill [0, 1)."""
    asks = [Ask(model=BASE, turns=(Turn(role="user", text="x"),), seed=n) for n in range(500)]
    assert statistics.mean(ask.draw("slip") for ask in asks) == pytest.approx(0.5, abs=0.06)
    assert all(ask.draw("slip") != ask.draw("pace") for ask in asks)


def test_tokens_are_counted_by_one_rule():
    """A word is a token for six letters begun; marks and three digits are one each; messages have an overhead."""
    assert count("") == 0
    assert count("Hello, world") == 3
    assert count("internationalisation") == 4
    assert count("12345") == 2
    assert len(prompt_pieces(["a b", "c"])) == 3 + 2 * 3


def test_the_prefix_cache_knows_whole_steps_only():
    """A shared beginning is found in steps of 64 from 256 on, per model; a short one never."""
    cache = PrefixCache()
    long = [str(n) for n in range(400)]
    assert cache.cached_tokens(BASE, long) == 0
    assert cache.cached_tokens(TUNED, long) == 0
    assert cache.cached_tokens(BASE, [*long[:300], *["other"] * 100]) == 256
    assert cache.cached_tokens(BASE, long) == 384
    assert cache.cached_tokens(BASE, long[:200]) == 0
    cache.clear()
    assert cache.cached_tokens(BASE, long) == 0


def test_prices_are_declared_illustrative():
    """Every model has a price whose source says what it is, and the note says it in a sentence."""
    assert set(PRICES) == set(PACES)
    assert {price.source for price in PRICES.values()} == {"illustrative"}
    assert "illustrative" in NOTE
