"""JUnit XML: what CI servers make of a gate."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.junit import junit
from tests.text.made_verdicts import ADVISORY, FAILED, INCONCLUSIVE, UNDECIDED, compared, summary, verdict

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": {
        "name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package",
        "file", "log", "url", "version",
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "assertions", "time", "timestamp", "classname", "status", "class", "file", "line", "log", "group", "url"},
    "skipped": {"type", "message"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "system-out": set(),
}  # fmt: skip
"""Element → what Jenkins' junit-10.xsd lets it have."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out"},
}
NEEDED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name"},
    "property": {"name", "value"},
}


def read(text: str) -> ET.Element:
    """Parse, and hold every element against the schema's rules; the counts are those of the cases."""
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert NEEDED.get(element.tag, set()) <= set(element.attrib)
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    (suite,) = root
    for attribute, path in {
        "tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped",
    }.items():  # fmt: skip
        assert int(suite.attrib[attribute]) == len(suite.findall(path))
        assert root.attrib.get(attribute, suite.attrib[attribute]) == suite.attrib[attribute]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    return suite


def ending(**changes):
    """How the only case ends: the element, its message and its text."""
    (case,) = read(junit(summary(verdict(**changes)))).findall("testcase")
    (end,) = case
    return end.tag, end.get("message"), end.text


def test_the_suite_is_the_experiment_and_knows_its_run():
    """Its name is the experiment's; run and digests are properties; a case is a gate on a variant, by partition."""
    suite = read(junit(summary(verdict(), compared())))
    assert suite.get("name") == "support-triage"
    assert {one.get("name"): one.get("value")[:4] for one in suite.iter("property")} == {
        "run": "2026", "evalset_digest": "eeee", "config_digest": "cccc",
    }  # fmt: skip
    assert [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")] == [
        ("support-triage.golden", "answer on golden at least 0.8 [rag]"),
        ("support-triage.edge", "answer on edge no worse than plain by 0.05 [rag]"),
    ]


@pytest.mark.parametrize(
    ("changes", "tag", "message"),
    [
        ({}, "system-out", None),
        (FAILED, "failure", "W"),
        (UNDECIDED, "error", "W"),
        (INCONCLUSIVE, "skipped", "inconclusive: W"),
        ({"verdict": "inconclusive"}, "skipped", "inconclusive: W"),
        (ADVISORY, "skipped", "advisory: W"),
    ],
)
def test_what_a_verdict_counts_as_decides_how_its_case_ends(changes, tag, message):
    """A failed gate is a failure, one that must be decided and is not an error; what only warns is skipped."""
    found, said, text = ending(why="W", **changes)
    assert (found, said) == (tag, message)
    assert "87.5 [81.2, 92.1] %" in text


def test_a_failure_holds_the_figures_and_the_flipped_examples():
    """Who reads the CI server's page needs not open the report."""
    (failure,) = read(junit(summary(compared()))).iter("failure")
    assert failure.get("message") == "it is shown to be worse"
    assert "-15.0 [-23.0, -7.1] points, one-sided 95 % bounds, n = 60" in failure.text
    assert "worse on: e-00, e-01," in failure.text


def test_a_run_that_cannot_be_decided_on_is_not_green():
    """Though every verdict passed, a half of a run ends in an error of its own."""
    suite = read(junit(summary(verdict()), "planned trials were never tried"))
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    assert next(suite.iter("error")).get("message") == "planned trials were never tried"


def test_gates_of_one_wording_are_two_cases():
    """A CI server keeps one case a name."""
    names = [case.get("name") for case in read(junit(summary(verdict(), verdict()))).iter("testcase")]
    assert len(set(names)) == 2


@given(st.text(st.characters(), max_size=40), st.sampled_from([{}, FAILED, INCONCLUSIVE]))
def test_any_text_makes_valid_xml(text, how):
    """Control characters, halves of surrogates, U+FFFE, mark-up: the document is well-formed and keeps its cases."""
    made = summary(verdict(gate=text, variant=text, why=text, lost=(text,), **how), experiment=text)
    suite = read(junit(made, text))
    assert len(suite.findall("testcase")) == 2


def test_no_escape_sequence_reaches_a_terminal():
    """What a terminal would obey is gone whole, not only its first character."""
    text = junit(summary(verdict(why="\x1b[31mred\x1b[0m \x00\ufffe", **FAILED)))
    assert 'message="red \ufffd"' in text
