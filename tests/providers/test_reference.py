"""The built-in endpoint as a provider: one child for a run, gone with it, and gone with a parent that is killed."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack, suppress

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.errors import RunIncomplete, UsageError
from harness.providers import reference
from harness.providers.reference import Reference
from harness.types.call import Message, Request
from harness.types.evalset import Example
from harness.types.experiment import ModelSpec, OutputSpec

FAST = {"reference": {"time_scale": 0}}
ROWS = (
    Example(id="t-1", inputs={"t": "it broke again"}, expected="bad"),
    Example(id="t-2", inputs={"t": "so lovely, thanks"}, expected="good"),
)
ASKED = Request(messages=(Message(role="user", content="it broke"),))


def spec(name, **more):
    """A model of the built-in endpoint."""
    return ModelSpec(name=name, provider="reference", model=f"reference-{name}", extra=FAST, **more)


def gone(pid):
    """True where no process has this id any more."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


def test_two_models_share_one_child_that_ends_with_the_run(make_kit):
    """One process, fitted on the kit's train rows, answers for both models; closing the run ends it."""
    kit = make_kit(train=ROWS)

    async def told():
        async with kit.closing as closing:
            calls = []
            for name in ("base", "tuned"):
                provider = Reference(spec(name), kit)
                await provider.open()
                closing.push_async_callback(provider.close)
                held = LiveEndpoint(provider, spec(name), Policy(timeout_s=30, retries=0))
                calls.append(await held.call(ASKED, stage="generate"))
            (child,) = kit.shared.values()
            pid = child._process.pid
            assert not gone(pid)
        return calls, pid, child._process.returncode

    calls, pid, code = asyncio.run(told())
    assert code == 0
    assert gone(pid)
    assert [call.error for call in calls] == [None, None]
    assert calls[1].reply.text == "bad", "the tuned model has learnt the train rows"
    assert calls[0].clock == "wire"
    assert calls[0].reply.usage.input_tokens > 0
    assert calls[0].reply.params["seed"] == kit.seed


PARENT = """
import asyncio, sys
sys.path[:0] = {path!r}
from harness.providers.reference import _Child
async def main():
    child = await _Child.start({{"train": [], "schema": None}})
    print(child._process.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_killing_the_parent_ends_the_child():
    """A SIGKILL leaves no time to say goodbye: the child's stdin ends, and so does the child."""
    code = PARENT.format(path=sys.path)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as parent:
        assert parent.stdout
        assert parent.stderr
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
        assert parent.stderr.read() == "", "the child holds stderr too, so it ends with the child"


def test_a_child_that_does_not_start_is_said_in_one_line(make_kit, monkeypatch):
    """Where the endpoint cannot start, the run cannot be decided: no traceback, and no process left."""
    monkeypatch.setattr(reference.sys, "executable", "/bin/false")
    provider = Reference(spec("base"), make_kit(closing=AsyncExitStack()))
    with pytest.raises(RunIncomplete, match="reference endpoint did not start"):
        asyncio.run(provider.open())


def test_before_open_there_is_nothing_to_ask(make_kit):
    """Closing what was never opened is nothing; asking it is our own mistake."""
    provider = Reference(spec("base"), make_kit())
    asyncio.run(provider.close())
    with pytest.raises(RuntimeError, match="before open"):
        asyncio.run(provider.complete(ASKED))


def test_keys_that_mean_another_endpoint_are_told():
    """It speaks chat only, and caches no prefix."""
    told = Reference.objections(spec("base", api="responses", prompt_cache=True), OutputSpec(), ())
    assert [one.key for one in told] == ["api", "prompt_cache"]
    assert not Reference.objections(spec("base"), OutputSpec(), ())


def test_it_says_what_it_is_and_what_it_would_cost():
    """A note for every table, and prices for its own models only."""
    assert "reading model" in Reference.note
    assert Reference.list_price(spec("base")).output_usd_per_mtok > 0
    assert Reference.list_price(spec("unknown")) is None


def test_a_model_that_cannot_be_fitted_is_told_before_the_run(make_kit):
    """Without train rows the tuned model has no weights: that is one line at the model's place, not failed trials."""
    kit = make_kit(train=())

    async def told():
        async with kit.closing as closing:
            provider = Reference(spec("tuned", where="x.yaml:4"), kit)
            closing.push_async_callback(provider.close)
            await provider.open()

    with pytest.raises(UsageError, match=r"x\.yaml:4: .*without train rows"):
        asyncio.run(told())


def test_it_embeds_and_puts_in_order(make_kit):
    """Over the same child: vectors of length 1 that know what is alike, an order that does, tokens and a price of each."""
    texts = ("we refund a parcel that is lost", "the office opens at nine", "lost parcels are refunded")
    asked = {
        "embed": Request(task="embed", texts=texts),
        "rerank": Request(task="rerank", query="refund of a lost parcel", texts=texts),
    }
    kit = make_kit()

    async def told():
        calls = {}
        async with kit.closing as closing:
            for name, request in asked.items():
                model = spec(name, price=Reference.list_price(spec(name)))
                provider = Reference(model, kit)
                closing.push_async_callback(provider.close)
                await provider.open()
                held = LiveEndpoint(provider, model, Policy(timeout_s=30, retries=0))
                calls[name] = await held.call(request, stage=name)
        return calls

    calls = asyncio.run(told())
    assert [call.error for call in calls.values()] == [None, None]
    a, b, c = calls["embed"].reply.vectors
    assert sum(x * x for x in a) == pytest.approx(1.0, abs=1e-5)
    assert sum(map(float.__mul__, a, c)) > sum(map(float.__mul__, a, b))
    ranking = calls["rerank"].reply.ranking
    assert sorted(place for place, _ in ranking) == [0, 1, 2]
    assert ranking[-1][0] == 1
    for call in calls.values():
        assert (call.clock, call.reply.usage.output_tokens) == ("wire", 0)
        assert call.reply.usage.input_tokens > 0
        assert call.cost_usd > 0


def test_each_model_is_for_one_task():
    """What a built-in model cannot do is known before, with the name of the one that can."""
    for name, task in (("embed", "embed"), ("rerank", "rerank")):
        assert Reference.unfit(spec(name), task) == ()
        (objection,) = Reference.unfit(spec("base"), task)
        assert objection.next == f"write model: reference-{name}"
        (objection,) = Reference.objections(spec(name), OutputSpec(), ())
        assert "reference-base and reference-tuned can" in objection.what
