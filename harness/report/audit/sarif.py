"""The report of an audit as SARIF 2.1.0: each finding a result at its own line, its path as a code flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from harness.records.audit_result import AuditFinding, AuditResult, CodePlace, RuleText, Severity
from harness.records.verdict import Outcome
from harness.report.audit.explain import rule_markdown, rule_text
from harness.report.sweep.sarif import SCHEMA

_LEVELS = {Severity.CERTAIN: "error", Severity.LIKELY: "warning", Severity.LOOK: "note"}
_RANKS = {Severity.CERTAIN: 90.0, Severity.LIKELY: 60.0, Severity.LOOK: 30.0}
_BASE = "SRCROOT"

_Suppressions = list[dict[str, Any]]


def audit_sarif(audited: AuditResult, *, rules: Iterable[RuleText], version: str) -> dict[str, Any]:
    """Return the report as a SARIF log.

    Findings that are ignored or in the baseline are results too, with their suppressions.

    Args:
        audited: What the audit tells.
        rules: The catalogue of rules.
        version: Version of crashproof.
    """
    catalogue = list(rules)
    known = [rule.id for rule in catalogue]
    driver = {"name": "crashproof", "version": version, "rules": [_rule(rule) for rule in catalogue]}
    told: list[tuple[AuditFinding, _Suppressions]] = [(finding, []) for finding in audited.findings]
    told += [(each, [_suppression("inSource", reason)]) for each, reason in audited.suppressed]
    told += [(each, [_suppression("external", "it is in the baseline")]) for each in audited.baselined]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder in which the audit was run."}}},
        "invocations": [_invocation(audited)],
        "results": [_result(finding, known, suppressions) for finding, suppressions in told],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule_text(rule), "markdown": rule_markdown(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity], "rank": _RANKS[rule.severity]},
        "properties": {"severity": rule.severity.word, "tags": ["temporal", "durability"]},
    }


def _suppression(kind: str, reason: str) -> dict[str, Any]:
    return {"kind": kind, "status": "accepted", "justification": reason}


def _invocation(audited: AuditResult) -> dict[str, Any]:
    return {
        "executionSuccessful": audited.outcome is not Outcome.UNKNOWN,
        "exitCode": audited.outcome.exit_status,
        "toolExecutionNotifications": list(_notifications(audited)),
    }


def _notifications(audited: AuditResult) -> Iterator[dict[str, Any]]:
    for report in audited.files:
        if report.reason:
            level = "note" if report.elsewhere else "error"
            yield {**_notification(level, f"not audited: {report.reason}"), "locations": [_file(report.file)]}
    for error in audited.errors:
        yield _notification("error", f"{error.rule or 'the rules'} could not be judged: {error.message}")
    for place in (*audited.bad_ignores, *audited.unused_ignores):
        yield {**_notification("warning", f"the comment {place.what}"), "locations": [_location(place, "")]}
    for line in audited.stale:
        yield _notification("note", f"stale in the baseline: {line}")
    for each in audited.missed:
        yield _notification("warning", f"a run showed what no finding tells: {each.check}: {each.message}")
    if audited.outcome is Outcome.UNKNOWN:
        yield from (_notification("error", line) for line in audited.unknown)


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _result(finding: AuditFinding, known: Sequence[str], suppressions: _Suppressions) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "rank": _RANKS[finding.severity],
        "kind": "fail",
        "message": {"text": "\n".join([finding.message, *finding.evidence, *finding.confirmed])},
        "locations": [_location(finding.place, finding.text)],
        "partialFingerprints": {"crashproof/v1": finding.fingerprint},
        "suppressions": suppressions,
        "properties": {
            "severity": finding.severity.word,
            "workflow": finding.workflow,
            "evidence": list(finding.evidence),
            "confirmed": list(finding.confirmed),
        },
    }
    if finding.rule in known:
        result["ruleIndex"] = known.index(finding.rule)
    if finding.path:
        result["codeFlows"] = [{"threadFlows": [{"locations": list(_flow(finding))}]}]
    return result


def _flow(finding: AuditFinding) -> Iterator[dict[str, Any]]:
    for level, step in enumerate(finding.path):
        location = {**_location(step, ""), "message": {"text": step.what or "leads on"}}
        yield {"location": location, "executionOrder": level + 1, "nestingLevel": level, "importance": "important"}
    last = len(finding.path)
    location = {**_location(finding.place, finding.text), "message": {"text": finding.message}}
    yield {"location": location, "executionOrder": last + 1, "nestingLevel": last, "importance": "essential"}


def _file(file: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(file)}}


def _location(place: CodePlace, text: str) -> dict[str, Any]:
    """Return the location of a place: its own line, and all of what is meant as the region around it."""
    region: dict[str, Any] = {"startLine": place.line, "startColumn": place.column}
    physical: dict[str, Any] = {"artifactLocation": _artifact(place.file), "region": region}
    if text:
        region["snippet"] = {"text": text}
    if place.end_line > place.line:
        region["endLine"] = place.line
        if len(text) >= place.column:
            region["endColumn"] = len(text) + 1
        around = {"startLine": place.line, "endLine": place.end_line}
        physical["contextRegion"] = around
    elif place.end_line == place.line and place.end_column > place.column:
        region |= {"endLine": place.end_line, "endColumn": place.end_column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.function:
        location["logicalLocations"] = [{"fullyQualifiedName": place.function, "kind": "function"}]
    return location


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    return {"uri": path.as_uri()} if path.is_absolute() else {"uri": quote(path.as_posix()), "uriBaseId": _BASE}
