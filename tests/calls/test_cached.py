"""An endpoint with a memory: what it keeps, when it answers from it, and how it tells that."""

import asyncio
import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.calls.cached import CachedEndpoint
from harness.types.call import Attempt, Call, Message, Reply, Request, Step, Usage, Wire
from harness.types.experiment import ModelSpec, Price
from harness.types.plugins import Endpoint

MODEL = ModelSpec(
    name="m", provider="openai", model="m", price=Price(input_usd_per_mtok=1, output_usd_per_mtok=2)
)
USAGE = Usage(input_tokens=1_000_000, output_tokens=500_000)
ASKED = Request(messages=(Message(role="user", content="hi"),))
TOKENS = st.none() | st.integers(0, 10)
USAGES = st.none() | st.builds(Usage, **{field.name: TOKENS for field in fields(Usage)})
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
OBJECTS = st.dictionaries(TEXT, st.none() | st.integers() | st.floats(allow_nan=False) | TEXT, max_size=3)
REPLIES = st.builds(
    Reply,
    text=TEXT,
    kind=st.sampled_from(["answered", "refused"]),
    finish_reason=st.none() | TEXT,
    tool_calls=st.lists(OBJECTS, max_size=2).map(tuple),
    usage=USAGES,
    wire=st.just(Wire(sent_ns=0, done_ns=1)),
    model_returned=st.none() | TEXT,
    system_fingerprint=st.none() | TEXT,
    params=OBJECTS,
    dropped=st.lists(TEXT, max_size=2).map(tuple),
    output_mode=st.sampled_from([None, "prompt", "tool"]),
    steps=st.lists(
        st.builds(Step, name=TEXT, ms=st.floats(0, 9), usage=USAGES, cost_usd=st.none() | st.just(0.5)),
        max_size=2,
    ).map(tuple),
    retrieved=st.lists(OBJECTS, max_size=2).map(tuple),
    vectors=st.lists(st.lists(st.floats(-1, 1), max_size=3).map(tuple), max_size=2).map(tuple),
    ranking=st.lists(st.tuples(st.integers(0, 9), st.floats(-1, 1)), max_size=2).map(tuple),
    told_cost_usd=st.none() | st.floats(0, 9),
    meta=OBJECTS,
)


class Kept(dict):
    """Answers in memory, with a count of the look-ups."""

    looked = 0

    async def get(self, key):
        """Find."""
        self.looked += 1
        return dict.get(self, key)

    def put(self, key, value):
        """Keep."""
        assert isinstance(value, bytes)
        self[key] = value


class Live:
    """An endpoint that says its things in turn; the last one repeats."""

    key = "k"

    def __init__(self, *says):
        self.says = list(says)
        self.asked = 0

    async def call(self, request, *, stage):
        """Answer."""
        self.asked += 1
        say = self.says[min(self.asked, len(self.says)) - 1]
        return replace(say, stage=stage) if isinstance(say, Call) else answered(say)


def answered(reply, **more):
    """A call that went out and came back."""
    told = {
        "stage": "generate", "model": "m", "reply": reply, "ms": 300.0, "clock": "wire", "first_token_ms": 40.0,
        "attempts": (Attempt(stage="generate", ms=301.0, status=200),), "queue_ms": 5.0, "cost_usd": 9.0,
        "spent_usd": 9.0, "spent_at_most_usd": 9.0,
    }  # fmt: skip
    return Call(**{**told, **more})


REPLY = Reply(text="yes", usage=USAGE, wire=Wire(sent_ns=0, done_ns=300_000_000), finish_reason="stop")


def ask(live, *requests, mode="on", kept=None, model=MODEL):
    """Ask one after another."""
    endpoint = CachedEndpoint(live, model, Kept() if kept is None else kept, mode)
    assert isinstance(endpoint, Endpoint)

    async def run():
        return [await endpoint.call(request, stage="generate") for request in requests]

    return asyncio.run(run())


def test_a_second_time_is_answered_without_a_call():
    """The hit has the answer, no attempt, no latency; its cost is as if uncached, and nothing was spent."""
    live = Live(REPLY)
    first, second = ask(live, ASKED, ASKED)
    assert live.asked == 1
    assert first == answered(REPLY)
    assert second == Call(
        stage="generate",
        model="m",
        reply=replace(REPLY, wire=None),
        attempts=(),
        ms=None,
        clock="wire",
        cost_usd=2.0,
        spent_usd=0.0,
        spent_at_most_usd=0.0,
        cached=True,
        cached_ms=300.0,
    )


@pytest.mark.parametrize(
    ("mode", "kept_first", "calls", "keeps"),
    [
        ("on", False, 1, True),
        ("on", True, 0, True),
        ("read", False, 2, False),
        ("read", True, 0, True),
        ("refresh", False, 2, True),
        ("refresh", True, 2, True),
        ("off", False, 2, False),
        ("off", True, 2, True),
    ],
)
def test_each_mode_reads_and_writes_what_it_says(mode, kept_first, calls, keeps):
    """on: both; read: never writes; refresh: never reads; off: neither."""
    kept = Kept()
    if kept_first:
        ask(Live(REPLY), ASKED, kept=kept)
        kept.looked = 0
    live = Live(replace(REPLY, text="new"))
    told = ask(live, ASKED, ASKED, mode=mode, kept=kept)
    assert (live.asked, bool(kept)) == (calls, keeps)
    assert [call.reply.text for call in told] == (["new"] * 2 if calls else ["yes"] * 2)
    assert bool(kept.looked) == (mode in ("on", "read"))
    if mode == "refresh":
        assert json.loads(*kept.values())["reply"]["text"] == "new"


@pytest.mark.parametrize(("mode", "text"), [("on", "new"), ("refresh", "new"), ("read", "yes")])
def test_a_fresh_request_is_asked_and_kept_all_the_same(mode, text):
    """`cache.live` examples always go out; what comes stands for the next one that is not fresh."""
    kept = Kept()
    ask(Live(REPLY), ASKED, kept=kept)
    live = Live(replace(REPLY, text="new"))
    (told,) = ask(live, replace(ASKED, fresh=True), mode=mode, kept=kept)
    assert (live.asked, told.cached, told.ms) == (1, False, 300.0)
    assert json.loads(*kept.values())["reply"]["text"] == text


@pytest.mark.parametrize(
    ("say", "keeps"),
    [
        (REPLY, True),
        (replace(REPLY, kind="refused"), True),
        (replace(REPLY, text=""), True),
        (replace(REPLY, kind="truncated"), False),
        (answered(None, error={"type": "server_error"}, ms=None), False),
        (answered(None, error={"type": "timeout"}, ms=30_000.0), False),
        (answered(replace(REPLY, wire=None), clock="recorded"), False),
        (replace(REPLY, meta={"odd": object()}), False),
        (replace(REPLY, meta={"odd": {1}}), False),
    ],
)
def test_only_whole_answers_are_kept(say, keeps):
    """A refusal is the model's own answer; errors, time-outs, truncations and recorded outputs are asked again."""
    kept, live = Kept(), Live(say)
    ask(live, ASKED, ASKED, kept=kept)
    assert (bool(kept), live.asked) == (keeps, 1 if keeps else 2)


@given(reply=REPLIES)
def test_any_answer_comes_back_as_it_was(reply):
    """Half surrogate pairs, large numbers and unknown buckets included; only its exchange is gone."""
    _, second = ask(Live(reply), ASKED, ASKED)
    assert second.cached
    assert second.reply == replace(reply, wire=None)


def test_repeats_are_samples_of_their_own():
    """R11: three repeats are three calls, and each is answered as itself the second time."""
    requests = [replace(ASKED, repeat=repeat) for repeat in range(3)]
    live = Live(*(replace(REPLY, text=str(n)) for n in range(3)))
    told = ask(live, *requests, *requests)
    assert live.asked == 3
    assert [call.reply.text for call in told] == ["0", "1", "2"] * 2


def test_a_hit_costs_what_it_would_cost_today():
    """A price that changed since is today's; what the answer itself told stands; unknown stays unknown."""
    kept = Kept()
    ask(Live(REPLY), ASKED, kept=kept)
    dearer = replace(MODEL, price=Price(input_usd_per_mtok=10, output_usd_per_mtok=20))
    costs = [
        ask(Live(REPLY), ASKED, kept=kept, model=model)[0].cost_usd
        for model in (dearer, replace(MODEL, price=None))
    ]
    assert costs == [20.0, None]
    *_, told = ask(Live(replace(REPLY, told_cost_usd=0.25)), ASKED, ASKED)
    assert (told.cost_usd, told.spent_usd) == (0.25, 0.0)
    *_, unknown = ask(Live(replace(REPLY, usage=None)), ASKED, ASKED)
    assert (unknown.cost_usd, unknown.spent_usd) == (None, 0.0)


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"null", b"[]", b'"x"', b"{}", b'{"reply": {"text": 1}, "ms": 1, "clock": "wire"}', b"\xff"],
)
def test_what_does_not_read_as_an_answer_is_a_miss(value):
    """Half a line or another harness's shape is asked again, and written over."""
    kept = Kept()
    ask(Live(REPLY), ASKED, kept=kept)
    (key,) = kept
    kept[key] = value
    live = Live(replace(REPLY, text="new"))
    first, second = ask(live, ASKED, ASKED, kept=kept)
    assert (first.cached, second.cached, live.asked) == (False, True, 1)


def test_two_at_once_both_go_out():
    """Neither waits for the other: each latency is the endpoint's own."""

    class Together(Live):
        async def call(self, request, *, stage):
            await both.wait()
            return await super().call(request, stage=stage)

    both = asyncio.Barrier(2)
    endpoint = CachedEndpoint(Together(REPLY), MODEL, Kept(), "on")

    async def run():
        async with asyncio.timeout(5):
            return await asyncio.gather(*(endpoint.call(ASKED, stage="generate") for _ in range(2)))

    assert [call.cached for call in asyncio.run(run())] == [False, False]


def test_documents_of_an_index_pass_by():
    """Their embeddings are kept under their own texts: a batch kept here as well would be the same bytes twice."""
    live, kept = Live(Reply(text="", vectors=((1.0,),))), Kept()
    batch = Request(task="embed", texts=("a document",), side="document")
    ask(live, batch, batch, kept=kept)
    assert (live.asked, len(kept), kept.looked) == (2, 0, 0)
    query = replace(batch, side="query")
    ask(live, query, query, kept=kept)
    assert (live.asked, len(kept)) == (3, 1)
