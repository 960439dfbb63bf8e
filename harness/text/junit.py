"""Verdicts as JUnit XML, the form in which CI servers read tests: one test case a gate and variant."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.text.inert import inert
from harness.text.verdicts import details, reason, told_apart
from harness.types.summary import Summary, Verdict

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (its production 2, `Char`)."""

_MOST_TEXT = 4000
"""Characters of one line."""


def junit(summary: Summary, undecided: str | None = None) -> str:
    """Write the verdicts of a run as one XML document, each its own test case, without times.

    A gate that failed the run is a failure; one that leaves it undecided (exit 3) is an error; one that is
    inconclusive, or fails and is advisory, is skipped with the reason. `undecided` says why the run as a whole cannot
    be decided on: an error of its own, so that no half of a run looks green. The elements and attributes are those of
    the schema that Jenkins publishes (junit-10.xsd).
    """
    run = summary.run
    suite = Element("testsuite", name=_legal(run.experiment), timestamp=run.started_at[:19])
    properties = SubElement(suite, "properties")
    known = {"run": run.id, "evalset_digest": run.evalset_digest, "config_digest": run.config_digest}
    for name, value in known.items():
        SubElement(properties, "property", name=name, value=_legal(value))
    names = told_apart(f"{one.gate} [{one.variant}]" for one in summary.gates)
    for name, one in zip(names, summary.gates, strict=True):
        _judged(_case(suite, f"{run.experiment}.{one.partition or 'run'}", name), one)
    if undecided is not None:
        _ended(_case(suite, f"{run.experiment}.run", "the run can be decided on"), "error", undecided)
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    whole = Element("testsuites", name="harness")
    for one_of in (whole, suite):
        one_of.attrib.update({name: str(number) for name, number in counts.items()} | {"time": "0"})
    del whole.attrib["skipped"]  # the schema knows it of a suite only
    whole.append(suite)
    indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(whole, encoding="unicode") + "\n"


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=_legal(group), name=_legal(name), time="0")


def _judged(case: Element, one: Verdict) -> None:
    facts = "\n".join(map(_legal, details(one)))
    match one.counts:
        case "fail":
            _ended(case, "failure", reason(one), facts)
        case "undecided":
            _ended(case, "error", reason(one), facts)
        case "pass" if one.verdict == "pass":
            SubElement(case, "system-out").text = f"{_legal(reason(one))}\n{facts}".strip()
        case _:
            said = reason(one) if one.verdict == "fail" else f"{one.verdict}: {reason(one)}"
            _ended(case, "skipped", said, facts)


def _ended(case: Element, how: str, why: str, facts: str = "") -> None:
    ending = SubElement(case, how, message=_legal(why))
    ending.text = facts or None


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", inert(text, _MOST_TEXT))
