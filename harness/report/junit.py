"""The report as JUnit XML: findings are failures, what is unknown is an error, what could not be made is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from harness.foreign import for_xml
from harness.report.finding import Case, Report, ReportedFinding, Suite
from harness.report.form import Form
from harness.report.phrases import place_text, step_text

_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(report: Report) -> bytes:
    """Return a report as JUnit XML."""
    root = ElementTree.Element("testsuites", name="crashproof")
    for suite in report.suites:
        _suite(root, suite)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _suite(root: ElementTree.Element, suite: Suite) -> None:
    element = ElementTree.SubElement(root, "testsuite", name=for_xml(suite.name))
    _properties(element, suite.properties)
    for case in suite.cases:
        _case(element, case)
    element.set("tests", str(len(suite.cases)))
    for name, tag in _COUNTED.items():
        if tag != "skipped" or suite.may_skip:
            element.set(name, str(sum(1 for case in element if case.find(tag) is not None)))
    element.set("time", f"{suite.seconds:.3f}")


def _case(suite: ElementTree.Element, case: Case) -> None:
    element = ElementTree.SubElement(suite, "testcase", classname=for_xml(case.classname), name=for_xml(case.name))
    _properties(element, case.properties)
    for tag, message in (("error", case.error), ("skipped", case.skipped)):
        if message:
            ElementTree.SubElement(element, tag, message=for_xml(message))
    others = [text for finding in case.findings if (text := _finding(element, finding))]
    if output := [*case.story, *others]:
        ElementTree.SubElement(element, "system-out").text = for_xml("\n".join(output))


def _properties(element: ElementTree.Element, properties: Mapping[str, str]) -> None:
    if properties:
        group = ElementTree.SubElement(element, "properties")
        for name, value in properties.items():
            ElementTree.SubElement(group, "property", name=for_xml(name), value=for_xml(value))


def _finding(case: ElementTree.Element, finding: ReportedFinding) -> str:
    """Add a finding as a failure; return what is to be told of it where it does not fail."""
    text = "\n".join(_lines(finding))
    if finding.fails:
        failure = ElementTree.SubElement(case, "failure", type=finding.rule_id, message=for_xml(finding.message))
        failure.text = for_xml(text)
        return ""
    return f"{finding.rule_id} ({finding.grade}): {finding.message}\n{text}"


def _lines(finding: ReportedFinding) -> list[str]:
    place = [place_text(finding.place)] if finding.place and not finding.code else []
    steps = [step_text(step) for step in finding.path]
    return [*place, *steps, *map(str, finding.evidence), *finding.remarks, f"Reproduce with: {finding.reproduce}"]


FORM = Form(file="report.junit.xml", make=lambda run: junit(run.report))
