"""Verdicts and runs as evidence folders keep them: JSON in which a plan and an entry of evidence are one text each.

People read these files, and other programs do. The records hold both as records: the texts are read here, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.records.plan import parse
from harness.records.run_record import RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Judgement, Verdict

_ENTRY = re.compile(
    r"(?:(?P<at>\d\d:\d\d:\d\d\.\d{3})(?:  |$))?"
    r"(?:(?P<source>(?:worker|event) \S.*?|request|reply)(?:  |$))?"
    r"(?P<words>.*)",
    re.DOTALL,
)


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as ``verdict.json`` holds it, with its outcome spelled out for other readers."""
    judgements = [_judgement_as_json(judgement) for judgement in verdict.judgements]
    kept = {**msgspec.to_builtins(verdict), "plan": str(verdict.plan), "judgements": judgements}
    return {**kept, "outcome": verdict.outcome}


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
    """Return the record of a run as ``run.json`` holds it."""
    kept = {key: value for key, value in msgspec.to_builtins(record).items() if key != "sweeps"}
    return {**kept, "swept": [_sweep_as_json(sweep) for sweep in record.sweeps]}


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


def entry_of(text: str) -> EvidenceEntry:
    """Read an entry of evidence from what ``str(entry)`` wrote."""
    parts = _ENTRY.fullmatch(text)
    assert parts is not None  # The last group takes all that the others leave.
    words = tuple(parts["words"].split("  ")) if parts["words"] else ()
    return EvidenceEntry(parts["at"] or "", parts["source"] or "", words)


def _judgement_as_json(judgement: Judgement) -> dict[str, Any]:
    findings = [
        {**msgspec.to_builtins(finding), "evidence": [str(entry) for entry in finding.evidence]}
        for finding in judgement.findings
    ]
    return {**msgspec.to_builtins(judgement), "findings": findings}


def _sweep_as_json(sweep: SweepResult) -> dict[str, Any]:
    verdicts = [verdict_as_json(verdict) for verdict in sweep.verdicts]
    for verdict in verdicts:
        del verdict["outcome"]
    return {**msgspec.to_builtins(sweep), "verdicts": verdicts}


def _sweep(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "verdicts": [_verdict(verdict) for verdict in kept.get("verdicts", ())]}


def _verdict(kept: Mapping[str, Any]) -> dict[str, Any]:
    judgements = [
        {**judgement, "findings": [_finding(finding) for finding in judgement.get("findings", ())]}
        for judgement in kept.get("judgements", ())
    ]
    return {**kept, "plan": msgspec.to_builtins(parse(kept["plan"])), "judgements": judgements}


def _finding(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "evidence": [msgspec.to_builtins(entry_of(text)) for text in kept.get("evidence", ())]}


def _convert(kept: Mapping[str, Any], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(kept, kind)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
