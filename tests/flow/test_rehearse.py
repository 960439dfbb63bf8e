"""A metric that cannot judge even the expected answers is found before a run."""

from harness.flow.rehearse import rehearse
from harness.scorers.exact import Exact
from harness.scorers.json_fields import JsonFields
from harness.types.evalset import Evalset, Example
from harness.types.experiment import Metric
from harness.types.panel import Panel

EVALSET = Evalset(
    name="desk",
    partitions={
        "golden": (
            Example(id="g-1", inputs={"q": "a"}, expected={"category": "billing", "answer": ["30 days"]}),
            Example(id="g-2", inputs={"q": "b"}, expected={"category": "other", "note": {"tone": "dry"}}),
        )
    },
)


def panel(**fields: str) -> Panel:
    """One json_fields metric over these fields."""
    metric = Metric(name="m", scorer="json_fields", options={"fields": fields}, where="x.yaml:7")
    return Panel(metrics=((metric, JsonFields(fields=fields)),))


def test_a_field_that_no_expected_answer_has_is_named_with_the_nearest() -> None:
    """A misspelt field would otherwise be left out of every score without a word."""
    (fault,) = rehearse(EVALSET, panel(catgeory="exact", answer="contains"))
    assert str(fault) == (
        "x.yaml:7: metric 'm': no expected answer has the field 'catgeory'; did you mean 'category'?"
    )


def test_fields_that_some_expected_answer_has_are_fine() -> None:
    """A field need not stand in every row, and may be a path."""
    assert rehearse(EVALSET, panel(**{"category": "exact", "note.tone": "exact"})) == ()


def test_metrics_without_fields_are_left_alone() -> None:
    """Only fields can be misspelt in this way."""
    metric = Metric(name="m", scorer="exact")
    assert rehearse(EVALSET, Panel(metrics=((metric, Exact()),))) == ()
