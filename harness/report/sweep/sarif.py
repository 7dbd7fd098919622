"""The report as SARIF 2.1.0: each finding a result, each check a rule, what could not be made a notification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.records.run_record import versions
from harness.records.store import json_bytes
from harness.records.sweep_result import SweepFinding, SweepResult, outcome
from harness.records.verdict import Outcome
from harness.report.form import Form, RunReport
from harness.report.phrases import plan_text, reproduce
from harness.report.sweep.remarks import incomplete, not_applicable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(swept: Sequence[SweepResult], *, files: Mapping[str, str], version: str) -> dict[str, Any]:
    """Return the report of a run as a SARIF log.

    A finding of a trial is about a running agent and not about a line: it is placed at the file that declares its
    scenario, where there is one.

    Args:
        swept: What each scenario came to.
        files: Scenario name to the file that declares it, relative to the current folder.
        version: Version of crashproof.
    """
    found = [finding for each in swept for finding in each.findings]
    checks = list(dict.fromkeys(each.finding.check for each in found))
    driver = {"name": "crashproof", "version": version, "rules": [{"id": check} for check in checks]}
    results = [
        _result(each, file=files.get(each.scenario, ""), rule=checks.index(each.finding.check)) for each in found
    ]
    invocation = {
        "executionSuccessful": outcome(swept) is not Outcome.UNKNOWN,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": f"{each.scenario}: {line}"}}
            for each in swept
            for level, line in _notifications(each)
        ],
    }
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _notifications(swept: SweepResult) -> Iterator[tuple[str, str]]:
    """Yield what limits the results of a scenario, each with its level."""
    yield from (("error", line) for line in incomplete(swept))
    if swept.inapplicable:
        yield "note", f"not applicable: {swept.inapplicable}"
    yield from (("note", line) for line in not_applicable(swept.not_applicable))


def _result(found: SweepFinding, *, file: str, rule: int) -> dict[str, Any]:
    finding, verdict = found.finding, found.verdict
    told = f"{finding.message} ({plan_text(verdict.plan)}). Reproduce with: {reproduce(verdict.trial)}"
    location: dict[str, Any] = {"logicalLocations": [{"name": found.scenario, "kind": "module"}]}
    if file:
        location["physicalLocation"] = {"artifactLocation": {"uri": file}, "region": {"startLine": 1}}
    struck = dict.fromkeys(strike.fault for strike in verdict.plan.strikes)
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": told},
        "locations": [location],
        "partialFingerprints": {"finding/v1": f"{found.scenario}/{finding.id}"},
        "properties": {"faults": list(struck), "plan": str(verdict.plan), "trial": verdict.trial},
    }


def _made(report: RunReport) -> bytes:
    return json_bytes(sarif(report.sweeps, files=report.files, version=versions()["crashproof"]))


FORM = Form(file="report.sarif", make=_made)
