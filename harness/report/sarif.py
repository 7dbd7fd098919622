"""The report as SARIF 2.1.0: findings are results at their places, checks and rules are rules, limits notifications."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from harness.foreign import for_markdown, for_terminal
from harness.records.audit_result import Certainty, CodePlace, RuleText
from harness.records.json_text import json_bytes
from harness.records.run_record import versions
from harness.records.verdict import Outcome
from harness.report.explain import rule_markdown, rule_text
from harness.report.finding import Level, Limit, Report, ReportedFinding
from harness.report.form import Form, RunReport
from harness.report.phrases import plan_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS: Mapping[Certainty, Level] = {Certainty.CERTAIN: "error", Certainty.LIKELY: "warning", Certainty.LOOK: "note"}
_RANKS: Mapping[Level, float] = {"error": 90.0, "warning": 60.0, "note": 30.0}
_BASE = "SRCROOT"
_DONE = {"run": "sweep", "replay": "replay", "audit": "audit", "explore": "exploration"}


def sarif(report: Report, *, version: str) -> dict[str, Any]:
    """Return a report as a SARIF log.

    Findings that are accepted or ignored are results too, with their suppressions. Files below the working directory
    are named from there on, so that a log can be read on another machine; others by their whole path.

    Args:
        report: The report.
        version: Version of crashproof.
    """
    shown = {finding.rule_id: finding for finding in reversed(report.findings)}
    rules = [_rule(rule) for rule in report.rules] or [_check(each, report.kind) for each in reversed(shown.values())]
    known = [rule["id"] for rule in rules]
    run = {
        "tool": {"driver": {"name": "crashproof", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _BASE: {"description": {"text": f"The folder in which the {_DONE[report.kind]} was run."}}
        },
        "invocations": [_invocation(report)],
        "results": [_result(finding, known) for finding in report.findings],
    }
    log: dict[str, Any] = _harmless({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    return log


def _harmless(value: Any) -> Any:
    """Return a part of the log with nothing in it that steers where its texts are shown."""
    if isinstance(value, str):
        return for_terminal(value)
    if isinstance(value, list):
        return [_harmless(each) for each in value]
    return {key: _harmless(each) for key, each in value.items()} if isinstance(value, dict) else value


def _rule(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule_text(rule), "markdown": rule_markdown(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.certainty], "rank": _RANKS[_LEVELS[rule.certainty]]},
        "properties": {
            "severity": rule.certainty.word,
            "certainty": rule.certainty.word,
            "how_bad": rule.severity,
            "tags": ["temporal", "durability"],
        },
    }


def _check(finding: ReportedFinding, kind: str) -> dict[str, Any]:
    """Return the check that a finding is of as a rule, in the words of the finding."""
    named = f"crashproof explain {finding.check}" if kind == "run" else f"crashproof {kind} --help"
    remarks = "\n".join(finding.advice[:2]) or finding.check
    return {
        "id": finding.rule_id,
        "name": finding.rule_id,
        "shortDescription": {"text": finding.rule_id.replace("-", " ")},
        "fullDescription": {"text": finding.why or finding.message},
        "help": {
            "text": f"{remarks}\n{named}",
            "markdown": f"{for_markdown(remarks)}\n\n`{named}` says more.",
        },
        "defaultConfiguration": {"level": finding.level, "rank": _RANKS[finding.level]},
        "properties": {"tags": ["temporal", "durability"]},
    }


def _invocation(report: Report) -> dict[str, Any]:
    return {
        "executionSuccessful": report.outcome is not Outcome.UNKNOWN,
        "exitCode": report.outcome.exit_status,
        "toolExecutionNotifications": [_notification(limit) for limit in report.limits],
    }


def _notification(limit: Limit) -> dict[str, Any]:
    notification: dict[str, Any] = {"level": limit.level, "message": {"text": limit.text}}
    if limit.place:
        notification["locations"] = [_location(limit.place)]
    elif limit.file:
        notification["locations"] = [{"physicalLocation": {"artifactLocation": artifact(limit.file)}}]
    return notification


def _result(finding: ReportedFinding, known: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "level": finding.level,
        **({"rank": _RANKS[finding.level]} if finding.grade else {}),
        "kind": "fail",
        "message": {"text": _message(finding)},
        "locations": [_where(finding)],
        "partialFingerprints": dict(finding.fingerprints),
        "suppressions": list(_suppressions(finding)),
        "properties": dict(finding.properties),
    }
    if beside := list(_beside(finding)):
        result["relatedLocations"] = beside
    if finding.rule_id in known:
        result["ruleIndex"] = known.index(finding.rule_id)
    if finding.path:
        result["codeFlows"] = [{"threadFlows": [{"locations": list(_flow(finding))}]}]
    return result


def _message(finding: ReportedFinding) -> str:
    """Return what a reader needs who sees nothing else: a finding of the code with all that shows it."""
    if finding.certainty:
        return "\n".join([finding.message, *map(str, finding.evidence), *map(str, finding.confirmed)])
    under = f" ({plan_text(finding.plan)})" if finding.plan else ""
    remarks = "".join(f"\n{line}" for line in finding.remarks)
    return f"{finding.message}{under}. Reproduce with: {finding.reproduce}{remarks}"


def _suppressions(finding: ReportedFinding) -> Iterator[dict[str, str]]:
    if suppression := finding.suppression:
        status = {"status": suppression.status} if suppression.status else {}
        yield {"kind": suppression.kind, **status, "justification": suppression.reason}


def _where(finding: ReportedFinding) -> dict[str, Any]:
    """Return the place of a finding; without one its file, and the scenario of which it is a finding."""
    if finding.place:
        line = _location(finding.place, finding.snippet)
        named = [*line.get("logicalLocations", ()), *_scenario(finding)]
        return {**line, "logicalLocations": named} if named else line
    # What shows results beside code drops those that have no file: the folder of the run stands for one.
    place = artifact(finding.file) if finding.file else {"uri": "./", "uriBaseId": _BASE}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": place}}
    if finding.file:
        location["physicalLocation"]["region"] = {"startLine": finding.line or 1}
    if scenario := list(_scenario(finding)):
        location["logicalLocations"] = scenario
    return location


def _scenario(finding: ReportedFinding) -> Iterator[dict[str, Any]]:
    """Yield the scenario of a finding on a running agent: that is where it happened, whatever line explains it."""
    if finding.trial:
        yield {"name": finding.scenario, "kind": "module"}


def _beside(finding: ReportedFinding) -> Iterator[dict[str, Any]]:
    """Yield the other lines of code that explain a finding, then where the scenario that shows it is declared."""
    for each in finding.code[1:]:
        yield {**_location(each.place, each.text), "message": {"text": each.message}}
    if finding.code and finding.files:
        declared = CodePlace(file=finding.files[0], line=finding.line or 1, column=0)
        yield {**_location(declared), "message": {"text": f"the scenario {finding.scenario} is declared here"}}


def _flow(finding: ReportedFinding) -> Iterator[dict[str, Any]]:
    for level, step in enumerate(finding.path):
        location = {**_location(step), "message": {"text": step.what or "leads on"}}
        yield {"location": location, "executionOrder": level + 1, "nestingLevel": level, "importance": "important"}
    last = len(finding.path)
    location = {**_where(finding), "message": {"text": finding.message}}
    yield {"location": location, "executionOrder": last + 1, "nestingLevel": last, "importance": "essential"}


def _location(place: CodePlace, text: str = "") -> dict[str, Any]:
    """Return the location of a place: its own line, and all of what is meant as the region around it."""
    region: dict[str, Any] = {"startLine": place.line}
    if place.column:
        region["startColumn"] = place.column
    physical: dict[str, Any] = {"artifactLocation": artifact(place.file), "region": region}
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


def artifact(file: str) -> dict[str, str]:
    """Return where a file lies: from the working directory on where it is below it, else as a ``file:`` URI."""
    here = os.getcwd()
    path = PurePath(os.path.normpath(os.path.join(here, file)))
    if path.is_relative_to(here):
        return {"uri": _quoted(path.relative_to(here).as_posix()), "uriBaseId": _BASE}
    return {"uri": f"file://{_quoted(path.as_posix())}"}


def _quoted(path: str) -> str:
    return quote(path, errors="replace")


def _made(run: RunReport) -> bytes:
    return json_bytes(sarif(run.report, version=versions()["crashproof"]))


FORM = Form(file="report.sarif", make=_made)
