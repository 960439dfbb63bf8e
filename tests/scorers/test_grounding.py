"""The scorer `grounding`."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.grounding import Grounding
from harness.types.evalset import Example
from harness.types.record import OUTCOMES, Outcome, ReadPassage, Record, Retrieved
from harness.types.score import Scored, Unscored

EXAMPLE = Example(id="e", inputs={})
FEES = (
    "Late fees of a plan are 2.50 euros. They are charged on day 12 after the invoice, once for each invoice."
)
DATA = Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / "../shared/data"))
CLAPNQ = DATA / "clapnq/annotated_data/dev/clapnq_dev_answerable.jsonl"


def passage(content, *, used=True):
    """One passage, with its text unless that is None."""
    where = {"doc": "d", "chunk": 0, "start": 0, "end": 1, "score": 1.0, "rank": 1, "used": used, "text": "t"}
    return Retrieved(**where) if content is None else ReadPassage(**where, content=content)


def ground(text, *contents, kind="answered", **options):
    """Judge one answer that was given these passages."""
    outcome = Outcome(kind=kind, text=text)
    record = Record(
        variant="v",
        example_id="e",
        partition="golden",
        outcome=outcome,
        retrieved=tuple(map(passage, contents)),
    )
    return Grounding(**options)(record, EXAMPLE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The late fee of a plan is 2.50 euros.", 1.0),
        ("The late fee of a plan is 3.50 euros.", 0.0),
        ("2.50 euros", 1.0),
        ("Penguins live in the southern hemisphere.", 0.0),
        ("The late fee is 2.50 euros. Penguins live far away.", 0.5),
        ("Thank you for writing. The fee is charged on day 12 after the invoice. I hope this helps!", 1.0),
        ("- The late fee is 2.50 euros [failed-payments].\n- It is charged on day 12 [1].", 1.0),
        ("1. The late fee is 2.50 euros.", 1.0),
        ("费用是两块五。", 0.0),
    ],
)
def test_sentences_are_supported_or_not(text, value):
    """By their words and all of their figures; courtesies, marks of lists and named sources are not counted."""
    assert ground(text, "Shipping takes three days.", FEES).value == value


def test_one_passage_must_hold_it():
    """Words that are strewn over several passages support nothing."""
    strewn = ("Kestrel plan, telephone.", "Heron costs a month.", "Autopilot tariff is on.")
    answer = "Kestrel plan costs a month with autopilot tariff and telephone."
    assert ground(answer, *strewn, by="lexical").value == 0.0
    assert ground(answer, " ".join(strewn), by="lexical").value == 1.0


def test_scripts_without_spaces():
    """Signs count in pairs: one alone is in every text."""
    context = "退款在三十天内完成。运费由客户承担。"
    assert ground("退款在三十天内完成。", context).value == 1.0
    assert ground("天三在内款退。", context, by="lexical").value == 0.0


def test_what_it_says_of_itself():
    """The parts count sentences, and the first one that nothing supports is quoted."""
    result = ground("The late fee is 2.50 euros. Penguins live far away. So do whales.", FEES)
    assert result.parts == {"sentences": 3.0, "supported": 1.0}
    assert result.why == '2 of 3 unsupported: "Penguins live far away."'
    assert ground("The late fee is 2.50 euros.", FEES).why == ""


def test_by():
    """Words forgive another order, likeness another form; `both` takes either."""
    inflected = "Charging happens twelve days after invoicing, at each invoice once."
    assert ground(inflected, FEES, by="lexical").value == 0.0
    assert ground(inflected, FEES, by="embedding", embedding=0.4).value == 1.0
    assert ground(inflected, FEES, embedding=0.4).value == 1.0
    assert ground(inflected, FEES, by="lexical", lexical=0.2).value == 1.0


@pytest.mark.parametrize(
    ("text", "contents", "reason"),
    [
        ("It is so.", (), "no passage was used"),
        ("It is 5.", (FEES, None), "the text of a passage is not known"),
        ("It is 5.", (FEES, " "), "the text of a passage is not known"),
        ("I don't know.", (FEES,), "declines"),
        ("", (FEES,), "declines"),
        ("It is!", (FEES,), "nothing that could be supported"),
        ('{"answer": "It is 5."}', (FEES,), "no text to read"),
    ],
)
def test_what_is_unscored(text, contents, reason):
    """No context, a context that is not known, and answers that say nothing have no share."""
    result = ground(text, *contents)
    assert isinstance(result, Unscored)
    assert reason in result.reason


def test_a_passage_that_was_cut_is_no_context():
    """What rerank left out supports nothing, and need not be known."""
    record = Record(
        variant="v",
        example_id="e",
        partition="golden",
        outcome=Outcome(kind="answered", text="The late fee is 2.50 euros."),
        retrieved=(passage(None, used=False), passage("Shipping takes three days.")),
    )
    assert Grounding()(record, EXAMPLE).value == 0.0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ({"answer": "The late fee is 2.50 euros."}, 1.0),
        ({"answer": ["The late fee is 2.50 euros.", "Penguins live far away."]}, 0.5),
        ({"answer": "I don't know"}, None),
        ({"answer": None}, None),
        ({"answer": []}, None),
        ({"other": "The late fee is 2.50 euros."}, None),
    ],
)
def test_a_field_of_a_json_answer(answer, value):
    """`field` says where the text stands, also inside a fence; without it there is nothing to read."""
    for text in (json.dumps(answer), f"```\n{json.dumps(answer)}\n```"):
        result = ground(text, FEES, field="answer")
        assert (result.value if isinstance(result, Scored) else None) == value


@pytest.mark.parametrize("option", ["lexical", "embedding"])
@pytest.mark.parametrize("value", [0, -1, 1.1, float("nan")])
def test_thresholds_are_shares(option, value):
    """A threshold of 0 would support everything."""
    with pytest.raises(ValueError, match=option):
        Grounding(**{option: value})


TEXTS = st.text(alphabet=st.sampled_from("ab 1.!?\n{}\"'今天。"), max_size=60)


@given(TEXTS, st.lists(TEXTS, max_size=3), st.sampled_from(OUTCOMES))
def test_a_share_or_a_reason(text, contents, kind):
    """Whatever is said and found: a share in [0, 1], or why there is none."""
    result = ground(text, *contents, kind=kind)
    assert 0 <= result.value <= 1 if isinstance(result, Scored) else result.reason


@given(st.lists(st.sampled_from(FEES.split(". ")), min_size=1, max_size=4))
def test_what_was_copied_is_supported(lines):
    """Sentences of a passage are supported by it."""
    assert ground(". ".join(lines), "Another text.", FEES).value == 1.0


@pytest.mark.skipif(not CLAPNQ.exists(), reason="CLAPnq is not here; HARNESS_DATA names the folder of data")
def test_the_separation_on_clapnq():
    """Long answers of people: their own passage supports nearly every sentence, another question's nearly none."""
    rows = [json.loads(line) for line in CLAPNQ.read_text(encoding="utf-8").splitlines()]
    passages = [row["passages"][0]["text"] for row in rows]
    own, other = [], []
    for number, row in enumerate(rows):
        answer = row["output"][0]["answer"]
        own.append(ground(answer, passages[number]))
        other.append(ground(answer, passages[(number + 150) % len(rows)]))
    assert _supported(own) > 0.985
    assert _supported(other) < 0.005


def _supported(results):
    """Share of all sentences."""
    return sum(one.parts["supported"] for one in results) / sum(one.parts["sentences"] for one in results)
