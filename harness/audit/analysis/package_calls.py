"""Functions of installed packages whose answers differ between replays, and reach what the workflow does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from astroid import nodes

from harness.audit.analysis.commands import all_code, consequences, workflow_code
from harness.audit.analysis.destinations import Uncertainty, ValueReach
from harness.audit.analysis.forbidden_uses import ForbiddenUse, uses_in
from harness.audit.analysis.value_flow import destination_of
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.records.audit_result import AuditFinding, Certainty, CodePlace

_RULES = frozenset({"CP101", "CP102"})
_DEEPEST = 3
_ADAPTED = frozenset({"agents", "pydantic_ai", "pydantic", "structlog", "loguru", "opentelemetry", "logfire"})
"""Packages that plugins of Temporal make deterministic, or that only tell what happens."""


def of_packages(project: Project, rule: str) -> Iterator[AuditFinding]:
    """Yield the own calls of functions of packages that draw a value or read a clock, where the value gets somewhere.

    Args:
        project: The project.
        rule: Id of the rule: the one on clocks, or the one on random values.
    """
    if rule not in _RULES:
        return
    own = {reached.module.file for reached in all_code(project) if reached.module.own}
    reported: set[tuple[str, int]] = set()
    for reached in all_code(project):
        step = _left_at(reached, own) if reached.module.installed else None
        if step is None or (step.file, step.line) in reported or reached.module.name.partition(".")[0] in _ADAPTED:
            continue
        use = next((each for each in uses_in(project, reached, reached) if each.source.rule == rule), None)
        if use is not None and _arrives(project, use, reached):
            reported.add((step.file, step.line))
            yield _finding(project, use, step, reached)


def _left_at(reached: ReachedCode, own: set[str]) -> CodePlace | None:
    """Return the step at which the path leaves the own code; None if it goes on for too long after that."""
    for outside, step in enumerate(reversed(reached.path)):
        if step.file in own:
            return step if outside < _DEEPEST else None
    return None


def _arrives(project: Project, use: ForbiddenUse, reached: ReachedCode) -> bool:
    """Tell whether a value gets from the package into what the workflow does."""
    end = destination_of(project, use.node, Uncertainty.VALUE, reached)
    if end.reach is not ValueReach.AWAY or not isinstance(end.at, nodes.Return):
        return end.reach is ValueReach.COMMAND
    returning = consequences(project).piece(end.at.scope())
    if returning is None or not returning.path:
        return False
    return any(
        destination_of(project, call, Uncertainty.VALUE, caller).reach is ValueReach.COMMAND
        for call, caller in _calls_at(project, returning.path[-1])
    )


def _calls_at(project: Project, place: CodePlace) -> Iterator[tuple[nodes.Call, ReachedCode]]:
    """Yield the own call at a place, and the code that it stands in."""
    for caller in workflow_code(project):
        if caller.module.file == place.file:
            for call in project.calls(caller):
                at = project.place(call)
                if (at.line, at.column, at.end_column) == (place.line, place.column, place.end_column):
                    yield call, caller


def _finding(project: Project, use: ForbiddenUse, step: CodePlace, reached: ReachedCode) -> AuditFinding:
    place = project.place(use.node)
    text = (
        f"Workflow code {step.what} of the package {reached.module.name.partition('.')[0]}, which calls {use.name}():"
        f" a replay gets another value. Use {use.source.instead}, or an activity."
    )
    evidence = [f"{place.file}:{place.line} calls {use.name}()"]
    finding = project.finding(
        use.source.rule, use.node, text, certainty=Certainty.LIKELY, reached=reached, evidence=evidence
    )
    before = reached.path[: reached.path.index(step)]
    return replace(finding, place=replace(step, what=""), path=before)
