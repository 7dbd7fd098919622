"""Explorations as a report: each property that does not hold is a finding, each scenario a test case."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from harness.records.audit_result import place_of_line
from harness.records.explore_result import Explorations, ExploreFinding, ExploreResult
from harness.records.verdict import Outcome, Severity
from harness.report.finding import Annotation, Case, Limit, Report, ReportedFinding, Suite
from harness.report.phrases import number, reproduce_trial


def explore_report(explored: Explorations) -> Report:
    """Return what explorations came to as a report.

    A trial is a path that was explored to its end, a point is a state.

    Args:
        explored: What the scenarios came to.
    """
    results = explored.results
    findings = tuple(reported(each, folder=explored.folder) for result in results for each in result.findings)
    paths, failed = sum(each.paths for each in results), len(findings)
    states, left = sum(each.states for each in results), sum(each.left for each in results)
    return Report(
        kind="explore",
        outcome=explored.outcome,
        headline=headline(explored),
        findings=findings,
        limits=tuple(_limit(each, text) for each in results for text in limits_of(each)),
        suites=tuple(_suite(each, explored.folder) for each in results),
        trials={"run": paths, "passed": max(0, paths - failed), "failed": failed, "unknown": 0},
        points={"known": states + left, "struck": states, "unreachable": 0},
        vacuous=sum(1 for each in results if not each.paths),
        folder=explored.folder,
        details={"scenarios": [_scenario(each) for each in results], "seconds": round(explored.seconds, 3)},
    )


def headline(explored: Explorations) -> str:
    """Return what explorations came to, in one line without the outcome."""
    results = explored.results
    states, paths = sum(each.states for each in results), sum(each.paths for each in results)
    tasks = sum(each.cold + each.warm for each in results)
    findings = sum(len(each.findings) for each in results)
    whole = sum(1 for each in results if each.whole)
    line = f"{number(len(results), 'scenario')} explored, {whole} whole within the budgets: "
    line += f"{number(states, 'state')}, {number(paths, 'path')}, {number(tasks, 'workflow task')} asked, "
    return f"{line}{number(findings, 'finding')} ({explored.seconds:.1f} s)"


def limits_of(result: ExploreResult) -> list[str]:
    """Return what limits the exploration of a scenario, one sentence each."""
    texts = [result.reason] if result.reason else []
    if result.limit:
        texts.append(f"not explored whole: {result.limit}; {number(result.left, 'step')} left to take")
    return [*texts, *(f"not explored: {what} ({number(on, 'path')})" for what, on in result.unexplored.items())]


def reported(finding: ExploreFinding, *, folder: str) -> ReportedFinding:
    """Return a finding of an exploration as every form shows it.

    Args:
        finding: The finding.
        folder: The evidence folder; it is named to reproduce what is not where such folders usually are.
    """
    return ReportedFinding(
        id=finding.id,
        check=finding.check,
        message=finding.message,
        scenario=finding.scenario,
        reproduce=reproduce_trial(finding.id, folder=folder),
        severity=Severity.BROKEN,
        why=finding.why,
        fix=finding.fix,
        place=place_of_line(finding.place),
        files=(finding.history,) if finding.history else (),
        fingerprints={"finding/v1": f"{finding.scenario}/{finding.id}"},
        details={
            "subject": finding.subject,
            "severity": Severity.BROKEN,
            "why": finding.why,
            "fix": finding.fix,
            "moves": [[move.words for move in step] for step in finding.steps],
            "end": dataclasses.asdict(finding.end),
            "story": finding.story,
            "compared": finding.compared,
            "line": finding.place,
            "history": finding.history,
            "plan": finding.plan,
            "invented": finding.invented,
            "on_server": dataclasses.asdict(finding.on_server) if finding.on_server else None,
        },
    )


def confirmation_of(finding: ExploreFinding) -> str:
    """Return what a real server has to say of a finding, or how to ask it; empty where it cannot be asked."""
    made_up = f", with what is made up: {'; '.join(finding.invented)}" if finding.invented else ""
    if finding.on_server is None:
        return f"Ask a real server:  crashproof run --plan {shlex.quote(finding.plan)}" if finding.plan else ""
    if finding.on_server.why_not:
        return f"Not shown on a real server: {finding.on_server.why_not}"
    return f"Explored, then confirmed on a real server ({finding.on_server.server}){made_up}"


_NOT_TOLD = ("findings", "branches")
"""Fields of what an exploration came to that a document has in another place, or not at all."""


def _scenario(result: ExploreResult) -> dict[str, Any]:
    kept = {each.name: getattr(result, each.name) for each in dataclasses.fields(result) if each.name not in _NOT_TOLD}
    return {
        **kept,
        "seconds": round(result.seconds, 3),
        "outcome": result.outcome,
        "whole": result.whole,
        "findings": [each.id for each in result.findings],
    }


def _limit(result: ExploreResult, text: str) -> Limit:
    said = f"{result.scenario}: {text}"
    return Limit(level="error", text=said, annotation=Annotation(level="error", title="crashproof explore", text=said))


def _suite(result: ExploreResult, folder: str) -> Suite:
    error = "; ".join(limits_of(result)) if result.outcome is Outcome.UNKNOWN else ""
    case = Case(
        name=result.scenario,
        classname="explore",
        findings=tuple(reported(each, folder=folder) for each in result.findings),
        error=error,
    )
    return Suite(name=f"explore {result.scenario}", cases=(case,), seconds=result.seconds)
