"""What a plan may cost at most: never less than what it does cost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.calls.money import bound_usd, cost_usd
from harness.flow.bound import bound
from harness.stages.fewshot import FewShot
from harness.stages.prompt import Prompt
from harness.stages.retrieve.options import Retrieve
from harness.types.call import Message, Request, Usage
from harness.types.evalset import Document, Example
from harness.types.experiment import ModelSpec, OutputSpec, Price, Tier, Variant
from harness.types.line import Line
from harness.types.trial import Draft, Trial
from tests.stages.conftest import Kit

PRICE = Price(input_usd_per_mtok=1.0, cached_input_usd_per_mtok=0.5, output_usd_per_mtok=10.0)
MODEL = ModelSpec(name="gpt", provider="openai", model="m", params={"max_tokens": 100}, price=PRICE)
EXAMPLES = {f"g-{n}": Example(id=f"g-{n}", inputs={"q": f"where is town {n}? " * (n + 1)}) for n in range(4)}
TRAIN = tuple(
    Example(id=f"t-{n}", inputs={"q": f"what is {n}? " * (n + 1)}, expected="word " * n) for n in range(1, 9)
)
DOCUMENTS = tuple(Document(id=f"d{n}", text=f"Town {n} lies on a river. " * (n + 1)) for n in range(9))
KIT = Kit(seed=1, train=TRAIN, documents=DOCUMENTS)


def lines(*stages):
    """One variant's line of stages that compute."""

    async def opened():
        return tuple([await stage.open(KIT) for stage in stages])

    threads = ThreadPoolExecutor(1)
    return {"v": Line(stages=asyncio.run(opened()), output_mode="prompt", live=True, threads=threads)}


def variant(model=MODEL):
    """One variant."""
    return Variant(name="v", stages=(), model=model, output=OutputSpec())


TRIALS = [
    Trial(variant="v", partition="golden", example_id=name, repeat=r) for name in EXAMPLES for r in (0, 1)
]


def test_no_prompt_is_longer_than_its_bound():
    """Few-shot and retrieval at their longest: what each trial really sends costs no more than was said."""
    line = lines(FewShot(k=3), Retrieve(top_k=2), Prompt(system="Answer.", user="{{ q }}"))
    (found,) = bound([variant()], line, TRIALS, EXAMPLES)
    real = 0.0
    for trial in TRIALS:
        draft = Draft(trial=trial, inputs=EXAMPLES[trial.example_id].inputs, seed=3)
        for stage in line["v"].stages:
            draft = stage(draft)
        real += bound_usd(MODEL, Request(messages=draft.messages)) or 0.0
    assert found.calls == len(TRIALS)
    assert real <= found.usd < 3 * real


def test_a_call_costs_no_more_than_its_bound():
    """A token a byte, and an answer of max_tokens, cost less than the bound."""
    request = Request(messages=(Message(role="user", content="grüße 你好"),))
    most = Usage(input_tokens=len("grüße 你好".encode()) + 8, output_tokens=100)
    assert cost_usd(PRICE, most) <= bound_usd(MODEL, request)


def test_what_extra_adds_to_the_body_is_bounded_too():
    """A system text, documents, tools: whatever of it the model reads costs no more than the bound."""
    said = "grüße 你好 " * 100
    request = Request(messages=(Message(role="user", content="hello"),))
    most = Usage(input_tokens=len(("hello" + said).encode()) + 8, output_tokens=100)
    assert cost_usd(PRICE, most) <= bound_usd(replace(MODEL, extra={"system": said}), request)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"price": None}, "unpriced"),
        ({"params": {}}, "max_tokens"),
        ({"price": Price(input_usd_per_mtok=1.0)}, "rate"),
        ({"price": Price(gpu_usd_per_hour=2.0)}, "capacity_per_s"),
        ({"prompt_cache": True}, "cache_write_usd_per_mtok"),
    ],
)
def test_what_has_no_bound_says_why(changes, why):
    """No price, no end of the answer, a rate left out: no figure, and a sentence that names the model."""
    (found,) = bound([variant(replace(MODEL, **changes))], lines(Prompt(user="{{ q }}")), TRIALS, EXAMPLES)
    assert found.usd is None
    assert why in found.why
    assert "gpt" in found.why


def test_a_stage_of_the_users_own_has_no_bound():
    """How much it writes is not known."""
    line = lines(Prompt(user="{{ q }}"))
    own = replace(line["v"], stages=(SimpleNamespace(name="mine"), *line["v"].stages))
    (found,) = bound([variant()], {"v": own}, TRIALS, EXAMPLES)
    assert found.usd is None
    assert "'mine'" in found.why


@pytest.mark.parametrize(
    ("price", "usd"),
    [
        (Price(request_usd=0.25), 2.0),
        (Price(input_usd_per_mtok=0, output_usd_per_mtok=0), 0.0),
        (Price(gpu_usd_per_hour=3.6, capacity_per_s=1, utilisation=0.5), 8 * 0.002),
    ],
)
def test_a_price_that_asks_for_no_tokens_is_its_own_bound(price, usd):
    """By the request, free, or by the GPU-hour: eight calls of it."""
    plain = replace(MODEL, params={}, price=price)
    (found,) = bound([variant(plain)], lines(Prompt(user="{{ q }}")), TRIALS, EXAMPLES)
    assert found.usd == pytest.approx(usd)


def test_the_dearest_tier_bounds_a_tiered_price():
    """Which tier a call falls into is known only afterwards; its cost is then that tier's."""
    tiers = (
        Tier(above_input_tokens=-1, input_usd_per_mtok=1.0, output_usd_per_mtok=2.0),
        Tier(above_input_tokens=1000, input_usd_per_mtok=4.0, output_usd_per_mtok=8.0),
    )
    price = Price(tiers=tiers)
    flat = replace(MODEL, price=Price(input_usd_per_mtok=4.0, output_usd_per_mtok=8.0))
    request = Request(messages=(Message(role="user", content="hello"),))
    assert bound_usd(replace(MODEL, price=price), request) == pytest.approx(bound_usd(flat, request))
    assert cost_usd(price, Usage(input_tokens=1000, output_tokens=10)) == pytest.approx(0.00102)
    assert cost_usd(price, Usage(input_tokens=1001, output_tokens=10)) == pytest.approx(0.004084)
    assert cost_usd(price, None) is None


def test_answers_that_were_produced_elsewhere_cost_nothing_now():
    """No call, no dollar."""
    recorded = replace(MODEL, provider="recorded", price=None)
    (found,) = bound([variant(recorded)], lines(Prompt(user="{{ q }}")), TRIALS, EXAMPLES)
    assert (found.calls, found.usd) == (0, 0.0)
