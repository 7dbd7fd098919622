"""Queries and validators that do more than look."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.commands import consequences
from harness.audit.analysis.mutations import Kept, changes_in
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, EntryMethod, ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_DRAWS = frozenset(f"temporalio.workflow.{name}" for name in ("uuid4", "random", "new_random"))


def _pieces(project: Project, *kinds: EntryKind) -> Iterator[tuple[EntryMethod, ReachedCode]]:
    """Yield the code that entries of these kinds reach, each piece once."""
    seen: set[int] = set()
    for workflow in project.workflows:
        for entry in workflow.of_kind(*kinds):
            for reached in project.reached_from(entry):
                if reached.module.own and not reached.is_module and id(reached.node) not in seen:
                    seen.add(id(reached.node))
                    yield entry, reached


def changing_queries(project: Project) -> Iterator[AuditFinding]:
    """Yield changes of state by queries."""
    yield from _changing(project, "CP203", EntryKind.QUERY)


def commanding_queries(project: Project) -> Iterator[AuditFinding]:
    """Yield commands of queries and validators, and changes of state by validators."""
    for entry, reached in _pieces(project, EntryKind.QUERY, EntryKind.VALIDATOR):
        for call in project.calls(reached):
            if (drawn := project.called_name(call, reached)) in _DRAWS:
                text = (
                    f"The {entry.kind} {entry.name} calls {drawn.removeprefix('temporalio.')}(), which draws from the"
                    " random stream of the workflow: the SDK refuses it in a query or validator, and where it does not,"
                    " every later random value is another one in a replay. Draw it in the run or in an update, and"
                    " keep it."
                )
                yield project.finding("CP204", call, text, certainty=Certainty.CERTAIN, reached=reached)
            elif consequences(project).is_command(call, reached):
                text = (
                    f"The {entry.kind} {entry.name} calls {project.source(call.func, 60)}(), but a {entry.kind} is not"
                    " in the history and may not issue commands: it fails. Do it in an update or a signal."
                )
                yield project.finding("CP204", call, text, certainty=Certainty.CERTAIN, reached=reached)
    yield from _changing(project, "CP204", EntryKind.VALIDATOR)


def _changing(project: Project, rule: str, kind: EntryKind) -> Iterator[AuditFinding]:
    for entry, reached in _pieces(project, kind):
        workflow = next((each for each in project.workflows if entry in each.entries), None)
        if workflow is None or reached.owner is not workflow.node:
            continue
        reported: set[int | None] = set()
        for change in changes_in(project, reached, reached):
            if change.kept is Kept.INSTANCE and change.node.lineno not in reported:
                reported.add(change.node.lineno)
                refused = " or its update is refused" if kind is EntryKind.VALIDATOR else ""
                text = (
                    f"The {entry.kind} {entry.name} changes {change.what}. A {entry.kind} leaves no event, so a replay"
                    f" never makes the change{refused}. Work on a copy, or make it an update."
                )
                yield project.finding(rule, change.node, text, certainty=Certainty.CERTAIN, reached=reached)


RULES = (
    Rule(
        id="CP203",
        name="query-changes-state",
        title="A query must not change the workflow.",
        why="Queries are not in the history. What one changes is there until the worker dies or evicts the workflow,"
        " and is gone in the replay: the workflow then decides otherwise, depending on who looked at it.",
        evidence="Temporal's promise: a query handler must not mutate workflow state.",
        fix="Return a copy; make what changes state an update.",
        bad="@workflow.query\ndef next(self) -> str:\n    return self._queue.popleft()",
        right="@workflow.update\ndef next(self) -> str:\n    return self._queue.popleft()",
        certainty=Certainty.CERTAIN,
        judge=changing_queries,
    ),
    Rule(
        id="CP204",
        name="command-where-none-may-be",
        title="Queries and validators must not issue commands, and validators must not change the workflow.",
        why="Both run outside of the history. The SDK refuses commands there (ReadOnlyContextError); a change by a"
        " validator stays although the update was refused, and is missing in every replay, which does not validate"
        " again.",
        evidence="temporalio.workflow.ReadOnlyContextError is raised for commands in queries and update"
        " validators, and for workflow.random() and workflow.uuid4().",
        fix="Start work in an update or a signal; only look in validators.",
        bad="@say.validator\ndef check(self, text: str) -> None:\n    self._tries += 1",
        right="@workflow.update\nasync def say(self, text: str) -> None:\n    self._tries += 1",
        certainty=Certainty.CERTAIN,
        judge=commanding_queries,
    ),
)
