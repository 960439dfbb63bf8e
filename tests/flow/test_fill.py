"""Every template is filled before the first call."""

import pytest

from harness.flow.fill import fill
from harness.types.evalset import Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, StageSpec, Variant

GOLDEN = Example(id="g-1", inputs={"ticket": "hello"})
EDGE = Example(id="e-1", inputs={"tikcet": "hello"}, where="edge.jsonl:4")


def filled(options, *, golden=GOLDEN, edge=EDGE, few_shot=False, partitions=None):
    """The faults of one variant with one prompt, as lines."""
    prompt = StageSpec(kind="prompt", options=options, where="x.yaml:9")
    stages = (StageSpec(kind="fewshot"), prompt) if few_shot else (prompt,)
    variant = Variant(name="v", stages=stages, model=None, output=OutputSpec(), partitions=partitions)
    rows = {"golden": (golden,), "edge": (edge,), "train": (Example(id="t-1", inputs={"other": "x"}),)}
    experiment = Experiment(name="x", file="x.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=())
    return [str(fault) for fault in fill(experiment, Evalset(name="e", partitions=rows))]


def test_a_row_that_lacks_an_input_is_named():
    """Not only the first row counts: one bad edge row would end a paid run in its middle."""
    (line,) = filled({"user": "{{ ticket }}"})
    assert line.startswith("x.yaml:9: prompt.user: ")
    assert "'ticket'" in line
    assert "(row e-1, edge.jsonl:4)" in line


@pytest.mark.parametrize(
    "user",
    ["{{ ticket | default('') }}", "{% if ticket is defined %}{{ ticket }}{% endif %}", "{{ context }}"],
)
def test_a_template_that_can_do_without_is_fine(user):
    """Only what cannot be rendered is a fault."""
    assert filled({"user": user}) == []


def test_only_rows_that_the_variant_meets_count():
    """A variant that is not asked the edge cases need not be able to read them."""
    assert filled({"user": "{{ ticket }}"}, partitions=("golden",)) == []


def test_train_counts_where_examples_are_drawn_from_it():
    """A worked example is rendered by the same template."""
    (line,) = filled({"user": "{{ ticket }}"}, edge=GOLDEN, few_shot=True)
    assert "(row t-1)" in line
    assert filled({"user": "{{ ticket }}"}, edge=GOLDEN) == []


def asked(request, *, edge=EDGE, partitions=None):
    """The faults of one application with one request, as lines."""
    model = ModelSpec(name="v", provider="http", model="v", extra={"request": request}, where="x.yaml:9")
    variant = Variant(
        name="v",
        stages=(StageSpec(kind="generate"),),
        model=model,
        output=OutputSpec(),
        partitions=partitions,
    )
    experiment = Experiment(name="x", file="x.yaml", evalset=EvalsetSpec(), variants=(variant,), metrics=())
    evalset = Evalset(name="e", partitions={"golden": (GOLDEN,), "edge": (edge,)})
    return [str(fault) for fault in fill(experiment, evalset)]


def test_the_request_of_an_application_is_filled_as_well():
    """Its templates stand at any depth; the first row that one of them cannot be filled from is named, once."""
    (line,) = asked({"messages": [{"content": "{{ ticket }}"}]})
    assert line == (
        "x.yaml:9: http.request.messages[0].content: undefined variable 'ticket' (row e-1, edge.jsonl:4); "
        "did you mean 'tikcet'?"
    )
    assert asked({"q": "{{ ticket }}"}, partitions=("golden",)) == []
    assert asked({"q": "{{ ticket | default('') }}"}) == []
    assert asked(None) == []


def test_without_a_user_template_a_row_needs_one_input():
    """Which of two inputs to send is not guessed."""
    two = Example(id="g-2", inputs={"a": "1", "b": "2"})
    (line,) = filled({"user": None}, golden=two)
    assert "it has 2 (a, b) (row g-2); write the user template" in line
