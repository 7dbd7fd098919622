"""Strict replays as a report: each finding at its line of workflow code, each history a test case."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.records.audit_result import CodePlace, place_of_line
from harness.records.replay_result import Difference, ReplayedHistory, ReplayFinding, ReplayResult
from harness.records.verdict import Outcome
from harness.report.document import finding_row
from harness.report.finding import Annotation, Case, Limit, Report, ReportedFinding, Suite, Suppression
from harness.report.phrases import number

Reproduce = Callable[[ReplayFinding], str]
"""Returns the command that shows a finding again."""


def replay_report(replayed: ReplayResult, *, reproduce: Reproduce) -> Report:
    """Return what replays came to as a report.

    A trial is the replay of one history under all conditions, a point is a workflow task that the history records.

    Args:
        replayed: What the histories came to.
        reproduce: Returns the command that shows a finding again.
    """
    histories = replayed.histories
    outcomes = [history.outcome for history in histories]
    compared = sum(history.tasks for history in histories)
    left_out = sum(len(history.left_out) for history in histories)
    findings = tuple(reported(each, reproduce) for each in replayed.findings)
    return Report(
        kind="replay",
        outcome=replayed.outcome,
        headline=headline(replayed),
        findings=findings,
        limits=tuple(_limit(each) for each in histories if each.outcome is Outcome.UNKNOWN),
        suites=(_suite(replayed, reproduce),),
        trials={
            "run": len(outcomes),
            "passed": outcomes.count(Outcome.PASS),
            "failed": outcomes.count(Outcome.FAIL),
            "unknown": outcomes.count(Outcome.UNKNOWN),
        },
        points={"known": compared + left_out, "struck": compared, "unreachable": left_out},
        vacuous=sum(1 for history in histories if not history.commands),
        details={"accepted": [finding_row(each) for each in findings if each.suppression], **_details(replayed)},
    )


def headline(replayed: ReplayResult) -> str:
    """Return what replays came to, in one line without the outcome."""
    histories = replayed.histories
    commands, tasks, prefixes = (
        sum(getattr(each, name) for each in histories) for name in ("commands", "tasks", "prefixes")
    )
    findings = sum(1 for each in replayed.findings if not each.accepted)
    line = f"{number(len(histories), 'history', 'histories')} replayed against {replayed.against}, "
    line += f"{number(commands, 'command')} of {number(tasks, 'workflow task')} compared"
    line += f", {number(prefixes, 'prefix', 'prefixes')}" if prefixes else ""
    line += f", {number(len(replayed.conditions), 'condition')}, {number(findings, 'finding')}"
    return f"{line} ({replayed.seconds:.1f} s)"


def reported(finding: ReplayFinding, reproduce: Reproduce) -> ReportedFinding:
    """Return a finding of replays as every form shows it."""
    return ReportedFinding(
        id=finding.id,
        check=finding.check,
        message=finding.message,
        scenario=finding.workflow,
        reproduce=reproduce(finding),
        place=place_of_line(finding.line),
        path=tuple(_callers(finding.difference)),
        files=finding.histories,
        causes=finding.causes,
        conditions=finding.conditions,
        difference=finding.difference,
        tolerance=_tolerance(finding.difference),
        suppression=Suppression(kind="external", reason=finding.accepted) if finding.accepted else None,
        fingerprints={"finding/v1": f"{finding.workflow}/{finding.id}"},
        details={
            "workflow": finding.workflow,
            "subject": finding.subject,
            "line": finding.line,
            "conditions": finding.conditions,
            "causes": [dataclasses.asdict(each) for each in finding.causes],
            "histories": finding.histories,
            "accepted": finding.accepted,
            "difference": dataclasses.asdict(finding.difference) if finding.difference else {},
        },
        properties={
            "histories": list(finding.histories),
            "conditions": list(finding.conditions),
            **({"tolerated": finding.difference.tolerated} if finding.difference else {}),
        },
    )


def _callers(difference: Difference | None) -> Iterator[CodePlace]:
    """Yield the lines that led to that of a difference, the outermost first."""
    for line in difference.callers if difference else ():
        if place := place_of_line(line):
            yield replace(place, what=f"leads on in {place.function}")


def _tolerance(difference: Difference | None) -> str:
    """Say whether Temporal itself lets a difference pass, where that is known."""
    if difference is None or difference.tolerated is None:
        return ""
    verdict = "lets it pass" if difference.tolerated else "fails on it"
    return f"Temporal's own replay {verdict}: {difference.rule}"


def _details(replayed: ReplayResult) -> dict[str, Any]:
    histories = replayed.histories
    return {
        "stale": replayed.stale,
        "unusable": replayed.unusable,
        "against": replayed.against,
        "conditions": replayed.conditions,
        "commands": sum(history.commands for history in histories),
        "workflow_tasks": sum(history.tasks for history in histories),
        "prefixes": sum(history.prefixes for history in histories),
        "seconds": round(replayed.seconds, 3),
        "histories": [_history(each) for each in histories],
    }


def _history(history: ReplayedHistory) -> dict[str, Any]:
    return {
        **{each.name: getattr(history, each.name) for each in dataclasses.fields(history) if each.name != "findings"},
        "left_out": [dataclasses.asdict(each) for each in history.left_out],
        "findings": [finding.id for finding in history.findings],
    }


def _limit(history: ReplayedHistory) -> Limit:
    text = f"{history.file}: {history.reason}"
    return Limit(level="error", text=text, annotation=Annotation(level="error", title="crashproof replay", text=text))


def _suite(replayed: ReplayResult, reproduce: Reproduce) -> Suite:
    cases = tuple(
        Case(
            name=history.file,
            classname=history.workflow,
            findings=tuple(reported(each, reproduce) for each in history.findings if not each.accepted),
            error=history.reason if history.outcome is Outcome.UNKNOWN else "",
        )
        for history in replayed.histories
    )
    return Suite(name=f"replay against {replayed.against}", cases=cases, seconds=replayed.seconds)
