"""What a run would cost at other prices: every model of a pipeline at its own, each call with its own attempts."""

import pytest

from harness.flow.reprice import reprice
from harness.types.call import Attempt, Usage
from harness.types.experiment import Price
from harness.types.record import Outcome, Record, StageTime

MILLION = Usage(input_tokens=1_000_000, output_tokens=0)


def stage(name, model, **more):
    """A stage that called a model for a million tokens, at a dollar then."""
    return StageTime(
        **{
            "name": name,
            "ms": 5.0,
            "clock": "wire",
            "model": model,
            "usage": MILLION,
            "cost_usd": 1.0,
            **more,
        }
    )


def priced(*stages, attempts=(), **prices):
    """What the record costs at these prices by model."""
    record = Record(
        variant="v", example_id="g", partition="golden", outcome=Outcome(kind="answered", text=""),
        stages=stages, attempts=attempts, cost_usd=9.0,
    )  # fmt: skip
    rates = {
        model: Price(input_usd_per_mtok=rate, output_usd_per_mtok=rate) for model, rate in prices.items()
    }
    (found,) = reprice([record], {"v": rates})
    return found


def test_every_model_has_its_own_price():
    """Embedding, reranking and generation each by their own tokens; what computes costs nothing."""
    compute = StageTime(name="retrieve", ms=1.0, clock="client")
    found = priced(
        stage("embed", "e"), compute, stage("rerank", "r"), stage("generate", "g"), e=0.5, r=2, g=4
    )
    assert [one.cost_usd for one in found.stages] == [0.5, None, 2.0, 4.0]
    assert found.cost_usd == pytest.approx(6.5)


def test_a_model_without_a_price_makes_the_whole_unknown():
    """Unknown is not zero."""
    found = priced(stage("embed", "e"), stage("generate", "g"), e=0.5, g=None)
    assert (found.stages[1].cost_usd, found.cost_usd) == (None, None)


def test_what_was_told_or_recorded_stays():
    """A price is asked only where tokens tell; a model that is not named keeps what it has."""
    told, recorded = stage("retrieve", "g", cost_told=True), stage("generate", "g", clock="recorded")
    kept = (told, recorded, stage("x", "other"))
    assert priced(*kept, g=7).stages == kept


def test_two_calls_of_one_stage_have_their_own_attempts():
    """The unusable answer of the first call is billed to it, and not to the second."""
    attempts = (
        Attempt(stage="embed", ms=1, status=200, error="bad_reply", usage=MILLION),
        Attempt(stage="embed", ms=1, status=200),
        Attempt(stage="embed", ms=1, status=200),
        Attempt(stage="generate", ms=1, status=200),
    )
    found = priced(
        stage("embed", "e"), stage("embed", "e"), stage("generate", "g"), attempts=attempts, e=1, g=1
    )
    assert [one.cost_usd for one in found.stages] == [2.0, 1.0, 1.0]
