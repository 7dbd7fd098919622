"""Audits as a report: each finding at its line with the way to it, each file a test case."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.records.audit_result import AuditFinding, AuditResult, Certainty, RuleText
from harness.records.verdict import EvidenceEntry, Outcome, Severity
from harness.report.document import finding_row
from harness.report.finding import Annotation, Case, Limit, Report, ReportedFinding, Suite, Suppression
from harness.report.phrases import number

Reproduce = Callable[[AuditFinding], str]
"""Returns the command that shows a finding again."""

_Reported = Callable[..., ReportedFinding]


def audit_report(audited: AuditResult, *, rules: Iterable[RuleText], reproduce: Reproduce) -> Report:
    """Return what an audit came to as a report.

    A trial is the audit of one file. A point is a workflow, an activity, or a call that could not be followed; the
    latter are the unreachable ones.

    Args:
        audited: What the audit tells.
        rules: The catalogue of rules.
        reproduce: Returns the command that shows a finding again.
    """
    catalogue = tuple(rules)
    known_rules = {rule.id: rule for rule in catalogue}
    failing = set(audited.failing)

    def reported(finding: AuditFinding, suppression: Suppression | None = None) -> ReportedFinding:
        return finding_of(finding, known_rules, reproduce(finding), suppression=suppression, fails=finding in failing)

    ignored = [reported(each, _accepted("inSource", reason)) for each, reason in audited.suppressed]
    known = [reported(each, _accepted("external", "it is in the baseline")) for each in audited.baselined]
    struck = audited.workflows + audited.activities
    return Report(
        kind="audit",
        outcome=audited.outcome,
        headline=headline(audited),
        findings=(*map(reported, audited.findings), *ignored, *known),
        limits=tuple(_limits(audited)),
        suites=(_suite(audited, reported),),
        rules=catalogue,
        trials=_trials(audited),
        points={
            "known": struck + len(audited.unresolved),
            "struck": struck,
            "unreachable": len(audited.unresolved),
        },
        vacuous=int(not struck),
        details=_details(audited, ignored, known),
    )


def headline(audited: AuditResult) -> str:
    """Return what an audit came to, in one line without the outcome."""
    counted = Counter(finding.certainty for finding in audited.findings)
    line = (
        ", ".join(f"{counted[certainty]} {certainty}" for certainty in Certainty if counted[certainty]) or "no finding"
    )
    read = sum(1 for report in audited.files if not report.reason)
    line += f" in {number(read, 'file')} with {number(audited.workflows, 'workflow')} and "
    line += f"{number(audited.activities, 'activity', 'activities')}; {number(audited.rules, 'rule')}"
    for count, word in (
        (sum(1 for finding in audited.findings if finding.confirmed), "confirmed at run time"),
        (len(audited.missed), "missed"),
        (len(audited.suppressed), "suppressed"),
        (len(audited.baselined), "in the baseline"),
        (len(audited.unresolved), "unresolved"),
        (len(audited.unread), "not audited"),
    ):
        line += f", {count} {word}" if count else ""
    return f"{line} ({audited.seconds:.1f} s)"


def _accepted(kind: Any, reason: str) -> Suppression:
    return Suppression(kind=kind, reason=reason, status="accepted")


def finding_of(
    finding: AuditFinding,
    rules: Mapping[str, RuleText],
    reproduce: str = "",
    *,
    suppression: Suppression | None = None,
    fails: bool = True,
) -> ReportedFinding:
    """Return a finding of an audit as every form shows it.

    Args:
        finding: The finding.
        rules: Each rule by its id.
        reproduce: The command that shows it again.
        suppression: Why it does not count; None if it counts.
        fails: Whether it is sure enough to fail.
    """
    rule = rules.get(finding.rule)
    severity = rule.severity if rule else Severity.BROKEN
    return ReportedFinding(
        id=finding.fingerprint,
        check=rule.name if rule else finding.rule,
        message=finding.message,
        scenario=finding.workflow,
        reproduce=reproduce,
        rule=finding.rule,
        certainty=finding.certainty,
        severity=severity,
        place=finding.place,
        snippet=finding.text,
        path=finding.path,
        evidence=tuple(EvidenceEntry(words=(line,)) for line in finding.evidence),
        confirmed=tuple(EvidenceEntry(words=(line,)) for line in finding.confirmed),
        suppression=suppression,
        fails=fails,
        fingerprints={"crashproof/v1": finding.fingerprint},
        details={
            "rule": finding.rule,
            "severity": finding.certainty.word,
            "certainty": finding.certainty.word,
            "how_bad": severity,
            "place": dataclasses.asdict(finding.place),
            "path": [dataclasses.asdict(step) for step in finding.path],
            "fingerprint": finding.fingerprint,
            "workflow": finding.workflow,
            "evidence": finding.evidence,
            "confirmed": finding.confirmed,
            "text": finding.text,
        },
        properties={
            "severity": finding.certainty.word,
            "certainty": finding.certainty.word,
            "how_bad": severity,
            "workflow": finding.workflow,
            "evidence": list(finding.evidence),
            "confirmed": list(finding.confirmed),
        },
    )


def _details(
    audited: AuditResult, ignored: Iterable[ReportedFinding], known: Iterable[ReportedFinding]
) -> dict[str, Any]:
    counted = Counter(finding.certainty for finding in audited.findings)
    return {
        "unknown": audited.unknown,
        "severities": {certainty.word: counted[certainty] for certainty in Certainty},
        "fail_on": audited.fail_on.word,
        "below": audited.below,
        "suppressed": [
            {**finding_row(each), "reason": each.suppression.reason} for each in ignored if each.suppression
        ],
        "baselined": [finding_row(each) for each in known],
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


def _suite(audited: AuditResult, reported: _Reported) -> Suite:
    """Return each file as a test case, and one more where there was nothing to audit."""
    findings: dict[str, list[ReportedFinding]] = {report.file: [] for report in audited.files}
    for finding in audited.findings:
        findings.setdefault(finding.place.file, []).append(reported(finding))
    reasons = {report.file: report.reason for report in audited.unread}
    cases = [
        Case(name=file, classname="audit", findings=tuple(of_file), error=reasons.get(file, ""))
        for file, of_file in findings.items()
    ]
    if not (audited.workflows or audited.activities or audited.unread):
        cases.append(Case(name="audit", classname="audit", error="; ".join(audited.unknown)))
    return Suite(name="audit", cases=tuple(cases), seconds=audited.seconds)


def _limits(audited: AuditResult) -> Iterator[Limit]:
    for report in audited.files:
        if report.reason:
            annotation = Annotation(level="warning", title="not audited", text=report.reason)
            yield Limit(
                level="note" if report.elsewhere else "error",
                text=f"not audited: {report.reason}",
                file=report.file,
                annotation=None if report.elsewhere else annotation,
            )
    for error in audited.errors:
        yield Limit(level="error", text=f"{error.rule or 'the rules'} could not be judged: {error.message}")
    for place in (*audited.bad_ignores, *audited.unused_ignores):
        annotation = Annotation(level="notice", title="crashproof: ignore", text=f"The comment {place.what}.")
        yield Limit(level="warning", text=f"the comment {place.what}", place=place, annotation=annotation)
    for line in audited.stale:
        yield Limit(level="note", text=f"stale in the baseline: {line}")
    for each in audited.missed:
        title, text = f"{each.check}, which no finding tells", f"{each.message} ({each.source})"
        annotation = Annotation(level="warning", title=title, text=text)
        text = f"a run showed what no finding tells: {each.check}: {each.message}"
        yield Limit(level="warning", text=text, annotation=annotation)
    for line in audited.unknown if audited.outcome is Outcome.UNKNOWN else ():
        annotation = Annotation(level="error", title="crashproof audit", text=line)
        yield Limit(level="error", text=line, annotation=annotation)
