"""What a function may return, and what it may tell through its trial."""

import pytest

from harness.providers.python.answer import read_answer
from harness.providers.python.trial import TrialContext
from harness.types.call import Request, Step, Usage
from harness.types.experiment import Price


@pytest.fixture
def trial():
    """A trial under way."""
    return TrialContext(Request(messages=(), seed=42, repeat=1))


# --- what it returns ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ({"answer": "Paris", "n": [1, 2.5, None]}, '{"answer":"Paris","n":[1,2.5,null]}'),
        ({"text": "x", "label": "y"}, '{"text":"x","label":"y"}'),
        (["ä", True], '["ä",true]'),
        (3, "3"),
        ({"text": {"label": 3}}, '{"label":3}'),
        ({"text": "x", "usage": None, "tool_calls": None}, "x"),
    ],
)
def test_an_answer_is_text_or_json(returned, text):
    """Anything but text is written as JSON; a mapping of our own keys tells more than its `text`."""
    assert read_answer(returned)["text"] == text


def test_a_mapping_may_tell_all_that_a_reply_has():
    """What a function knows of its call, it returns beside the text; calls of tools may stand alone."""
    told = read_answer(
        {
            "text": None,
            "usage": {"input_tokens": 4, "output_tokens": 1},
            "cost_usd": 0.25,
            "retrieved": ["d1", {"doc": "d2", "score": 1}],
            "tool_calls": [{"name": "look_up", "arguments": {"id": 1}}],
            "finish_reason": "tool_calls",
        }
    )
    assert (told["text"], told["kind"], told["finish_reason"]) == ("", "answered", "tool_calls")
    assert (told["usage"], told["told_cost_usd"]) == (Usage(input_tokens=4, output_tokens=1), 0.25)
    assert told["retrieved"] == ({"doc": "d1"}, {"doc": "d2", "score": 1.0})
    assert told["tool_calls"][0]["function"] == {"name": "look_up", "arguments": '{"id": 1}'}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"refused": True}, "refused"),
        ({"truncated": True}, "truncated"),
        ({"refused": False}, "answered"),
        ({"finish_reason": "length"}, "truncated"),
        ({"finish_reason": "content_filter"}, "refused"),
        ({"finish_reason": "stop"}, "answered"),
    ],
)
def test_how_an_answer_ended(more, kind):
    """A function says it plainly, or by the vendors' words."""
    assert read_answer({"text": "x", **more})["kind"] == kind


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "returned None, which is no answer; return text, or JSON"),
        ({"text": None}, "returned None"),
        ({1, 2}, "returned set, which is neither text nor JSON"),
        (float("nan"), "returned float, which is neither text nor JSON"),
        ({"text": "x", "usage": {"tokens": 1}}, "usage has no 'tokens'"),
        ({"text": "x", "usage": 12}, "usage: 12 is no mapping of tokens"),
        ({"text": "x", "cost_usd": "free"}, 'cost: "free" is no amount'),
        ({"text": "x", "retrieved": "d1"}, 'retrieved: "d1" is no list of documents'),
        ({"text": "x", "tool_calls": [3]}, ""),
    ],
)
def test_what_is_no_answer_is_told(returned, message):
    """Nothing is guessed from an object's name, and no wrong figure goes through."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the words are compared below
        read_answer(returned)
    assert str(raised.value).startswith(message)


# --- what it tells --------------------------------------------------------------------------------


def test_all_that_is_told_adds_up(trial):
    """Stages nest, each with its own share; what a stage tells, the trial has told."""
    with trial.stage("retrieve"):
        trial.retrieved(["d1", {"doc": "d2", "text": "two", "score": 0.5}])
        with trial.stage("embed") as stage:
            stage.usage(input_tokens=3, output_tokens=0)
            stage.cost(0.001)
    trial.usage(input_tokens=10, cached_input_tokens=5, output_tokens=2)
    trial.cost(0.002)
    told = trial.facts(None)
    embed, retrieve = told["steps"]
    assert embed == Step(
        name="embed", ms=embed.ms, usage=Usage(input_tokens=3, output_tokens=0), cost_usd=0.001
    )
    assert retrieve == Step(name="retrieve", ms=retrieve.ms)
    assert 0 <= embed.ms <= retrieve.ms
    assert told["usage"] == Usage(input_tokens=13, cached_input_tokens=5, output_tokens=2)
    assert told["told_cost_usd"] == pytest.approx(0.003)
    assert told["retrieved"] == ({"doc": "d1"}, {"doc": "d2", "text": "two", "score": 0.5})


def test_a_part_whose_cost_nobody_knows_makes_the_whole_unknown(trial):
    """Tokens of one part beside the cost of another are that cost and more: known only with a price for the tokens."""
    with trial.stage("rerank") as stage:
        stage.cost(0.25)
    with trial.stage("answer") as stage:
        stage.usage(input_tokens=1000, output_tokens=0)
    assert trial.facts(None)["told_cost_usd"] is None
    price = Price(input_usd_per_mtok=500.0, output_usd_per_mtok=1.0)
    assert trial.facts(price)["told_cost_usd"] == pytest.approx(0.75)
    assert [step.cost_usd for step in trial.facts(price)["steps"]] == [0.25, None]


def test_a_count_that_is_once_unknown_stays_so(trial):
    """Left out is nothing added; None is a count that nobody knows, and no sum with it is known."""
    trial.usage(input_tokens=3)
    trial.usage(output_tokens=2)
    assert trial.facts(None)["usage"] == Usage(input_tokens=3, output_tokens=2)
    trial.usage(input_tokens=None, output_tokens=2)
    assert trial.facts(None)["usage"] == Usage(output_tokens=4)


def test_a_stage_that_fails_was_there(trial):
    """A function that mends its own failures has taken the time for them."""
    with pytest.raises(LookupError), trial.stage("first try"):
        raise LookupError
    assert [step.name for step in trial.facts(None)["steps"]] == ["first try"]


@pytest.mark.parametrize(
    ("tell", "message"),
    [
        (lambda trial: trial.usage(prompt_tokens=3), "usage has no 'prompt_tokens'; it has input_tokens, "),
        (lambda trial: trial.usage(input_tokens=-3), "usage: input_tokens is a count of tokens, not -3"),
        (
            lambda trial: trial.usage(input_tokens="many"),
            'usage: input_tokens is a count of tokens, not "many"',
        ),
        (lambda trial: trial.cost(float("nan")), "cost: NaN is no amount of US dollars"),
        (lambda trial: trial.cost(-1), "cost: -1 is no amount of US dollars"),
        (lambda trial: trial.retrieved([{"text": "x"}]), 'retrieved: {"text": "x"} names no document; give'),
        (lambda trial: trial.retrieved("d1"), 'retrieved: "d1" is no list of documents'),
    ],
)
def test_a_figure_that_is_none_is_the_functions_own_fault(trial, tell, message):
    """It is its author who must hear of it: a wrong count would become a wrong cost."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the words are compared below
        tell(trial)
    assert str(raised.value).startswith(message)
    assert (trial.facts(None)["usage"], trial.facts(None)["told_cost_usd"]) == (None, None)
