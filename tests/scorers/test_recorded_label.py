"""The scorer `recorded_label`."""

import pytest

from harness.scorers.recorded_label import RecordedLabel
from harness.types.score import Scored, Unscored

SCORER = RecordedLabel(field="label", values={"Correct": 1, "Incorrect": 0, True: 0.5, 3: 0.25})


@pytest.mark.parametrize(
    ("label", "value", "name"),
    [("Correct", 1.0, "Correct"), (" Incorrect ", 0.0, "Incorrect"), (True, 0.5, "true"), (3.0, 0.25, "3")],
)
def test_a_label_is_worth_what_the_config_says(judge, label, value, name):
    """A label is looked up by how it is written, and counted by its name."""
    assert judge(SCORER, "x", recorded={"label": label}) == Scored(value=value, label=name)


def test_no_label_and_an_unknown_label_are_no_scores(judge):
    """What nobody judged, or judged in a word that has no worth, is unscored and says why."""
    for recorded in (None, {}, {"label": None}):
        assert isinstance(judge(SCORER, "x", recorded=recorded), Unscored)
    unknown = judge(SCORER, "x", recorded={"label": "Refusal"})
    assert "Refusal" in unknown.reason
    assert "Correct" in unknown.reason


@pytest.mark.parametrize("values", [{}, {"a": 2}, {"a": float("nan")}])
def test_a_worth_outside_of_the_scale(values):
    """Worths lie in [0, 1], and there is at least one."""
    with pytest.raises(ValueError, match="worth"):
        RecordedLabel(field="label", values=values)
