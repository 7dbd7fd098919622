"""The report as one document: what ``-o json`` prints and ``report.json`` holds. Fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.records.store import json_bytes
from harness.records.sweep_result import SweepFinding, SweepResult, count, outcome
from harness.records.verdict import Outcome, Verdict
from harness.report.form import Form
from harness.report.phrases import reproduce, why_unknown
from harness.report.sweep.by_fault import FaultTotal, totals

SCHEMA_VERSION = 1


def document(swept: Sequence[SweepResult], *, folder: str = "") -> dict[str, Any]:
    """Return the document of a run.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder.
    """
    verdicts = [verdict for found in swept for verdict in found.verdicts]
    whole = outcome(swept)
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": whole,
        "exit_status": whole.exit_status,
        "folder": folder,
        "trials": {**_counts(verdicts), "verdicts": [_trial(verdict) for verdict in verdicts]},
        "points": {
            "known": sum(found.known for found in swept),
            "struck": sum(len(found.struck) for found in swept),
            "unreachable": sum(len(found.unreachable) for found in swept),
        },
        "vacuous": sum(found.vacuous for found in swept),
        "findings": [_finding(found) for each in swept for found in each.findings],
        "faults": _faults(swept),
        "scenarios": [_scenario(found) for found in swept],
    }


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


def _finding(found: SweepFinding) -> dict[str, Any]:
    return {
        "id": found.finding.id,
        "check": found.finding.check,
        "message": found.finding.message,
        "scenario": found.scenario,
        "plan": str(found.verdict.plan),
        "trial": found.verdict.trial,
        "trials": found.trials,
        "subject": found.finding.subject,
        "evidence": [str(entry) for entry in found.finding.evidence],
        "reproduce": reproduce(found.verdict.trial),
    }


def _scenario(found: SweepResult) -> dict[str, Any]:
    return {
        "name": found.scenario,
        "title": found.title,
        "outcome": "" if found.inapplicable else found.outcome,
        "reason": found.reason,
        "inapplicable": found.inapplicable,
        "seconds": round(found.seconds, 3),
        "trials": _counts(found.verdicts),
        "points": {"known": found.known, "struck": len(found.struck), "unreachable": len(found.unreachable)},
        "vacuous": found.vacuous,
        "not_run": len(found.untried),
        "faults": _faults([found]),
        "cuts": [
            {"fault": cut.fault, "point": cut.point.id, "text": cut.point.text, "stands_for": cut.stands_for}
            for cut in found.cuts
        ],
        "unreachable": [str(strike) for strike in found.unreachable],
        "untried": [str(strike) for strike in found.untried],
        "limit": found.limit,
        "unsteady": found.unsteady,
        "coverage_gaps": found.gaps,
        "masked": found.masked,
        "notes": found.notes,
    }


def _faults(swept: Sequence[SweepResult]) -> dict[str, dict[str, Any]]:
    """Return for each fault the points it was to strike and what its trials came to, or why it cannot be made."""
    return {each.fault: {"family": each.family, **_total(each)} for each in totals(swept)}


def _total(total: FaultTotal) -> dict[str, Any]:
    if total.not_applicable:
        return {"not_applicable": total.not_applicable}
    names = ("known", "struck", "unreachable", "passed", "failed", "unknown")
    return {name: getattr(total, name) for name in names}


FORM = Form(file="report.json", make=lambda report: json_bytes(document(report.sweeps, folder=report.place)))
