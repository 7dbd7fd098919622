"""The report as one HTML page: opens from disk, carries no outside reference, escapes everything."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from harness.foreign import for_terminal
from harness.records.sweep_result import SweepResult
from harness.report.finding import Report
from harness.report.form import Form
from harness.report.phrases import number, place_text, plan_text, reproduce_trial, step_text, why_unknown
from harness.report.sweep.by_fault import grouped, listed, nowhere, totals
from harness.report.sweep.folding import Block, blocks
from harness.report.sweep.remarks import remarks, shared_notes
from harness.report.sweep.source import findings_of, unexplained, worst_first

_TEMPLATE = "page.html.j2"


def html(report: Report, *, sweeps: Sequence[SweepResult] = ()) -> str:
    """Return a report as an HTML page.

    Args:
        report: The report.
        sweeps: What each scenario came to, where it reports sweeps: their tables, trials and remarks are shown, too.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_harmless
    )
    environment.filters["step_text"] = step_text
    template = resources.files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(template).render(
        report=report,
        sweeps=sweeps,
        listed=listed,
        number=number,
        place_text=place_text,
        plan_text=plan_text,
        reproduce=reproduce_trial,
        why_unknown=why_unknown,
        **(_of_sweeps(sweeps) if sweeps else _of_findings(report)),
    )


def _harmless(value: Any) -> Any:
    """Return what a page shows of a value; what is markup already was made of values that came by here."""
    return for_terminal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _of_sweeps(sweeps: Sequence[SweepResult]) -> dict[str, Any]:
    """Return what the page shows of sweeps: faults, findings by cause, trials without verdict, remarks by scenario."""
    by_fault = totals(sweeps)
    reasons = nowhere(by_fault)
    shared = shared_notes(sweeps)
    said = tuple(reasons) if len(by_fault) > 1 else ()
    return {
        "faults": by_fault,
        "nowhere": grouped(reasons),
        "blocks": blocks(worst_first(finding for each in sweeps for finding in findings_of(each))),
        "accepted": (),
        "limits": (),
        "unknown": [verdict for each in sweeps for verdict in unexplained(each)],
        "scenarios": [(each, remarks(each, shared=shared, said=said)) for each in sweeps if not each.inapplicable],
        "shared": shared,
    }


def _of_findings(report: Report) -> dict[str, Any]:
    """Return what the page shows of any other report: its findings one by one, and what limits them."""
    return {
        "faults": (),
        "nowhere": {},
        "blocks": [Block(finding) for finding in report.counted],
        "accepted": [finding for finding in report.findings if finding.suppression],
        "limits": report.limits,
        "unknown": (),
        "scenarios": (),
        "shared": (),
    }


FORM = Form(file="report.html", make=lambda run: html(run.report, sweeps=run.sweeps).encode())
