"""A function of the user's own: really concurrent, timed where it runs, and told whatever it does."""

import asyncio
import contextvars
import sys
import threading
import types
from contextlib import suppress
from dataclasses import dataclass

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.errors import CallError, Fault, UsageError
from harness.providers.python import provider as python_module
from harness.providers.python.provider import Python
from harness.types.call import Request, Usage
from harness.types.experiment import ModelSpec, OutputSpec, Price

ROW = Request(messages=(), inputs={"q": "who?", "more": [1]}, seed=42, repeat=1, example_id="g-1")


def spec(options=None, price=None, function="own_app:answer"):
    """The model of a function."""
    extra = {"function": function, "options": options or {}}
    return ModelSpec(name="app", provider="python", model="app", extra=extra, price=price, where="x.yaml:4")


@pytest.fixture
def own(monkeypatch):
    """Put a function where a config would name it."""

    def put(function, name="own_app"):
        module = types.ModuleType(name)
        module.answer = function
        monkeypatch.setitem(sys.modules, name, module)
        return function

    return put


@dataclass
class Called:
    """What came of some calls."""

    calls: list
    meter: object

    @property
    def call(self):
        """The last one."""
        return self.calls[-1]


@pytest.fixture
def call(own, make_kit):
    """Call a function: `times` after each other, or `at_once`."""

    def called(function, *, row=ROW, times=1, at_once=1, timeout_s=10.0, retries=0, options=None, price=None):
        own(function)
        kit, model = make_kit(connections=at_once), spec(options, price)

        async def told():
            provider = Python(model, kit)
            await provider.open()
            try:
                held = LiveEndpoint(provider, model, Policy(timeout_s=timeout_s, retries=retries))
                calls = []
                for _ in range(times):
                    calls += await asyncio.gather(*[held.call(row, stage="generate") for _ in range(at_once)])
                return calls
            finally:
                await provider.close()

        return Called(asyncio.run(told()), kit.meter)

    return called


def returning(value):
    """A function that returns it."""
    return lambda _inputs: value


# --- how it is called -----------------------------------------------------------------------------


class Pipeline:
    """Objects that can be called."""

    def __call__(self, inputs, suffix="!"):
        """Plainly."""
        return inputs["q"] + suffix


class AsyncPipeline:
    """And on the loop."""

    async def __call__(self, inputs, suffix="!"):
        """Asynchronously."""
        await asyncio.sleep(0)
        return inputs["q"] + suffix


async def answer_async(inputs, *, suffix="!"):
    """An async function."""
    await asyncio.sleep(0)
    return inputs["q"] + suffix


def answer_plain(inputs, suffix="!"):
    """A plain function."""
    return inputs["q"] + suffix


def answer_wrapped(inputs, **more):
    """A plain function around an async one, as decorators make them."""
    return answer_async(inputs, **more)


@pytest.mark.parametrize(
    "function", [answer_plain, answer_async, answer_wrapped, Pipeline(), AsyncPipeline()]
)
def test_whatever_can_be_called_answers(call, function):
    """Plain and async, functions and objects; options are keyword arguments, and one function makes two variants."""
    done = call(function).call
    assert (done.reply.text, done.clock, done.reply.wire.clock) == ("who?!", "client", "client")
    assert (done.reply.output_mode, done.cost_usd, done.attempts[0].error) == (None, None, None)
    assert call(function, options={"suffix": "?"}).call.reply.text == "who??"


def test_plain_functions_really_run_at_once(call):
    """Sixteen calls that wait for each other all end: each has a thread of its own, and none waits for a place."""
    barrier = threading.Barrier(16)

    def answer(inputs):
        barrier.wait(timeout=30)
        return inputs["q"]

    done = call(answer, at_once=16, timeout_s=60)
    assert [one.reply.text for one in done.calls] == ["who?"] * 16
    assert len(done.meter.start_to_send_ms) == 16


def test_threads_are_used_again(call):
    """What a function keeps by thread (a connection) it finds again in the next call."""
    here = threading.local()

    def answer(inputs):
        here.calls = getattr(here, "calls", 0) + 1
        return str(here.calls)

    assert [one.reply.text for one in call(answer, times=3).calls] == ["1", "2", "3"]


def test_the_caller_context_travels(call, own):
    """Context variables of the run are seen on the thread, and changes to them stay there."""
    word = contextvars.ContextVar("word", default="outside")
    word.set("inside")
    seen = []

    def answer(inputs):
        seen.append(word.get())
        word.set("changed")
        return "x"

    call(answer, times=2)
    assert seen == ["inside", "inside"]


def test_a_function_may_change_its_inputs(call):
    """Other variants are asked the same row: what one does to it, none of them sees."""

    def answer(inputs):
        inputs["more"].append(2)
        return inputs.pop("q")

    assert [one.reply.text for one in call(answer, times=2).calls] == ["who?", "who?"]
    assert ROW.inputs == {"q": "who?", "more": [1]}


def test_the_time_is_taken_where_the_function_runs(call, monkeypatch):
    """The way to a thread is the harness's own share, and no part of the latency."""
    run = python_module.Workers.run

    async def late(self, work):
        await asyncio.sleep(0.2)
        return await run(self, work)

    monkeypatch.setattr(python_module.Workers, "run", late)
    done = call(returning("x"))
    assert done.call.ms < 150
    assert done.meter.start_to_send_ms[0] >= 190


# --- what it tells and returns --------------------------------------------------------------------


def test_a_function_that_asks_for_the_trial_can_tell_of_it(call):
    """Stages, tokens, money and documents reach the reply, and a told cost goes before a declared price."""

    def answer(_inputs, trial):
        with trial.stage("retrieve"):
            trial.retrieved(["d1"])
        trial.usage(input_tokens=10, output_tokens=2)
        trial.cost(0.002)
        return f"{trial.seed} {trial.repeat}"

    done = call(answer, price=Price(request_usd=9.0)).call
    assert (done.reply.text, done.cost_usd) == ("42 1", 0.002)
    assert [step.name for step in done.reply.steps] == ["retrieve"]
    assert done.reply.usage == Usage(input_tokens=10, output_tokens=2)
    assert done.reply.retrieved == ({"doc": "d1"},)


def test_async_stages_may_overlap(call):
    """Two parts at once are two steps, each with its own time."""

    async def part(trial, name, both):
        with trial.stage(name):
            await both.wait()

    async def answer(_inputs, *, trial):
        both = asyncio.Barrier(2)
        await asyncio.gather(part(trial, "a", both), part(trial, "b", both))
        return "x"

    assert {step.name for step in call(answer).call.reply.steps} == {"a", "b"}


def test_the_trial_knows_nothing_of_what_is_expected(call):
    """Held out means out of reach: no expected answer, no id to look one up by."""
    seen = {}

    def answer(_inputs, trial):
        seen.update(vars(trial))
        return "x"

    call(answer)
    assert "g-1" not in repr(seen)
    assert not {"expected", "example_id", "request"} & {name.strip("_") for name in seen}


def test_nothing_told_is_unknown(call):
    """No token, cost or document is invented; a declared price then tells the cost."""
    done = call(returning("x"), price=Price(request_usd=0.5)).call
    reply = done.reply
    assert (reply.usage, reply.told_cost_usd, reply.steps, reply.retrieved) == (None, None, (), ())
    assert done.cost_usd == 0.5


def test_what_is_returned_beside_the_text_goes_before_what_was_told(call):
    """A function without `trial` tells in its mapping; where both do, the mapping is its last word."""

    def answer(_inputs, trial):
        trial.cost(9.0)
        trial.usage(input_tokens=1)
        return {"text": "x", "cost_usd": 0.25}

    reply = call(answer).call.reply
    assert (reply.told_cost_usd, reply.usage) == (0.25, Usage(input_tokens=1))


def test_what_is_no_answer_fails_the_trial(call):
    """It is tried once, and says which function it was."""
    done = call(returning(None), retries=3).call
    assert done.error["type"] == "application"
    assert done.error["message"].startswith("own_app:answer: returned None")
    assert len(done.attempts) == 1


# --- what goes wrong ------------------------------------------------------------------------------


def raising(error):
    """A plain and an async function that raise."""

    def plain(inputs):
        raise error

    async def on_loop(inputs):
        raise error

    return plain, on_loop


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no such\n index"), "ValueError: no such index (test_python.py:"),
        (TimeoutError("mine"), "TimeoutError: mine (test_python.py:"),
        (SystemExit(3), "SystemExit: 3 (test_python.py:"),
        (asyncio.CancelledError("mine"), "CancelledError: mine (test_python.py:"),
        (StopIteration("x"), ""),
        (RuntimeError("x" * 900), "RuntimeError: xxx"),
    ],
)
def test_whatever_is_raised_is_that_trials_end(call, kind, error, message):
    """It is told in one line with its place, never tried again, and ends nothing else: not even an exit does."""
    done = call(raising(error)[kind], retries=2).call
    assert done.error["type"] == "application"
    assert done.error["message"].startswith(message)
    assert len(done.error["message"]) <= 500
    assert (done.ms, len(done.attempts)) == (None, 1)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("kind", [0, 1])
def test_a_function_may_say_that_another_try_helps(call, kind):
    """The harness's own CallError is taken at its word, and so the one retry layer serves the function, too."""
    error = CallError(type="rate_limited", message="slow down", status=429, retryable=True)
    done = call(raising(error)[kind], retries=2).call
    assert ([one.status for one in done.attempts], done.error["type"]) == ([429] * 3, "rate_limited")


@pytest.mark.parametrize("kind", [0, 1])
def test_the_harnesss_own_errors_pass(call, kind):
    """A request that cannot be meant ends the run, from wherever it is noticed."""
    with pytest.raises(UsageError, match="what; next"):
        call(raising(UsageError(Fault(where="", what="what", next="next")))[kind])


def test_a_thread_that_hangs_is_left_and_starves_nobody(call):
    """At its deadline the trial ends; the next call has a thread of its own, and its record tells what ran beside it."""
    release, calls = threading.Event(), []

    def answer(inputs):
        calls.append(threading.get_ident())
        if len(calls) == 1:
            release.wait(60)
        return "x"

    try:
        done = call(answer, times=3, timeout_s=0.2)
    finally:
        release.set()
    assert [one.error["type"] if one.error else one.reply.text for one in done.calls] == ["timeout", "x", "x"]
    assert done.calls[0].ms == 200.0
    assert done.calls[1].reply.params["left_running"] == 1
    assert calls[1] == calls[2] != calls[0]


def test_a_function_that_never_ends_is_not_begun_for_ever(call, monkeypatch):
    """Threads are bounded: past the bound a call fails at once, and says why."""
    monkeypatch.setattr(python_module, "MOST_LEFT", 2)
    release = threading.Event()
    try:
        done = call(lambda _inputs: release.wait(60), times=3, timeout_s=0.05)
    finally:
        release.set()
    assert [one.error["type"] for one in done.calls] == ["timeout", "timeout", "application"]
    assert done.call.error["message"] == "2 earlier calls of own_app:answer still run past their deadline"


def test_an_async_function_is_cancelled_at_the_deadline(call):
    """Its clean-up runs."""
    ended = []

    async def answer(inputs):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    assert call(answer, timeout_s=0.05).call.error["type"] == "timeout"
    assert ended == [True]


def test_one_that_ignores_its_cancellation_holds_nobody_up(call):
    """The trial ends at its deadline all the same, while the function goes its own way."""
    release = asyncio.Event()
    calls = []

    async def answer(inputs):
        calls.append(1)
        if len(calls) == 2:
            release.set()
            return "x"
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()
        return "late"

    done = call(answer, times=2, timeout_s=0.1)
    assert done.calls[0].error["type"] == "timeout"
    assert done.calls[0].attempts[0].ms < 2000
    assert done.calls[1].reply.text == "x"


# --- what cannot be called ------------------------------------------------------------------------


def stream(_inputs):
    """Yields."""
    yield "x"


def needs_more(_inputs, k):
    """Asks for what no config said."""
    return k


def takes_all(_inputs, trial, k=1):
    """Asks for the trial and an option."""
    return trial, k


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (str.upper, {"k": 1}, "cannot be called with the inputs and the options: got an unexpected keyword"),
        (
            needs_more,
            {},
            "cannot be called with the inputs and the options: missing a required argument: 'k'",
        ),
        (
            takes_all,
            {"kk": 2},
            "cannot be called with the inputs, the trial and the options: got an unexpected ",
        ),
        (Pipeline, {}, "is no function; name a function, or an object that can be called"),
        ("text", {}, "is no function"),
        (stream, {}, "yields its answer in pieces; return the whole answer"),
    ],
)
def test_what_cannot_be_called_is_told_before_the_run(own, make_kit, function, options, message):
    """Its parameters are held against what it will be given, by `check` and by a run alike."""
    own(function)
    with pytest.raises(UsageError) as raised:
        Python(spec(options), make_kit())
    assert str(raised.value).startswith(f"x.yaml:4: python 'own_app:answer' {message}")
    (objection,) = Python.objections(spec(options), OutputSpec(), ())
    assert (objection.key, objection.what in str(raised.value)) == ("function", True)


def test_a_wrong_call_is_told_with_the_parameters_that_there_are(own, make_kit):
    """What it takes stands in the message, and which of its names has a meaning."""
    own(takes_all)
    with pytest.raises(
        UsageError, match=r"it takes \(_inputs, trial, k\); one named trial is given the trial"
    ):
        Python(spec({"kk": 2}), make_kit())


def test_an_optional_trial_is_given(call):
    """A function that can do without the trial gets it where it has the parameter."""

    def answer(_inputs, trial=None):
        return "given" if trial else "not"

    assert call(answer).call.reply.text == "given"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "python 'own_broken:answer' cannot be loaded (No module named 'own_broken')"),
        (
            "x = 1",
            "python 'own_broken:answer' cannot be loaded (module 'own_broken' has no attribute 'answer')",
        ),
        ("\nraise ValueError('no key')", "(ValueError: no key (own_broken.py:2)); mend it"),
        ("import sys\nsys.exit(2)", "(SystemExit: 2 (own_broken.py:2))"),
        ("def answer(:", "(SyntaxError: "),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(tmp_path, monkeypatch, make_kit, source, message):
    """The user's own mistakes are told at the config's line, with their own."""
    if source is not None:
        (tmp_path / "own_broken.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_broken", raising=False)
    with pytest.raises(UsageError) as raised:
        Python(spec(function="own_broken:answer"), make_kit())
    assert str(raised.value).startswith("x.yaml:4: ")
    assert message in str(raised.value)
    monkeypatch.delitem(sys.modules, "own_broken", raising=False)


def test_an_application_is_not_told_how_to_answer(own):
    """An output mode and tools belong to models; its answers are live, and never from a cache."""
    own(answer_plain)
    objections = Python.objections(spec(), OutputSpec(mode="json_schema"), [{"name": "f"}])
    assert [one.key for one in objections] == ["output", "tools"]
    assert (Python.live, Python.cacheable, Python.list_price(spec())) == (True, False, None)
