"""The report as SARIF 2.1.0: each finding a result, each check a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.report.document import reproduce
from harness.report.text import plan_text
from harness.swept import Found, Swept

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(swept: Sequence[Swept], *, files: dict[str, str], version: str) -> dict[str, Any]:
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
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(found: Found, *, file: str, rule: int) -> dict[str, Any]:
    finding = found.finding
    told = f"{finding.message} ({plan_text(found.verdict.plan)}). Reproduce with: {reproduce(found.verdict.trial)}"
    location: dict[str, Any] = {"logicalLocations": [{"name": found.scenario, "kind": "module"}]}
    if file:
        location["physicalLocation"] = {"artifactLocation": {"uri": file}, "region": {"startLine": 1}}
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": told},
        "locations": [location],
        "partialFingerprints": {"finding/v1": f"{found.scenario}/{finding.id}"},
    }
