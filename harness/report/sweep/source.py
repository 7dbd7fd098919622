"""Sweeps as a report: each finding with the smallest plan that shows it, each trial a test case."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.records.audit_result import AuditFinding, CodePlace
from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Finding, Outcome, Severity, Verdict
from harness.report.finding import Annotation, Case, Level, Limit, Report, ReportedFinding, Suite
from harness.report.phrases import code_text, number, plan_text, reproduce_trial, why_unknown
from harness.report.sweep.by_fault import FaultTotal, totals
from harness.report.sweep.remarks import command_for_the_rest, incomplete, not_applicable

Reproduce = Callable[[str], str]
"""Returns the command that runs a trial again."""


def sweep_report(
    sweeps: Sequence[SweepResult],
    *,
    folder: str = "",
    places: Mapping[str, CodePlace] | None = None,
    reproduce: Reproduce = reproduce_trial,
) -> Report:
    """Return what sweeps came to as a report.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder, as the user would type it.
        places: Scenario name to where it is declared, where that is known.
        reproduce: Returns the command that runs a trial again.
    """
    places = places or {}
    findings = worst_first(
        finding
        for each in sweeps
        for finding in findings_of(each, reproduce=reproduce, declared=places.get(each.scenario))
    )
    return Report(
        kind="run",
        outcome=outcome(sweeps),
        headline=headline(sweeps),
        findings=tuple(findings),
        limits=tuple(limit for each in sweeps for limit in _limits(each)),
        suites=tuple(_suite(each, reproduce) for each in sweeps),
        trials=_trials(sweeps),
        points={
            "known": sum(each.known for each in sweeps),
            "struck": sum(len(each.struck) for each in sweeps),
            "unreachable": sum(len(each.unreachable) for each in sweeps),
        },
        vacuous=sum(each.vacuous for each in sweeps),
        folder=folder,
        details={
            "fail_on": max(
                (each.fail_on for each in sweeps), key=lambda severity: severity.rank, default=Severity.BROKEN
            ),
            "severities": {
                severity: sum(finding.severity is severity for finding in findings) for severity in Severity
            },
            "rest": command_for_the_rest(sweeps, folder),
            "faults": _faults(sweeps),
            "scenarios": [_scenario(each) for each in sweeps],
        },
    )


def headline(sweeps: Sequence[SweepResult]) -> str:
    """Return what sweeps came to, in one line without the outcome."""
    trials = sum(len(each.verdicts) for each in sweeps)
    struck, known = sum(len(each.struck) for each in sweeps), sum(each.known for each in sweeps)
    unreachable = sum(len(each.unreachable) for each in sweeps)
    findings = [each.finding.how_bad for sweep in sweeps for each in sweep.findings]
    line = f"{number(trials, 'trial')}, {struck} of {number(known, 'point')} struck"
    line += f", {unreachable} unreachable" if unreachable else ""
    counted = ", ".join(f"{findings.count(severity)} {severity}" for severity in Severity if severity in findings)
    line += f", {number(len(findings), 'finding')}" + (f" ({counted})" if counted else "")
    line += ", as far as the doors see" if any(each.gaps for each in sweeps) else ""
    return f"{line}, without tools of a model" if any(each.uncalled_tools for each in sweeps) else line


def findings_of(
    sweep: SweepResult, *, reproduce: Reproduce = reproduce_trial, declared: CodePlace | None = None
) -> list[ReportedFinding]:
    """Return the findings of one scenario, each once.

    Args:
        sweep: What the scenario came to.
        reproduce: Returns the command that runs a trial again.
        declared: Where the scenario is declared, where that is known.
    """
    return [
        _reported(
            each.finding,
            each.verdict,
            reproduce,
            scenario=sweep.scenario,
            trials=each.trials,
            declared=declared,
            fail_on=sweep.fail_on,
            code=sweep.code.get(each.finding.id, ()),
        )
        for each in sweep.findings
    ]


def worst_first(findings: Iterable[ReportedFinding]) -> list[ReportedFinding]:
    """Return the findings of several scenarios, the worst of all of them first."""
    return sorted(findings, key=lambda each: -each.severity.rank if each.severity else 0)


def unexplained(sweep: SweepResult) -> list[Verdict]:
    """Return the trials of a scenario of which nothing is known, and that need a reason."""
    return [verdict for verdict in sweep.verdicts if verdict.outcome is Outcome.UNKNOWN]


def _reported(
    finding: Finding,
    verdict: Verdict,
    reproduce: Reproduce,
    *,
    scenario: str,
    fail_on: Severity,
    trials: tuple[str, ...] = (),
    declared: CodePlace | None = None,
    code: Sequence[AuditFinding] = (),
) -> ReportedFinding:
    return ReportedFinding(
        id=finding.id,
        check=finding.check,
        message=finding.message,
        scenario=scenario,
        reproduce=reproduce(verdict.trial),
        severity=finding.how_bad,
        why=finding.why,
        fix=finding.fix,
        fails=finding.how_bad.fails(fail_on),
        plan=verdict.plan,
        trial=verdict.trial,
        trials=trials,
        place=code[0].place if code else None,
        snippet=code[0].text if code else "",
        code=tuple(code),
        files=(declared.file,) if declared else (),
        line=declared.line if declared else 0,
        evidence=finding.evidence,
        fingerprints={"finding/v1": f"{scenario}/{finding.id}"},
        details={
            "trial": verdict.trial,
            "trials": trials,
            "subject": finding.subject,
            "severity": finding.how_bad,
            "why": finding.why,
            "fix": finding.fix,
            "evidence": [str(entry) for entry in finding.evidence],
            "code": [_code(each) for each in code],
        },
        properties={
            "severity": finding.how_bad,
            "faults": list(dict.fromkeys(strike.fault for strike in verdict.plan.strikes)),
            "plan": str(verdict.plan),
            "trial": verdict.trial,
        },
    )


def _code(finding: AuditFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "certainty": finding.certainty.word,
        "message": finding.message,
        "place": dataclasses.asdict(finding.place),
        "text": finding.text,
    }


def _limits(sweep: SweepResult) -> Iterator[Limit]:
    """Yield what limits the results of a scenario: why it is UNKNOWN, then what could not be made."""
    for line in incomplete(sweep):
        annotation = Annotation(level="error", title="crashproof run", text=f"{sweep.scenario}: {line}")
        yield Limit(level="error", text=f"{sweep.scenario}: {line}", annotation=annotation)
    notes = [f"not applicable: {sweep.inapplicable}"] if sweep.inapplicable else []
    level: Level = "note"
    yield from (
        Limit(level=level, text=f"{sweep.scenario}: {line}") for line in [*notes, *not_applicable(sweep.not_applicable)]
    )


def _suite(sweep: SweepResult, reproduce: Reproduce) -> Suite:
    """Return the trials of a scenario as test cases, then each fault that it cannot meet, then why it is incomplete.

    What shows without any strike is a finding of the undisturbed runs' case alone, and of the first of them.
    """
    cases, known = [], set[str]()
    for verdict in sweep.verdicts:
        cases.append(_case(verdict, sweep, reproduce, known=known))
        known |= set() if verdict.plan.strikes else {finding.id for finding in verdict.findings}
    for name, reason in sweep.not_applicable.items():
        cases.append(Case(name=name, classname=sweep.scenario, skipped=f"not applicable: {reason}"))
    if sweep.inapplicable:
        skipped = f"not applicable: {sweep.inapplicable}"
        cases.append(Case(name="sweep", classname=sweep.scenario, skipped=skipped))
    elif why := incomplete(sweep):
        cases.append(Case(name="sweep", classname=sweep.scenario, error="; ".join(why)))
    properties = {
        "title": sweep.title,
        "points": str(sweep.known),
        "struck": str(len(sweep.struck)),
        "unreachable": str(len(sweep.unreachable)),
        "fail_on": sweep.fail_on.value,
    }
    return Suite(name=sweep.scenario, cases=tuple(cases), seconds=sweep.seconds, may_skip=True, properties=properties)


def _case(verdict: Verdict, sweep: SweepResult, reproduce: Reproduce, *, known: Collection[str]) -> Case:
    """Return a trial of a sweep as a test case, without the findings that are known already."""
    name = f"{plan_text(verdict.plan)} [{verdict.trial}]"
    beside: dict[str, Any] = {
        "properties": {"trial": verdict.trial, "plan": str(verdict.plan), "reproduce": reproduce(verdict.trial)},
        "story": _story(verdict, sweep.code),
    }
    if verdict.outcome is Outcome.UNKNOWN:
        return Case(name=name, classname=verdict.scenario, error="; ".join(why_unknown(verdict)), **beside)
    new = (finding for finding in verdict.findings if finding.id not in known)
    worst_first = sorted(new, key=lambda finding: -finding.how_bad.rank)
    findings = tuple(
        _reported(
            finding,
            verdict,
            reproduce,
            scenario=verdict.scenario,
            fail_on=sweep.fail_on,
            code=sweep.code.get(finding.id, ()),
        )
        for finding in worst_first
    )
    return Case(name=name, classname=verdict.scenario, findings=findings, **beside)


def _story(verdict: Verdict, code: Mapping[str, Sequence[AuditFinding]]) -> tuple[str, ...]:
    """Return what happened in a trial: what was struck, what is not as it should be and why, how many checks held."""
    held = sum(1 for judgement in verdict.judgements if judgement.outcome is Outcome.PASS)
    strikes = [f"{strike.fault} {strike.at.text}" for strike in verdict.plan.strikes] or ["nothing was struck"]
    shown = [
        line
        for finding in verdict.findings
        for line in (
            f"{finding.check}: {finding.message}",
            *(f"  {entry}" for entry in finding.evidence),
            *(f"  Code: {code_text(each)}" for each in code.get(finding.id, ())),
        )
    ]
    return (*strikes, *shown, f"{number(held, 'check')} held")


def _trials(sweeps: Sequence[SweepResult]) -> dict[str, Any]:
    verdicts = [verdict for each in sweeps for verdict in each.verdicts]
    return {**_counts(verdicts), "verdicts": [_trial(verdict) for verdict in verdicts]}


def _counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {
        "run": len(verdicts),
        "passed": count(verdicts, Outcome.PASS),
        "failed": count(verdicts, Outcome.FAIL),
        "unknown": count(verdicts, Outcome.UNKNOWN),
    }


def _trial(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.trial,
        "scenario": verdict.scenario,
        "plan": str(verdict.plan),
        "outcome": verdict.outcome,
        "struck": verdict.struck,
        "reason": verdict.reason,
        "unknown": why_unknown(verdict),
        "checks": {judgement.check: judgement.outcome for judgement in verdict.judgements},
    }


def _scenario(sweep: SweepResult) -> dict[str, Any]:
    return {
        "name": sweep.scenario,
        "title": sweep.title,
        "outcome": "" if sweep.inapplicable else sweep.outcome,
        "reason": sweep.reason,
        "inapplicable": sweep.inapplicable,
        "seconds": round(sweep.seconds, 3),
        "trials": _counts(sweep.verdicts),
        "points": {"known": sweep.known, "struck": len(sweep.struck), "unreachable": len(sweep.unreachable)},
        "vacuous": sweep.vacuous,
        "not_run": len(sweep.untried) + len(sweep.untried_pairs),
        "faults": _faults([sweep]),
        "cuts": [
            {"fault": cut.fault, "point": cut.point.id, "text": cut.point.text, "stands_for": cut.stands_for}
            for cut in sweep.cuts
        ],
        "unreachable": [str(strike) for strike in sweep.unreachable],
        "untried": [str(strike) for strike in sweep.untried],
        "pairs": {
            "asked": sweep.pairs_asked,
            "known": [str(pair) for pair in sweep.pairs],
            "lone": [str(pair) for pair in sweep.lone],
            "untried": [str(pair) for pair in sweep.untried_pairs],
        },
        "limit": sweep.limit,
        "unsteady": sweep.unsteady,
        "coverage_gaps": sweep.gaps,
        "uncalled_tools": sweep.uncalled_tools,
        "masked": sweep.masked,
        "notes": sweep.notes,
    }


def _faults(sweeps: Sequence[SweepResult]) -> dict[str, dict[str, Any]]:
    """Return for each fault the points it was to strike and what its trials came to, or why it cannot be made."""
    return {each.fault: {"family": each.family, **_total(each)} for each in totals(sweeps)}


def _total(total: FaultTotal) -> dict[str, Any]:
    if total.not_applicable:
        return {"not_applicable": total.not_applicable}
    names = ("known", "struck", "unreachable", "passed", "failed", "unknown")
    return {name: getattr(total, name) for name in names}
