"""Verdicts and runs as evidence folders keep them, in JSON that people read and other programs, too.

A plan is kept in its one written form, by which it is also given and found again. Entries of evidence are kept twice:
as ``evidence``, one text each, to be read, and as ``entries``, field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.records.plan import Plan, parse
from harness.records.run_record import RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Judgement, Verdict


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as ``verdict.json`` holds it, with its outcome spelled out for other readers."""
    kept = msgspec.to_builtins(replace(verdict, plan=Plan(), judgements=()))
    judgements = [_judgement_as_json(judgement) for judgement in verdict.judgements]
    return {**kept, "plan": str(verdict.plan), "judgements": judgements, "outcome": verdict.outcome}


def verdict_of(kept: Mapping[str, Any]) -> Verdict:
    """Read a verdict from what ``verdict.json`` holds.

    Raises:
        UsageError: It holds something else.
    """
    try:
        verdict: Verdict = _convert(_verdict(kept), Verdict)
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"it holds no verdict: {type(error).__name__}: {error}") from error
    return verdict


def run_as_json(record: RunRecord) -> dict[str, Any]:
    """Return the record of a run as ``run.json`` holds it; its sweeps are last."""
    kept = msgspec.to_builtins(replace(record, sweeps=()))
    del kept["sweeps"]
    return {**kept, "swept": [sweep_as_json(sweep) for sweep in record.sweeps]}


def run_of(kept: Mapping[str, Any]) -> RunRecord:
    """Read the record of a run from what ``run.json`` holds.

    Raises:
        UsageError: It holds something else.
    """
    try:
        sweeps = [_sweep(sweep) for sweep in kept.get("swept", ())]
        record: RunRecord = _convert({**kept, "sweeps": sweeps}, RunRecord)
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"it holds no record of a run: {type(error).__name__}: {error}") from error
    return record


def _judgement_as_json(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement; what it does not have, as most have nothing but an outcome, is left out."""
    kept: dict[str, Any] = {"check": judgement.check, "outcome": judgement.outcome}
    if judgement.reason:
        kept["reason"] = judgement.reason
    if judgement.findings:
        kept["findings"] = [_finding_as_json(each) for each in judgement.findings]
    if judgement.excused:
        kept["excused"] = True
    if judgement.times:
        kept["times"] = msgspec.to_builtins(judgement.times)
    return kept


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    texts = [str(entry) for entry in finding.evidence]
    return {**msgspec.to_builtins(finding), "evidence": texts, "entries": msgspec.to_builtins(finding.evidence)}


def sweep_as_json(sweep: SweepResult) -> dict[str, Any]:
    """Return what a sweep came to as ``run.json`` holds it."""
    verdicts = [verdict_as_json(verdict) for verdict in sweep.verdicts]
    for verdict in verdicts:
        del verdict["outcome"]
    return {**msgspec.to_builtins(replace(sweep, verdicts=())), "verdicts": verdicts}


def sweep_of(kept: Mapping[str, Any]) -> SweepResult:
    """Read what a sweep came to from what ``run.json`` holds of it.

    Raises:
        UsageError: It holds something else.
    """
    try:
        result: SweepResult = _convert(_sweep(kept), SweepResult)
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"it holds no result of a sweep: {type(error).__name__}: {error}") from error
    return result


def _sweep(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "verdicts": [_verdict(verdict) for verdict in kept.get("verdicts", ())]}


def _verdict(kept: Mapping[str, Any]) -> dict[str, Any]:
    judgements = [
        {**judgement, "findings": [_finding(finding) for finding in judgement.get("findings", ())]}
        for judgement in kept.get("judgements", ())
    ]
    return {**kept, "plan": msgspec.to_builtins(parse(kept["plan"])), "judgements": judgements}


def _finding(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding with its entries; an older file has their texts alone, each of which says all in its columns.

    How bad it is was called its harm there.
    """
    texts = kept.get("evidence", ())
    severity = kept.get("severity", kept.get("harm"))
    return {
        **kept,
        "severity": severity,
        "evidence": kept.get("entries", [{"words": text.split("  ")} for text in texts]),
    }


def _convert(kept: Mapping[str, Any], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(kept, kind)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
