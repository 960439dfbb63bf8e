"""The scorer `json_fields`."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.scorers.json_fields import FieldRule, JsonFields
from harness.types.score import UNLABELLED, Unscored

EXPECTED = {"category": "refund", "priority": 2, "sources": ["d1", "d2"], "answer": ["30 days", "one month"]}
RULES = {"category": "exact", "priority": "numeric", "sources": "set_f1", "answer": "contains"}
RIGHT = {"category": "refund", "priority": 2, "sources": ["d2", "d1"], "answer": "You have 30 days."}


@pytest.fixture
def ask(judge):
    """Judge an answer, written as JSON where it is not text, against EXPECTED or another expectation."""

    def asked(answer, expected=EXPECTED, **options):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return judge(JsonFields(**options), text, expected)

    return asked


def test_every_field_by_its_rule(ask):
    """Each field has its part, and the value is their mean."""
    assert ask(RIGHT, fields=RULES).value == 1.0
    scored = ask({**RIGHT, "category": "billing", "sources": ["d1", "d9"]}, fields=RULES)
    assert scored.parts == {"category": 0.0, "priority": 1.0, "sources": 0.5, "answer": 1.0}
    assert scored.value == 2.5 / 4
    assert (
        scored.why == 'category: "billing", expected "refund"; sources: ["d1", "d9"], expected ["d1", "d2"]'
    )


def test_every_expected_field_is_the_default(ask):
    """With no rules, every expected field must be the same JSON value; others do not count."""
    assert ask({"a": 1.0, "b": [1], "more": 2}, {"a": 1, "b": [1]}).value == 1.0
    assert ask({"a": True, "b": [1]}, {"a": 1, "b": [1]}).parts == {"a": 0.0, "b": 1.0}


def test_a_missing_field_is_wrong(ask):
    """A field that the answer lacks is 0, even where null is expected."""
    scored = ask({}, {"a": None})
    assert (scored.value, scored.why) == (0.0, "a: missing, expected null")
    assert ask({"a": None}, {"a": None}).value == 1.0


@pytest.mark.parametrize(
    ("compare", "got", "wanted", "part"),
    [
        ("exact", " refund ", "refund", 1.0),
        ("exact", "Refund", "refund", 0.0),
        ("exact", "b", ["a", "b"], 1.0),
        ("exact", ["a", "b"], ["a", "b"], 1.0),
        ("exact", ["b", "a"], ["a", "b"], 0.0),
        ("exact", {"x": 1}, {"x": 1.0}, 1.0),
        ("exact", "", [], 1.0),
        ("contains", "In 130 days.", "30 days", 0.0),
        ("contains", "The REFUND, of course", "refund", 1.0),
        ("contains", "one Month", ["30 days", "one month"], 1.0),
        ("contains", ["x", "in 30 days"], ["30 days"], 1.0),
        ("contains", ["x"], "30 days", 0.0),
        ("contains", None, "x", 0.0),
        ("contains", "?!", "?!", 1.0),
        ("contains", 5, 5, 1.0),
        ("token_f1", "thirty days", "days", 2 / 3),
        ("token_f1", "days", ["no", "days"], 1.0),
        ("token_f1", None, None, 1.0),
        ("numeric", "$1,200", 1200, 1.0),
        ("numeric", "n/a", "n/a", 1.0),
        ("numeric", None, 3, 0.0),
        ("set_f1", ["D-1", "d1", "x"], ["d 1", "d1", "y"], 2 / 3),
        ("set_f1", [], [], 1.0),
        ("set_f1", None, [], 1.0),
        ("set_f1", [], ["a"], 0.0),
        ("set_f1", "a", ["a"], 1.0),
        ("set_f1", [1, True], [1.0], 2 / 3),
    ],
)
def test_comparisons(ask, compare, got, wanted, part):
    """Each comparison, at its edges; a list of expected forms means any of them, but for set_f1."""
    assert ask({"f": got}, {"f": wanted}, fields={"f": compare}).value == pytest.approx(part)


def test_thresholds_weights_and_tolerances(ask):
    """`at_least` makes a field right or wrong, `weight` says how much it counts."""
    rules = {"a": FieldRule(compare="token_f1", at_least=0.6, weight=3), "b": "exact"}
    assert ask({"a": "thirty days", "b": 0}, {"a": "days", "b": 1}, fields=rules).value == 0.75
    near = {"a": FieldRule(compare="numeric", absolute=0.5)}
    assert ask({"a": 1.5}, {"a": 1}, fields=near).value == 1.0


def test_nested_fields(ask):
    """A dotted path goes down; a key that has the dot itself comes first."""
    expected = {"customer": {"city": "Bonn"}, "a.b": 1}
    rules = {"customer.city": "exact", "a.b": "exact"}
    assert ask({"customer": {"city": "Bonn"}, "a.b": 1}, expected, fields=rules).value == 1.0
    assert ask({"customer": "Bonn", "a": {"b": 1}}, expected, fields=rules).value == 0.5


@pytest.mark.parametrize("text", ["", "no json", '```\n{"category": "refund"}\n```', "[1]", '"x"', "null"])
def test_an_answer_that_is_no_object_is_wrong(ask, text):
    """It is the variant's fault, with every field at 0, and a reason."""
    scored = ask(text, fields=RULES)
    assert scored.value == 0.0
    assert scored.why
    assert set(scored.parts.values()) == {0.0}


def test_what_cannot_be_judged(ask):
    """No expectation, one that is no object, or one without the fields, is no score."""
    assert ask(RIGHT, None) == UNLABELLED
    assert isinstance(ask(RIGHT, "refund"), Unscored)
    assert isinstance(ask(RIGHT, {}), Unscored)
    assert isinstance(ask(RIGHT, {"other": 1}, fields=RULES), Unscored)


def test_a_field_that_is_not_expected_is_not_judged(ask):
    """Rows may label some of the fields only."""
    assert ask({"category": "refund"}, {"category": "refund"}, fields=RULES).parts == {"category": 1.0}


@pytest.mark.parametrize(
    "rule",
    [
        {"at_least": 0.0},
        {"at_least": 1.1},
        {"weight": -1.0},
        {"absolute": float("nan")},
        {"relative": float("inf")},
    ],
)
def test_a_rule_that_cannot_be(rule):
    """Bounds that no answer can meet are the user's mistake."""
    with pytest.raises(ValueError, match="must"):
        FieldRule(**rule)


def test_weights_that_leave_nothing():
    """All weights 0 is the user's mistake."""
    with pytest.raises(ValueError, match="nothing to judge"):
        JsonFields(fields={"a": FieldRule(weight=0)})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    JSON,
    st.dictionaries(st.sampled_from("abc"), JSON, min_size=1),
    st.sampled_from(["exact", "contains", "token_f1", "numeric", "set_f1"]),
)
def test_any_pair_is_judged_within_bounds(ask, answer, expected, compare):
    """Whatever the two hold, the value is a share; an answer equal to what is expected is wholly right by `exact`."""
    scored = ask(answer, expected, fields=dict.fromkeys(expected, compare))
    assert 0.0 <= scored.value <= 1.0
    assert ask(expected, expected).value == 1.0
