"""One trial, told: what each stage took, what was waited for, and how it ended, whatever a stage does."""

import asyncio
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from harness.errors import Fault, UsageError
from harness.flow.pipeline import pipeline
from harness.stats.blame import reach
from harness.stats.rankings import lookup
from harness.types.call import Attempt, Call, Message, Reply, Step, Usage, Wire
from harness.types.evalset import Example
from harness.types.line import Line
from harness.types.trial import Passage, Shot, Trial

EXAMPLE = Example(id="g-1", inputs={"q": "why?"}, expected="because", tags=("easy",))
TRIAL = Trial(variant="v", partition="golden", example_id="g-1", repeat=1)
MS = 1_000_000


@dataclass
class Computes:
    """A stage that computes."""

    name: str = "prompt"
    work: Any = lambda draft: draft

    def __call__(self, draft):
        """Do it."""
        return self.work(draft)


@dataclass
class Calls:
    """A stage that calls."""

    told: Any
    name: str = "generate"

    async def call(self, draft):
        """Append what is told, one call or several; or raise it."""
        if isinstance(self.told, Exception):
            raise self.told
        told = self.told if isinstance(self.told, tuple) else (self.told,)
        return replace(draft, calls=(*draft.calls, *told))


def answer(text="yes", *, ms=50.0, stage="generate", **changes):
    """A call that was answered at the wire."""
    wire = Wire(sent_ns=0, done_ns=int(ms * MS), connect_ms=2.0)
    reply = Reply(text=text, usage=Usage(input_tokens=10, output_tokens=2), wire=wire, model_returned="m-1")
    fields = {
        "stage": stage,
        "model": "m",
        "reply": reply,
        "attempts": (Attempt(stage=stage, ms=ms, status=200),),
        "ms": ms,
        "clock": "wire",
        "cost_usd": 0.25,
    }
    return Call(**{**fields, **changes})


def unanswered():
    """A call that was refused to the end."""
    return replace(
        answer(),
        reply=None,
        ms=None,
        cost_usd=None,
        error={"type": "rate_limited", "message": "no", "status": 429},
        attempts=(Attempt(stage="generate", ms=30.0, status=429, error="no"),),
    )


@pytest.fixture
def run():
    """Run one trial through some stages."""

    def told(*stages, example=EXAMPLE, trial=TRIAL, live=True, threads=2):
        with ThreadPoolExecutor(threads) as pool:
            line = Line(stages=stages, output_mode="prompt", live=live, threads=pool)
            return asyncio.run(pipeline(line, trial, example, seed=11))

    return told


def test_a_trial_keeps_what_it_was_and_how_it_ended(run):
    """Its key, its tags, the answer, the model that answered: and never the expected answer."""
    record = run(Computes(), Calls(answer())).record
    assert record.key == ("v", "golden", "g-1", 1)
    assert record.tags == ("easy",)
    assert (record.outcome.kind, record.outcome.text) == ("answered", "yes")
    assert record.model_returned == "m-1"
    assert record.usage == Usage(input_tokens=10, output_tokens=2)
    assert record.cost_usd == 0.25
    assert record.started_at.endswith("+00:00")
    assert b"because" not in orjson.dumps(record)


def test_latency_is_the_sum_of_the_stages(run):
    """Each stage with its own clock; computing counts, waiting for a thread does not."""
    record = run(Computes(), Calls(answer(ms=50.0))).record
    assert [(stage.name, stage.clock) for stage in record.stages] == [
        ("prompt", "client"),
        ("generate", "wire"),
    ]
    assert record.stages[1].connect_ms == 2.0
    assert record.latency_ms == pytest.approx(sum(stage.ms for stage in record.stages), abs=0.002)
    assert record.latency_ms >= 50.0


def test_stages_compute_off_the_loop_and_their_wait_is_queue(run):
    """A stage that computes holds no loop; where its thread was busy, the wait is queue and not latency."""
    seen = []

    def work(draft):
        seen.append(threading.current_thread())
        time.sleep(0.02)
        return draft

    async def two():
        with ThreadPoolExecutor(1) as pool:
            line = Line(
                stages=(Computes(work=work), Calls(answer(ms=0.0))),
                output_mode="prompt",
                live=True,
                threads=pool,
            )
            return await asyncio.gather(*(pipeline(line, TRIAL, EXAMPLE, seed=1) for _ in range(2)))

    records = [entry.record for entry in asyncio.run(two())]
    assert threading.main_thread() not in seen
    waited = max(records, key=lambda record: record.queue_ms)
    assert waited.queue_ms >= 15
    assert all(20 <= record.latency_ms < 20 + waited.queue_ms + 200 for record in records)
    assert all(record.latency_ms <= record.elapsed_ms + 0.01 for record in records)
    assert waited.elapsed_ms < waited.queue_ms + 200


def test_elapsed_leaves_out_queue_back_off_and_failed_attempts(run):
    """What was spent around the answer stands beside it, never in it, and nothing is ever negative."""
    told = answer(
        ms=1.0,
        backoff_ms=5000.0,
        queue_ms=3.0,
        attempts=(
            Attempt(stage="generate", ms=900.0, status=429, error="no"),
            Attempt(stage="generate", ms=1.0),
        ),
    )
    record = run(Calls(told)).record
    assert (record.backoff_ms, record.queue_ms) == (5000.0, 3.0)
    assert record.elapsed_ms == 0.0
    assert len(record.attempts) == 2


@pytest.mark.parametrize(("embed", "rerank"), [(0.4, 0.3), (0.0, 0.7)])
def test_the_stages_and_the_clients_share_add_up(run, embed, rerank):
    """Latency is the sum of the trial's own stages; the wall clock is that and what is unaccounted for, which is little."""

    def waits(name, ms):
        async def call(draft):
            began_ns = time.perf_counter_ns()
            await asyncio.sleep(ms / 1000)
            took_ms = (time.perf_counter_ns() - began_ns) / MS
            inside = Step(name="inside", ms=took_ms / 2)
            reply = Reply(text="yes", wire=Wire(sent_ns=0, done_ns=1), steps=(inside,))
            told = answer(
                stage=name, reply=reply, ms=took_ms, attempts=(Attempt(stage=name, ms=took_ms, status=200),)
            )
            return replace(draft, calls=(*draft.calls, told))

        stage = Calls(None, name)
        stage.call = call
        return stage

    stages = (
        waits("embed", embed),
        Computes("retrieve"),
        waits("rerank", rerank),
        Computes(),
        waits("generate", 2.0),
    )
    for _ in range(5):
        record = run(*stages).record
        own = [stage.ms for stage in record.stages if stage.within is None]
        assert len(own) == 5
        assert len(record.stages) == 8
        assert record.latency_ms == pytest.approx(sum(own), abs=0.002)
        unaccounted_ms = record.elapsed_ms - record.latency_ms
        assert -0.01 <= unaccounted_ms < 250


def test_the_input_is_told_in_its_parts(run):
    """Characters of what was sent: passages that were used, shots, and the prompt around them."""
    passage = Passage(doc="d", chunk=0, start=0, end=4, text="a fact", score=1.0, rank=1)
    shot = Shot(id="t-1", inputs={"q": "when?"}, answer="now")

    def work(draft, content):
        passages = (passage, replace(passage, text="not used" * 99, used=False))
        messages = (Message(role="system", content="be brief"), Message(role="user", content=content))
        return replace(draft, passages=passages, shots=(shot,), messages=messages)

    def sizes(content):
        record = run(Computes(work=lambda draft: work(draft, content)), Calls(answer())).record
        return record.input_characters

    assert sizes("when? now | a fact | why?") == {"prompt": 8 + 25 - 14, "fewshot": 8, "context": 6}
    assert sizes("?") == {"prompt": 0, "fewshot": 3, "context": 6}, "a template that leaves them out"
    assert run(Calls(answer())).record.input_characters is None


def test_a_time_out_counts_at_its_limit(run):
    """Its latency is the limit; it cost what nobody knows; it has no answer and no elapsed time."""
    late = answer(
        reply=None, ms=30_000.0, clock="client", cost_usd=None, error={"type": "timeout", "message": "late"}
    )
    record = run(Computes(), Calls(late), Calls(answer(), name="after")).record
    assert record.outcome.kind == "timed_out"
    assert record.outcome.error["type"] == "timeout"
    assert (record.latency_ms, record.elapsed_ms, record.cost_usd, record.usage) == (
        30_000.0,
        None,
        None,
        None,
    )
    assert [stage.name for stage in record.stages] == ["prompt", "generate"], "nothing is called after it"


def test_a_failed_call_has_no_latency_and_no_cost(run):
    """429 to the end: failed, with its error; unknown stays unknown."""
    record = run(Calls(unanswered())).record
    assert record.outcome.kind == "failed"
    assert record.outcome.text is None
    assert record.outcome.error["type"] == "rate_limited"
    assert (record.latency_ms, record.elapsed_ms, record.cost_usd, record.usage) == (None, None, None, None)
    assert record.stages[0].ms is None


@pytest.mark.parametrize(
    "stages",
    [
        (Computes("mine", lambda _draft: 1 // 0), Calls(answer())),
        (Calls(ZeroDivisionError("division"), "mine"), Calls(answer())),
    ],
)
def test_a_users_stage_that_raises_fails_its_trial(run, stages):
    """Whatever it raises is that trial's end, by name, and the run goes on."""
    record = run(*stages).record
    assert record.outcome.kind == "failed"
    assert record.outcome.error["type"] == "stage_error"
    assert record.outcome.error["message"].startswith("mine: ZeroDivisionError: ")
    assert [(stage.name, stage.ms) for stage in record.stages] == [("mine", None)]
    assert record.latency_ms is None
    assert record.cost_usd is None


@pytest.mark.parametrize("kind", ["computes", "calls"])
def test_a_request_that_cannot_be_meant_ends_the_run(run, kind):
    """A user's mistake is not a trial's outcome."""
    error = UsageError(Fault(where="c.yaml:3", what="no such variable"))

    def work(_draft):
        raise error

    with pytest.raises(UsageError, match="no such variable"):
        run(Computes(work=work) if kind == "computes" else Calls(error))


def test_a_pipeline_that_asks_nobody_says_so(run):
    """Without a stage that generates there is no answer: failed, not empty."""
    record = run(Computes()).record
    assert record.outcome.kind == "failed"
    assert "no stage generated" in record.outcome.error["message"]
    assert record.cost_usd is None
    assert record.request["messages"] is None


def test_texts_go_once_under_their_digest(run):
    """Messages and passages stand in the entry's texts; the record names them."""
    passage = Passage(doc="d", chunk=0, start=0, end=4, text="fact", score=1.0, rank=1)
    again = replace(passage, chunk=1, rank=2, used=False)

    def work(draft):
        messages = (Message(role="system", content="be \ud800 brief"), Message(role="user", content="why?"))
        return replace(draft, messages=messages, passages=(passage, again))

    entry = run(Computes(work=work), Calls(answer()))
    held = entry.texts[entry.record.request["messages"]]
    assert "why?" in held
    assert [one.text for one in entry.record.retrieved] == [hashlib.sha256(b"fact").hexdigest()[:16]] * 2
    assert [one.used for one in entry.record.retrieved] == [True, False]
    assert len(entry.texts) == 2
    assert "why?" not in str(entry.record)


def finds(*docs, name="retrieve"):
    """A search that finds one passage of each of these documents, best first."""
    found = tuple(
        Passage(doc=doc, chunk=0, start=0, end=1, text=doc, score=1 / rank, rank=rank)
        for rank, doc in enumerate(docs, 1)
    )
    return Computes(name, lambda draft: replace(draft, passages=found))


def own(work):
    """A stage of the user's own, which makes of the passages what it likes."""
    return Computes("own", lambda draft: replace(draft, passages=work(draft.passages)))


def backwards(passages):
    """In the other order, with new ranks."""
    return tuple(replace(one, rank=rank) for rank, one in enumerate(reversed(passages), 1))


def summed_up(passages):
    """One new passage instead of all."""
    return (replace(passages[0], doc="sum", text="sum", end=3, rank=1),)


def in_place(passages):
    """A list, which a later stage shortens."""
    return list(passages)


def shorten(passages):
    """Take one out of a list where it lies."""
    passages.pop(0)
    return passages


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ((finds(*"abc"),), [("a", 1, True, None), ("b", 2, True, None), ("c", 3, True, None)]),
        (
            (finds(*"abc"), own(lambda found: found[1:])),
            [("b", 2, True, None), ("c", 3, True, None), ("a", 4, False, 1)],
        ),
        ((finds(*"ab"), own(lambda _: ())), [("a", 1, False, 1), ("b", 2, False, 2)]),
        (
            (finds(*"abc"), own(lambda found: backwards(found)[:2])),
            [("c", 1, True, 3), ("b", 2, True, None), ("a", 3, False, 1)],
        ),
        (
            (finds(*"ab"), own(backwards), own(lambda found: found[1:])),
            [("a", 2, True, 1), ("b", 3, False, 2)],
        ),
        ((finds(*"ab"), own(summed_up)), [("sum", 1, True, 3), ("a", 2, False, 1), ("b", 3, False, 2)]),
        ((finds(*"ab"), own(lambda found: found[:1]), finds("c")), [("c", 1, True, None)]),
        (
            (finds("a", name="first"), finds(*"ab"), own(lambda found: found[:1])),
            [("a", 1, True, None), ("b", 2, False, 2)],
        ),
        (
            (finds(*"ab", name="mine"), own(lambda found: found[1:])),
            [("b", 2, True, None), ("a", 3, False, 1)],
        ),
        ((finds(*"aa"), own(lambda found: found[:1])), [("a", 1, True, None), ("a", 2, False, 2)]),
        ((finds(*"ab"), own(in_place), own(shorten)), [("b", 2, True, None), ("a", 3, False, 1)]),
    ],
)
@pytest.mark.parametrize("between", [False, True])
def test_what_a_stage_drops_stays_in_the_record(run, stages, told, between):
    """As not used, with the search's rank, whatever the stage does; a call between two steps changes nothing."""
    waits = Calls(answer(stage="rewrite"), "rewrite")
    stages = [step for stage in stages for step in ((stage, waits) if between else (stage,))]
    entry = run(*stages, Calls(answer()))
    kept = entry.record.retrieved
    assert [(one.doc, one.rank, one.used, one.found_rank) for one in kept] == told
    assert all(entry.texts[one.text] == one.doc for one in kept)
    assert all((one.found_rank is None) == (one.found_score is None) for one in kept)


def test_a_stage_that_drops_is_measured_apart_from_the_search(run):
    """The search keeps its recall, the prompt loses it, and the cut gets the blame."""
    record = run(finds(*"abc"), own(lambda found: found[:1]), Calls(answer())).record
    found = lookup(record)
    assert (found.retrieved, found.used, found.between) == (("a", "b", "c"), ("a",), True)
    example = replace(EXAMPLE, relevant=("c",))
    assert reach({EXAMPLE.id: example}, {})(record) == "cut"


def test_what_the_search_thought_before_a_reranker_stays(run):
    """A passage that knows its place in the search keeps it, however often it is put elsewhere."""
    ranked = own(
        lambda found: tuple(
            replace(one, rank=3 - one.rank, score=9.0, found_rank=one.rank, found_score=one.score)
            for one in reversed(found)
        )
    )
    record = run(finds(*"ab"), ranked, own(lambda found: found[:1]), Calls(answer())).record
    assert [(one.doc, one.rank, one.used, one.found_rank, one.found_score) for one in record.retrieved] == [
        ("b", 1, True, 2, 0.5),
        ("a", 2, False, 1, 1.0),
    ]


def test_a_stage_that_returns_no_draft_fails_its_trial(run):
    """By its own name, and not the next one's."""
    record = run(Computes("mine", lambda _draft: None), Computes(), Calls(answer())).record
    assert record.outcome.error["message"].startswith("mine: AttributeError: ")


def test_several_calls_are_one_trial(run):
    """Costs, tokens, attempts and waits add up; one unknown cost makes the trial's unknown; the last call answers."""
    first, last = answer("hm", ms=10.0, stage="draft", backoff_ms=1.0), answer("so", ms=20.0, backoff_ms=2.0)
    record = run(Calls((first, last))).record
    assert record.outcome.text == "so"
    assert record.latency_ms == 30.0
    assert (record.cost_usd, record.backoff_ms, len(record.attempts)) == (0.5, 3.0, 2)
    assert record.usage == Usage(input_tokens=20, output_tokens=4)
    unpriced = run(Calls((replace(first, cost_usd=None), last))).record
    assert unpriced.cost_usd is None


def test_recorded_answers_keep_their_columns_and_their_time(run):
    """A recorded answer's latency is the recorded one, and none where there is none; a live one keeps no columns."""
    reply = Reply(text="yes", recorded_ms=812.5, meta={"label": "Correct"})
    told = answer(reply=reply, ms=812.5, clock="recorded")
    record = run(Calls(told), live=False).record
    assert record.latency_ms == 812.5
    assert record.recorded == {"label": "Correct"}
    bare = run(Calls(replace(told, ms=None)), live=False).record
    assert bare.latency_ms is None
    assert bare.outcome.kind == "answered"
    assert run(Calls(answer())).record.recorded is None


def test_only_the_stages_before_the_first_call_show_a_prompt():
    """What is needed to show a prompt calls nobody."""
    with ThreadPoolExecutor(1) as pool:
        prompt, ask = Computes(), Calls(answer())
        line = Line(stages=(prompt, ask, Computes("after")), output_mode="prompt", live=True, threads=pool)
        assert line.before_calls().stages == (prompt,)
        assert replace(line, stages=(prompt,)).before_calls().stages == (prompt,)


def test_a_step_that_waits_without_a_call_of_ours_has_its_time(run):
    """A user's own search is timed on the client's clock; a step that changed nothing did nothing."""

    @dataclass
    class Waits:
        name: str
        found: bool

        async def call(self, draft):
            return replace(draft, notes={"found": 1}) if self.found else draft

    record = run(Waits("own", True), Waits("idle", False), Calls(answer())).record
    assert [(stage.name, stage.clock, stage.model) for stage in record.stages] == [
        ("own", "client", None),
        ("generate", "wire", "m"),
    ]
    assert record.latency_ms == pytest.approx(sum(stage.ms for stage in record.stages), abs=0.01)


def test_what_never_reached_a_prompt_was_not_used(run):
    """The reranker failed: its passages were found, and stand in no prompt."""

    def found(draft):
        return replace(
            draft, passages=(Passage(doc="a", chunk=0, start=0, end=1, text="t", score=1.0, rank=1),)
        )

    record = run(Computes("retrieve", found), Calls(unanswered(), name="rerank")).record
    assert [(one.doc, one.used) for one in record.retrieved] == [("a", False)]
