"""The checklist as documents hold it: beside the usual fields twelve of id, theme, outcome, why, evidence, remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.records.checklist import CheckedPoint, Checklist
from harness.records.sweep_result import SweepResult
from harness.report.document import document
from harness.report.phrases import number, reproducing
from harness.report.sweep.source import sweep_report


def checklist_document(checklist: Checklist, *, sweeps: Sequence[SweepResult], folder: str) -> dict[str, Any]:
    """Return the document of a checklist: that of its run, with the outcome of the checklist, and the points.

    Args:
        checklist: The checklist.
        sweeps: What each scenario of its run came to.
        folder: The evidence folder, as the user would type it.
    """
    outcome = checklist.outcome
    return {
        **document(sweep_report(sweeps, folder=folder, reproduce=reproducing(folder))),
        "outcome": outcome,
        "exit_status": outcome.exit_status,
        "checklist": [point_row(point) for point in checklist.points],
        "limits": list(checklist.limits),
    }


def point_row(point: CheckedPoint) -> dict[str, Any]:
    """Return one point as documents hold it."""
    return {
        "id": point.id,
        "theme": point.theme,
        "title": point.title,
        "promise": point.promise,
        "outcome": point.word,
        "why": point.why,
        "evidence": list(point.evidence),
        "remedy": point.remedy,
        "planted": point.planted,
    }


def headline(checklist: Checklist) -> str:
    """Return what a checklist came to, in one line without the outcome."""
    counts = ", ".join(f"{count} {word}" for word, count in checklist.counts.items())
    return f"{number(len(checklist.points), 'point')}: {counts}"
