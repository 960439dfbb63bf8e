"""The scorer `choice`."""

import pytest

from harness.scorers.choice import Choice
from harness.types.score import UNLABELLED

LABELS = ("card", "card payment", "bank_transfer", "A")


@pytest.mark.parametrize(
    ("scorer", "text", "expected", "value", "label"),
    [
        (Choice(), " Billing. ", "billing", 1.0, "Billing."),
        (Choice(), "billing question", "billing", 0.0, "billing question"),
        (Choice(), "", "billing", 0.0, None),
        (Choice(labels=LABELS), "Bank transfer", "bank_transfer", 1.0, "bank_transfer"),
        (Choice(labels=LABELS), "cash", "card", 0.0, None),
        (Choice(labels=LABELS), "It is card", "card", 0.0, None),
        (Choice(labels=LABELS, within=True), "It is card.", "card", 1.0, "card"),
        (Choice(labels=LABELS, within=True), "This is a card payment!", "card payment", 0.0, None),
        (
            Choice(labels=LABELS[:3], within=True),
            "This is a card payment!",
            "card payment",
            1.0,
            "card payment",
        ),
        (Choice(labels=LABELS[:3], within=True), "card, or rather card payment", "card", 0.0, None),
        (Choice(labels=LABELS[:3], within=True), "card. I say: card", ["card", "x"], 1.0, "card"),
    ],
)
def test_the_label_that_is_named(judge, scorer, text, expected, value, label):
    """Folded labels; inside a longer answer exactly one may be named, and a longer label hides a shorter one."""
    scored = judge(scorer, text, expected)
    assert (scored.value, scored.label) == (value, label)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"within": True}, "needs labels"),
        ({"labels": ("a-b", "A b")}, "differ only"),
        ({"labels": ("!",)}, "no letter"),
    ],
)
def test_labels_that_cannot_be_told_apart(options, says):
    """Such labels are the user's mistake."""
    with pytest.raises(ValueError, match=says):
        Choice(**options)


def test_labels_with_signs_are_told_apart():
    """C, C++ and C# are three labels."""
    assert Choice(labels=("C", "C++", "C#")).labels


def test_unlabelled(judge):
    """Nothing to compare with is no score."""
    assert judge(Choice(), "x") == UNLABELLED
