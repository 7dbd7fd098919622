"""The report as JUnit XML: a test suite for each scenario, a test case for each trial."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.report.clean import for_xml
from harness.report.form import Form
from harness.report.phrases import plan_text, reproduce, why_unknown
from harness.report.sweep.remarks import incomplete

_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(swept: Sequence[SweepResult]) -> bytes:
    """Return the report of a run as JUnit XML.

    Findings are failures, what is unknown is an error. A scenario that the engine cannot run is a skipped case, and so
    is each fault that cannot be made in a scenario.
    """
    root = ElementTree.Element("testsuites", name="crashproof")
    for each in swept:
        _suite(root, each)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _suite(root: ElementTree.Element, swept: SweepResult) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=for_xml(swept.scenario))
    for verdict in swept.verdicts:
        _trial(suite, verdict)
    for name, reason in swept.not_applicable.items():
        _case(suite, swept.scenario, name, "skipped", f"not applicable: {reason}")
    if swept.inapplicable:
        _case(suite, swept.scenario, "sweep", "skipped", f"not applicable: {swept.inapplicable}")
    elif why := incomplete(swept):
        _case(suite, swept.scenario, "sweep", "error", "; ".join(why))
    suite.set("tests", str(len(suite)))
    for name, tag in _COUNTED.items():
        suite.set(name, str(sum(1 for case in suite if case.find(tag) is not None)))
    suite.set("time", f"{swept.seconds:.3f}")


def _trial(suite: ElementTree.Element, verdict: Verdict) -> None:
    name = f"{plan_text(verdict.plan)} [{verdict.trial}]"
    if verdict.outcome is Outcome.UNKNOWN:
        _case(suite, verdict.scenario, name, "error", "; ".join(why_unknown(verdict)))
        return
    case = _case(suite, verdict.scenario, name)
    for finding in verdict.findings:
        failure = ElementTree.SubElement(case, "failure", type=finding.check, message=for_xml(finding.message))
        failure.text = for_xml("\n".join([*map(str, finding.evidence), f"Reproduce with: {reproduce(verdict.trial)}"]))


def _case(
    suite: ElementTree.Element, scenario: str, name: str, tag: str = "", message: str = ""
) -> ElementTree.Element:
    """Add a test case; the tag says what it came to, where it is no trial that passed or failed."""
    case = ElementTree.SubElement(suite, "testcase", classname=for_xml(scenario), name=for_xml(name))
    if tag:
        ElementTree.SubElement(case, tag, message=for_xml(message))
    return case


FORM = Form(file="report.junit.xml", make=lambda report: junit(report.sweeps))
