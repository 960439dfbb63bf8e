"""The scorer `abstention`."""

import pytest

from harness.scorers.abstention import Abstention
from harness.types.score import UNLABELLED


@pytest.mark.parametrize(
    ("text", "expected", "accept", "label"),
    [
        ("Paris", "Paris", False, "answered"),
        ("Rome", "Paris", False, "answered"),
        ("I don't know.", "Paris", False, "abstained_wrongly"),
        ("I don't know.", None, True, "abstained_rightly"),
        ("I don't know.", [], False, "abstained_rightly"),
        ("", [], False, "abstained_rightly"),
        ("Paris", [], False, "answered_unanswerable"),
        ("Paris", "n/a", True, "answered_unanswerable"),
    ],
)
def test_the_four_cases(judge, text, expected, accept, label):
    """Abstaining is right where there is no answer, and answering where there is one."""
    scored = judge(Abstention(), text, expected, accept_refusal=accept)
    assert (scored.label, scored.value) == (label, float(label in ("answered", "abstained_rightly")))


def test_a_refusal_by_the_provider_is_an_abstention(judge):
    """Whatever text it carries."""
    assert judge(Abstention(), "Paris", "Paris", kind="refused").label == "abstained_wrongly"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"answer": "I do not know", "category": "x"}', "abstained_wrongly"),
        ('{"answer": null}', "abstained_wrongly"),
        ('```\n{"answer": ""}\n```', "abstained_wrongly"),
        ('{"answer": "Paris"}', "answered"),
        ('{"other": "I do not know"}', "abstained_wrongly"),
        ("I don't know", "abstained_wrongly"),
        ("Paris", "answered"),
    ],
)
def test_a_field_of_a_json_answer(judge, text, label):
    """`field` says where in the JSON a variant would say it; without that field the text itself is read."""
    assert judge(Abstention(field="answer"), text, {"answer": "Paris"}).label == label


def test_an_empty_expected_field_has_no_answer(judge):
    """With `field`, it is that field which tells whether there is an answer."""
    assert judge(Abstention(field="answer"), '{"answer": ""}', {"answer": []}).label == "abstained_rightly"


def test_own_phrases(judge):
    """The config's phrases replace the built-in ones."""
    scorer = Abstention(phrases=("keine Ahnung",), whole=())
    assert judge(scorer, "Keine Ahnung.", "x").label == "abstained_wrongly"
    assert judge(scorer, "I don't know", "x").label == "answered"


def test_unlabelled(judge):
    """Where nobody said whether there is an answer, there is no score."""
    assert judge(Abstention(), "x") == UNLABELLED
