"""The report of an audit as one document, as lines of JSON and as JUnit XML. Fields are added, never renamed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from harness.records.audit_result import AuditFinding, AuditResult, RuleText, Severity
from harness.report.clean import for_xml
from harness.report.sweep.document import SCHEMA_VERSION

Again = Callable[[AuditFinding], str]
"""Returns the command that shows a finding again."""


def audit_document(audited: AuditResult, *, rules: Iterable[RuleText], again: Again) -> dict[str, Any]:
    """Return what ``-o json`` prints.

    A trial is the audit of one file. A point is a workflow, an activity, or a call that could not be followed; the
    latter are the unreachable ones.

    Args:
        audited: What the audit tells.
        rules: The catalogue of rules.
        again: Returns the command that shows a finding again.
    """
    names = {rule.id: rule.name for rule in rules}

    def told(findings: Iterable[AuditFinding]) -> list[dict[str, Any]]:
        return [_finding(each, names, again) for each in findings]

    struck = audited.workflows + audited.activities
    counted = Counter(finding.severity for finding in audited.findings)
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": audited.outcome,
        "exit_status": audited.outcome.exit_status,
        "trials": _trials(audited),
        "points": {
            "known": struck + len(audited.unresolved),
            "struck": struck,
            "unreachable": len(audited.unresolved),
        },
        "vacuous": int(not struck),
        "findings": told(audited.findings),
        "unknown": audited.unknown,
        "severities": {severity.word: counted[severity] for severity in Severity},
        "fail_on": audited.fail_on.word,
        "below": audited.below,
        "suppressed": [{**_finding(each, names, again), "reason": reason} for each, reason in audited.suppressed],
        "baselined": told(audited.baselined),
        "stale": audited.stale,
        "unused_ignores": [dataclasses.asdict(place) for place in audited.unused_ignores],
        "bad_ignores": [dataclasses.asdict(place) for place in audited.bad_ignores],
        "missed": [dataclasses.asdict(each) for each in audited.missed],
        "unresolved": [dataclasses.asdict(each) for each in audited.unresolved],
        "errors": [dataclasses.asdict(each) for each in audited.errors],
        "files": [dataclasses.asdict(each) for each in audited.files],
        "rules": audited.rules,
        "workflows": audited.workflows,
        "activities": audited.activities,
        "seconds": round(audited.seconds, 3),
    }


def audit_rows(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what ``-o jsonl`` prints: each finding, then all the rest of the document."""
    for finding in document["findings"]:
        yield {"kind": "finding", **finding}
    yield {"kind": "summary", **{key: value for key, value in document.items() if key not in ("findings", "files")}}


def audit_junit(audited: AuditResult, *, again: Again) -> bytes:
    """Return the report as JUnit XML: a test case for each file; what fails the audit is a failure, the rest output."""
    root = ElementTree.Element("testsuites", name="crashproof")
    suite = ElementTree.SubElement(root, "testsuite", name="audit")
    failing = set(audited.failing)
    found: dict[str, list[AuditFinding]] = {report.file: [] for report in audited.files}
    for finding in audited.findings:
        found.setdefault(finding.place.file, []).append(finding)
    reasons = {report.file: report.reason for report in audited.unread}
    for file, findings in found.items():
        case = ElementTree.SubElement(suite, "testcase", classname="audit", name=for_xml(file))
        if file in reasons:
            ElementTree.SubElement(case, "error", message=for_xml(reasons[file]))
        for finding in findings:
            _case(case, finding, again, fails=finding in failing)
    if not (audited.workflows or audited.activities or audited.unread):
        case = ElementTree.SubElement(suite, "testcase", classname="audit", name="audit")
        ElementTree.SubElement(case, "error", message=for_xml("; ".join(audited.unknown)))
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(1 for case in suite if case.find(tag) is not None)))
    suite.set("time", f"{audited.seconds:.3f}")
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _case(case: ElementTree.Element, finding: AuditFinding, again: Again, *, fails: bool) -> None:
    place = f"{finding.place.file}:{finding.place.line}:{finding.place.column}"
    steps = [f"{step.file}:{step.line} {step.what}" for step in finding.path]
    text = for_xml("\n".join([place, *steps, *finding.evidence, f"Reproduce with: {again(finding)}"]))
    if not fails:
        output = ElementTree.SubElement(case, "system-out")
        output.text = for_xml(f"{finding.rule} ({finding.severity}): {finding.message}\n{text}")
        return
    failure = ElementTree.SubElement(case, "failure", type=finding.rule, message=for_xml(finding.message))
    failure.text = text


def _trials(audited: AuditResult) -> dict[str, int]:
    unknown = {report.file for report in audited.unread}
    failed = {finding.place.file for finding in audited.failing}
    run = {report.file for report in audited.files if not report.elsewhere} | failed
    return {
        "run": len(run),
        "passed": len(run - unknown - failed),
        "failed": len(failed),
        "unknown": len(unknown - failed),
    }


def _finding(finding: AuditFinding, names: dict[str, str], again: Again) -> dict[str, Any]:
    return {
        "id": finding.fingerprint,
        "check": names.get(finding.rule, finding.rule),
        "message": finding.message,
        "scenario": finding.workflow,
        "plan": "",
        "reproduce": again(finding),
        "rule": finding.rule,
        "severity": finding.severity.word,
        "place": dataclasses.asdict(finding.place),
        "path": [dataclasses.asdict(step) for step in finding.path],
        "fingerprint": finding.fingerprint,
        "workflow": finding.workflow,
        "evidence": finding.evidence,
        "confirmed": finding.confirmed,
        "text": finding.text,
    }
