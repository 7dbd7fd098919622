"""The report as one JSON document: what ``-o json`` prints and ``report.json`` holds. Keys are added, never renamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from harness.records.json_text import json_bytes
from harness.records.verdict import Outcome
from harness.report.finding import Report, ReportedFinding
from harness.report.form import Form

SCHEMA_VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """Return the document of a report: the same head for every source, then what only this one has."""
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": report.outcome,
        "exit_status": report.outcome.exit_status,
        **({} if report.folder is None else {"folder": report.folder}),
        "trials": report.trials,
        "points": report.points,
        "vacuous": report.vacuous,
        "findings": [finding_row(finding) for finding in report.counted],
        **report.details,
    }


def failure_document(message: str, *, status: int) -> dict[str, Any]:
    """Return the document of a command that could not judge: nothing was tried, and ``error`` says why.

    Args:
        message: Why not.
        status: The exit status of the command.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": Outcome.UNKNOWN,
        "exit_status": status,
        "trials": {"run": 0, "passed": 0, "failed": 0, "unknown": 0},
        "points": {"known": 0, "struck": 0, "unreachable": 0},
        "vacuous": True,
        "findings": [],
        "error": message,
    }


def finding_row(finding: ReportedFinding) -> dict[str, Any]:
    """Return one finding as documents hold it."""
    return {
        "id": finding.id,
        "check": finding.check,
        "message": finding.message,
        "scenario": finding.scenario,
        "plan": "" if finding.plan is None else str(finding.plan),
        "reproduce": finding.reproduce,
        **finding.details,
    }


def rows(report: Report) -> Iterator[dict[str, Any]]:
    """Yield each finding of a report, then all the rest of its document: one line of JSON each."""
    whole = document(report)
    for finding in whole["findings"]:
        yield {"kind": "finding", **finding}
    yield {"kind": "summary", **{key: value for key, value in whole.items() if key not in ("findings", "files")}}


def encoded(value: object) -> bytes:
    """Return a value as JSON on one line; what JSON cannot say is written as Python does."""
    try:
        return msgspec.json.encode(value, enc_hook=repr)
    except UnicodeEncodeError:  # A text of the code holds half a character.
        return json.dumps(msgspec.to_builtins(value, enc_hook=repr)).encode()


def indented(value: object) -> bytes:
    """Return a value as JSON for people to read."""
    return msgspec.json.format(encoded(value), indent=2)


FORM = Form(file="report.json", make=lambda run: json_bytes(document(run.report)))
