"""The report of a strict replay as one document, as JUnit XML and as SARIF. Fields are added, never renamed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from harness.records.replay_result import ReplayedHistory, ReplayFinding, ReplayResult
from harness.records.verdict import Outcome
from harness.report.clean import for_xml
from harness.report.sweep.document import SCHEMA_VERSION
from harness.report.sweep.sarif import SCHEMA as SARIF_SCHEMA

Again = Callable[[ReplayFinding], str]

_LINE = re.compile(r"^(?P<file>.+):(?P<line>\d+)(?: in .*)?$")


def replayed_document(replayed: ReplayResult, *, again: Again) -> dict[str, Any]:
    """Return what ``-o json`` prints.

    A trial is the replay of one history under all conditions, a point is a workflow task that the history records.

    Args:
        replayed: What the histories came to.
        again: Returns the command that shows a finding again.
    """
    outcomes = [history.outcome for history in replayed.histories]
    compared = sum(history.tasks for history in replayed.histories)
    left_out = sum(len(history.left_out) for history in replayed.histories)
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": replayed.outcome,
        "exit_status": replayed.outcome.exit_status,
        "trials": {
            "run": len(outcomes),
            "passed": outcomes.count(Outcome.PASS),
            "failed": outcomes.count(Outcome.FAIL),
            "unknown": outcomes.count(Outcome.UNKNOWN),
        },
        "points": {"known": compared + left_out, "struck": compared, "unreachable": left_out},
        "vacuous": sum(1 for history in replayed.histories if not history.commands),
        "findings": [_finding(each, again) for each in replayed.findings if not each.accepted],
        "accepted": [_finding(each, again) for each in replayed.findings if each.accepted],
        "stale": replayed.stale,
        "unusable": replayed.unusable,
        "against": replayed.against,
        "conditions": replayed.conditions,
        "commands": sum(history.commands for history in replayed.histories),
        "workflow_tasks": compared,
        "prefixes": sum(history.prefixes for history in replayed.histories),
        "seconds": round(replayed.seconds, 3),
        "histories": [_history(each) for each in replayed.histories],
    }


def replayed_junit(replayed: ReplayResult, *, again: Again) -> bytes:
    """Return the report as JUnit XML: a test case for each history; findings are failures, what is unknown an error."""
    root = ElementTree.Element("testsuites", name="crashproof")
    suite = ElementTree.SubElement(root, "testsuite", name=for_xml(f"replay against {replayed.against}"))
    for history in replayed.histories:
        case = ElementTree.SubElement(
            suite, "testcase", classname=for_xml(history.workflow), name=for_xml(history.file)
        )
        if history.outcome is Outcome.UNKNOWN:
            ElementTree.SubElement(case, "error", message=for_xml(history.reason))
        for finding in history.findings:
            if not finding.accepted:
                failure = ElementTree.SubElement(case, "failure", type=finding.check, message=for_xml(finding.message))
                failure.text = for_xml("\n".join([finding.line, f"Reproduce with: {again(finding)}"]))
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(1 for case in suite if case.find(tag) is not None)))
    suite.set("time", f"{replayed.seconds:.3f}")
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def replayed_sarif(replayed: ReplayResult, *, again: Again, version: str) -> dict[str, Any]:
    """Return the report as a SARIF log: a finding lies at the line of workflow code, or else at its history."""
    findings = replayed.findings
    checks = list(dict.fromkeys(each.check for each in findings))
    driver = {"name": "crashproof", "version": version, "rules": [{"id": check} for check in checks]}
    unknown = [each for each in replayed.histories if each.outcome is Outcome.UNKNOWN]
    invocation = {
        "executionSuccessful": replayed.outcome is not Outcome.UNKNOWN,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": f"{each.file}: {each.reason}"}} for each in unknown
        ],
    }
    results = [_result(each, checks.index(each.check), again) for each in findings]
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _finding(finding: ReplayFinding, again: Again) -> dict[str, Any]:
    difference = dataclasses.asdict(finding.difference) if finding.difference else {}
    return {
        "id": finding.id,
        "check": finding.check,
        "message": finding.message,
        "scenario": finding.workflow,
        "plan": "",
        "reproduce": again(finding),
        "workflow": finding.workflow,
        "subject": finding.subject,
        "line": finding.line,
        "conditions": finding.conditions,
        "causes": [dataclasses.asdict(each) for each in finding.causes],
        "histories": finding.histories,
        "accepted": finding.accepted,
        "difference": difference,
    }


def _history(history: ReplayedHistory) -> dict[str, Any]:
    return {
        **{each.name: getattr(history, each.name) for each in dataclasses.fields(history) if each.name != "findings"},
        "left_out": [dataclasses.asdict(each) for each in history.left_out],
        "findings": [finding.id for finding in history.findings],
    }


def _result(finding: ReplayFinding, rule: int, again: Again) -> dict[str, Any]:
    found = _LINE.match(finding.line)
    place: Sequence[Any] = (found["file"], int(found["line"])) if found else (*finding.histories[:1], 1)
    physical = {"artifactLocation": {"uri": str(place[0]).lstrip("/")}, "region": {"startLine": place[1]}}
    told: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": f"{finding.message}. Reproduce with: {again(finding)}"},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"finding/v1": f"{finding.workflow}/{finding.id}"},
        "properties": {"histories": list(finding.histories), "conditions": list(finding.conditions)},
    }
    if finding.accepted:
        told["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return told
