"""The report as JUnit XML: a test suite for each scenario, a test case for each trial."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.report.document import reproduce
from harness.report.text import plan_text
from harness.swept import Swept, count
from harness.verdict import Outcome, Verdict

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD]")


def junit(swept: Sequence[Swept]) -> bytes:
    """Return the report of a run as JUnit XML: findings are failures, what is unknown is an error."""
    root = ElementTree.Element("testsuites", name="crashproof")
    for each in swept:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=each.scenario,
            tests=str(len(each.verdicts)),
            failures=str(count(each.verdicts, Outcome.FAIL)),
            errors=str(count(each.verdicts, Outcome.UNKNOWN)),
            time=f"{each.seconds:.3f}",
        )
        for verdict in each.verdicts:
            _case(suite, verdict)
        if each.reason:
            case = ElementTree.SubElement(suite, "testcase", classname=each.scenario, name="sweep")
            ElementTree.SubElement(case, "error", message=_text(each.reason))
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _case(suite: ElementTree.Element, verdict: Verdict) -> None:
    name = f"{_text(plan_text(verdict.plan))} [{verdict.trial}]"
    case = ElementTree.SubElement(suite, "testcase", classname=verdict.scenario, name=name)
    for finding in verdict.findings:
        failure = ElementTree.SubElement(case, "failure", type=finding.check, message=_text(finding.message))
        failure.text = _text("\n".join([*finding.evidence, f"Reproduce with: {reproduce(verdict.trial)}"]))
    if verdict.outcome is Outcome.UNKNOWN:
        reasons = [verdict.reason] if verdict.reason else []
        reasons += [f"{each.check}: {each.reason}" for each in verdict.judgements if each.outcome is Outcome.UNKNOWN]
        ElementTree.SubElement(case, "error", message=_text("; ".join(reasons)))


def _text(text: str) -> str:
    """Return a text without the characters that XML 1.0 does not allow."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
