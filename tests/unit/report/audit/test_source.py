"""The report of an audit as JSON, line by line, and as JUnit XML: what scripts read of it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import msgspec
import pytest

from harness.records.audit_result import AuditFinding, AuditResult, Certainty
from harness.report.audit.source import audit_report
from harness.report.document import document, rows
from harness.report.finding import Report
from harness.report.junit import junit
from tests.unit.report.audited import CLEAN, CLOCK, EFFECT, EVERYTHING, FOUND, HOSTILE, LOOK, NOTHING, RULES


def again(finding: AuditFinding) -> str:
    return f"crashproof audit app --rule {finding.rule}"


def report_of(audited: AuditResult) -> Report:
    return audit_report(audited, rules=RULES, reproduce=again)


def test_a_document_has_what_every_judging_command_has() -> None:
    told = msgspec.json.decode(msgspec.json.encode(document(report_of(FOUND))))
    assert (told["schema_version"], told["outcome"], told["exit_status"]) == (1, "FAIL", 1)
    assert told["trials"] == {"run": 3, "passed": 1, "failed": 2, "unknown": 0}
    assert told["points"] == {"known": 2, "struck": 2, "unreachable": 0}
    assert told["vacuous"] == 0
    finding = told["findings"][1]
    assert finding["id"] == finding["fingerprint"] == CLOCK.fingerprint
    assert (finding["check"], finding["rule"], finding["certainty"]) == ("clock-in-workflow", "CP101", "certain")
    assert finding["severity"] == finding["certainty"], "its older name in documents is kept"
    assert (finding["scenario"], finding["workflow"], finding["plan"]) == ("Agent", "Agent", "")
    assert finding["reproduce"] == "crashproof audit app --rule CP101"
    assert finding["place"]["line"] == 4
    assert finding["path"][0]["what"] == "calls stamp()"
    assert told["findings"][0]["confirmed"] == list(EFFECT.confirmed)


def test_a_document_holds_all_that_an_audit_tells() -> None:
    told = document(report_of(EVERYTHING))
    assert told["trials"] == {"run": 4, "passed": 1, "failed": 2, "unknown": 1}
    assert told["points"] == {"known": 3, "struck": 2, "unreachable": 1}
    assert told["suppressed"][0]["reason"] == "it is logged only"
    for name in ("baselined", "stale", "unused_ignores", "bad_ignores", "errors", "missed", "unresolved"):
        assert len(told[name]) == 1, name
    assert told["below"] == 3


@pytest.mark.parametrize(
    ("audited", "outcome", "status"),
    [
        (CLEAN, "PASS", 0),
        (replace(CLEAN, findings=(LOOK,)), "PASS", 0),
        (replace(CLEAN, findings=(LOOK,), fail_on=Certainty.LOOK), "FAIL", 1),
        (replace(CLEAN, findings=(EFFECT,), fail_on=Certainty.CERTAIN), "PASS", 0),
        (NOTHING, "UNKNOWN", 3),
        (AuditResult(), "UNKNOWN", 3),
        (replace(EVERYTHING, findings=()), "UNKNOWN", 3),
        (replace(CLEAN, rules=0), "UNKNOWN", 3),
        (EVERYTHING, "FAIL", 1),
    ],
)
def test_a_green_that_proves_nothing_is_none(audited: AuditResult, outcome: str, status: int) -> None:
    told = document(report_of(audited))
    assert (told["outcome"], told["exit_status"]) == (outcome, status)
    assert bool(told["unknown"]) >= (outcome == "UNKNOWN")


def test_rows_are_findings_and_then_the_rest() -> None:
    lines = list(rows(report_of(FOUND)))
    assert [row["kind"] for row in lines] == ["finding", "finding", "summary"]
    assert "findings" not in lines[-1]
    assert lines[-1]["exit_status"] == 1


def test_a_file_is_a_test_case() -> None:
    root = ElementTree.fromstring(junit(report_of(EVERYTHING)))
    suite = root[0]
    cases = {case.get("name"): [each.tag for each in case] for case in suite}
    assert cases["app/tools.py"] == ["failure"]
    assert cases["app/old.py"] == ["error"]
    assert cases["app/workflows.py"] == []
    assert (suite.get("failures"), suite.get("errors"), suite.get("tests")) == ("2", "1", "5")


def test_what_does_not_fail_the_audit_is_no_failure() -> None:
    case = ElementTree.fromstring(junit(report_of(replace(CLEAN, findings=(LOOK,)))))[0][0]
    assert [each.tag for each in case] == ["system-out"]


def test_finding_no_workflow_is_an_error() -> None:
    suite = ElementTree.fromstring(junit(report_of(NOTHING)))[0]
    assert suite.get("errors") == "1"


def test_xml_holds_whatever_the_code_says() -> None:
    assert ElementTree.fromstring(junit(report_of(HOSTILE)))[0].get("failures") == "1"
