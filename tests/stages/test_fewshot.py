"""The few-shot stage: what it draws, from where, in which order, and what it never draws."""

import asyncio
import json
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.stages.fewshot import FewShot
from harness.text.similarity import fingerprint, inputs_text
from harness.types.evalset import Example
from harness.types.experiment import OutputSpec
from harness.types.plugins import ComputeStage, StageOptions
from tests.stages.conftest import Kit, make_draft

TOPICS = {
    "billing": [
        "my invoice is wrong",
        "charged twice this month",
        "refund the invoice please",
        "card was declined",
    ],
    "delivery": [
        "parcel has not arrived",
        "courier lost my parcel",
        "change delivery address",
        "late parcel again",
    ],
    "account": ["cannot log in", "reset my password", "password link expired", "delete my account"],
}


def rows(labels=TOPICS):
    """Write a train partition."""
    return tuple(
        Example(id=f"t-{label}-{n}", inputs={"ticket": text}, expected=label)
        for label, texts in labels.items()
        for n, text in enumerate(texts)
    )


def opened(kit, **options):
    """Open the stage."""
    return asyncio.run(FewShot(**options).open(kit))


def test_shapes():
    """The options are a StageOptions, and what they open is a ComputeStage named as in the config."""
    stage = opened(Kit(train=rows()))
    assert isinstance(FewShot(), StageOptions)
    assert isinstance(stage, ComputeStage)
    assert stage.name == "fewshot"


def test_first_takes_the_head_of_the_file():
    """`first` keeps the order of train."""
    shots = opened(Kit(train=rows()), k=3, select="first")(make_draft({"ticket": "hello"})).shots
    assert [shot.id for shot in shots] == ["t-billing-0", "t-billing-1", "t-billing-2"]


def test_random_is_the_same_for_every_example_and_another_for_another_seed():
    """`random` is drawn once, from the experiment's seed."""
    stage = opened(Kit(train=rows()), k=4, select="random")
    drawn = [shot.id for shot in stage(make_draft({"ticket": "one"})).shots]
    assert drawn == [shot.id for shot in stage(make_draft({"ticket": "two"}, example_id="g-2")).shots]
    assert drawn == [
        s.id for s in opened(Kit(train=rows()), k=4, select="random")(make_draft({"ticket": "x"})).shots
    ]
    draws = {
        tuple(
            s.id
            for s in opened(Kit(train=rows(), seed=n), k=4, select="random")(
                make_draft({"ticket": "x"})
            ).shots
        )
        for n in range(8)
    }
    assert len(draws) > 4


def test_balanced_takes_the_labels_in_turns():
    """Six shots of three labels are two of each, whatever the shares of train."""
    lopsided = rows(TOPICS | {"billing": [f"bill number {n}" for n in range(50)]})
    shots = opened(Kit(train=lopsided), k=6, select="balanced")(make_draft({"ticket": "hello"})).shots
    labels = [shot.answer for shot in shots]
    assert sorted(labels) == ["account", "account", "billing", "billing", "delivery", "delivery"]
    assert labels[:3] == labels[3:]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"note": {"type": "string"}, "kind": {"enum": ["a", "b"]}}},
        {
            "properties": {"note": {}, "kind": {"$ref": "#/$defs/kind"}},
            "$defs": {"kind": {"enum": ["a", "b"]}},
        },
    ],
)
def test_balanced_reads_the_label_of_an_object_from_its_enum(schema):
    """The first listed field of the schema is the label, in place or by reference."""
    train = tuple(
        Example(
            id=f"t-{n}", inputs={"q": f"row {n}"}, expected={"note": f"n{n}", "kind": "b" if n == 9 else "a"}
        )
        for n in range(10)
    )
    kit = Kit(train=train, output=OutputSpec(schema=schema))
    shots = opened(kit, k=2, select="balanced")(make_draft({"q": "hello"})).shots
    assert {json.loads(shot.answer)["kind"] for shot in shots} == {"a", "b"}


def test_similar_puts_the_nearest_next_to_the_question():
    """`similar` finds the rows that share words, the best last."""
    shots = opened(Kit(train=rows()), k=3)(make_draft({"ticket": "courier lost parcel"})).shots
    assert shots[-1].id == "t-delivery-1"
    assert {shot.answer for shot in shots} == {"delivery"}


def test_similar_fills_up_where_nothing_is_near():
    """A question that shares no word still gets its k, the near ones next to the question."""
    stage = opened(Kit(train=rows()), k=3)
    assert [s.id for s in stage(make_draft({"ticket": "qqq"})).shots] == [
        "t-billing-2",
        "t-billing-1",
        "t-billing-0",
    ]
    assert stage(make_draft({"ticket": "password"})).shots[-1].answer == "account"
    assert stage(make_draft({"ticket": ""})).shots


def test_answers_are_written_as_a_model_should_write_them():
    """Text as it is, of several acceptable the first, an object as compact JSON with its letters kept."""
    train = (
        Example(id="a", inputs={"q": "one"}, expected="ja"),
        Example(id="b", inputs={"q": "two"}, expected=["Paris", "Lutetia"]),
        Example(id="c", inputs={"q": "three"}, expected={"name": "Zoë", "n": 1}),
    )
    shots = opened(Kit(train=train), select="first")(make_draft({"q": "x"})).shots
    assert [shot.answer for shot in shots] == ["ja", "Paris", '{"name":"Zoë","n":1}']


def test_unlabelled_and_repeated_rows_are_left_out():
    """A row without an answer teaches nothing, a second row that asks the same takes a place for nothing."""
    train = (
        Example(id="a", inputs={"q": "One?"}, expected="1"),
        Example(id="b", inputs={"q": "two"}, expected=None),
        Example(id="c", inputs={"q": "  one "}, expected="1"),
        Example(id="d", inputs={"q": "four"}, expected="4"),
    )
    shots = opened(Kit(train=train), k=9, select="first")(make_draft({"q": "x"})).shots
    assert [shot.id for shot in shots] == ["a", "d"]


@pytest.mark.parametrize("train", [(), (Example(id="a", inputs={"q": "x"}),)])
def test_nothing_to_draw_from_is_said_at_once(train):
    """No labelled row in train is the user's mistake, named before anything is paid."""
    with pytest.raises(UsageError, match="nothing to draw from"):
        opened(Kit(train=train))
    assert opened(Kit(train=train), k=0)(make_draft({"q": "x"})).shots == ()


def test_an_unknown_selection_names_the_nearest():
    """A misspelt `select` is answered with the word that was meant."""
    with pytest.raises(UsageError, match="did you mean 'similar'"):
        opened(Kit(train=rows()), select="simliar")


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(string.ascii_letters + " ?!.", max_size=12), min_size=1, max_size=12),
    place=st.integers(0, 11),
    k=st.integers(0, 14),
    select=st.sampled_from(["first", "random", "balanced", "similar"]),
    disguise=st.sampled_from([str, str.upper, "  {}!! ".format]),
)
def test_the_example_itself_never_stands_in_its_prompt(texts, place, k, select, disguise):
    """Neither by its id nor by its text in other clothes; and as many shots come as there can."""
    train = tuple(
        Example(id=f"t{n}", inputs={"q": text}, expected=f"{n % 3}") for n, text in enumerate(texts)
    )
    stage = opened(Kit(train=train), k=k, select=select)
    asked = train[place % len(train)]
    by_text = stage(make_draft({"q": disguise(asked.inputs["q"])})).shots
    by_id = stage(make_draft({"q": "something else"}, example_id=asked.id)).shots
    key = fingerprint(disguise(asked.inputs["q"]))
    assert key not in {fingerprint(inputs_text(shot.inputs)) for shot in by_text}
    assert asked.id not in {shot.id for shot in by_id}
    distinct = {fingerprint(text) for text in texts}
    assert len(by_text) == min(k, len(distinct - {key}))
    assert len({shot.id for shot in by_text}) == len(by_text)


def test_a_choice_among_a_thousand_rows_is_quick():
    """Under 2 ms of CPU a query, so that a few-shot variant's time is the model's own."""
    words = [f"word{n}" for n in range(400)]
    train = tuple(
        Example(
            id=f"t{n}", inputs={"q": " ".join(words[(n * step) % 400] for step in range(1, 40))}, expected="x"
        )
        for n in range(1000)
    )
    stage = opened(Kit(train=train))
    asked = [make_draft({"q": " ".join(words[n : n + 40])}) for n in range(100)]
    started = time.process_time()
    for one in asked:
        stage(one)
    assert (time.process_time() - started) / len(asked) < 0.002
