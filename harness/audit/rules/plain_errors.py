"""Workflow code raises an error that fails its workflow task, again and again, instead of the workflow."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import consequences, workflow_code
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_FAILURE = "temporalio.exceptions.FailureError"
_PLAIN = frozenset(
    f"builtins.{name}"
    for name in words(
        "Exception ValueError TypeError RuntimeError KeyError IndexError LookupError ArithmeticError ZeroDivisionError"
        " OSError IOError ConnectionError TimeoutError PermissionError FileNotFoundError AttributeError"
    )
)
_DEPTH = 4


def plain_errors(project: Project) -> Iterator[AuditFinding]:
    """Yield plain errors that run methods and signals raise because something outside of the workflow failed."""
    for reached in workflow_code(project):
        if reached.entry is None or reached.entry.kind not in (EntryKind.RUN, EntryKind.SIGNAL, EntryKind.UPDATE):
            continue
        for raised in project.walk(reached, nodes.Raise):
            name = _plain(project, raised, reached)
            clause = _clause(raised)
            if not name or clause is None or not _of_activity(project, clause, reached):
                continue
            if not _is_caught(project, raised, reached, _DEPTH) and not _is_declared(project, name, reached):
                yield _finding(project, raised, name, reached)


def _finding(project: Project, raised: nodes.Raise, name: str, reached: ReachedCode) -> AuditFinding:
    text = (
        f"{name.rpartition('.')[2]} is no failure of Temporal's: raised in workflow code it fails the workflow task,"
        " which is tried again for ever, and the workflow hangs instead of failing."
        " Raise temporalio.exceptions.ApplicationError."
    )
    return project.finding("CP208", raised, text, certainty=Certainty.LIKELY, reached=reached)


def _plain(project: Project, raised: nodes.Raise, reached: ReachedCode) -> str:
    """Return the name of the plain error that is raised; empty if it is none, or unknown."""
    if raised.exc is None:
        return ""
    made: Node = raised.exc.func if isinstance(raised.exc, nodes.Call) else raised.exc
    name = project.name_of(made, reached)
    defined = project.definition_of(made, reached)
    if isinstance(defined, nodes.ClassDef) and name not in _PLAIN:
        failure = project.is_subclass(defined, _FAILURE)
        return name if not failure and any(project.is_subclass(defined, plain) for plain in _PLAIN) else ""
    return name if name in _PLAIN else ""


def _clause(raised: nodes.Raise) -> nodes.ExceptHandler | None:
    """Return the except clause in which an error is raised."""
    for each in raised.node_ancestors():
        if isinstance(each, nodes.ExceptHandler):
            return each
        if isinstance(each, nodes.FunctionDef | nodes.Lambda):
            return None
    return None


def _of_activity(project: Project, clause: nodes.ExceptHandler, reached: ReachedCode) -> bool:
    """Tell whether an except is around something that the workflow awaits."""
    tried: Node = clause.parent
    return any(consequences(project).has_command(each, reached) for each in tried.body)


def _is_caught(project: Project, node: Node, reached: ReachedCode, depth: int) -> bool:
    """Tell whether an except around a node, or around the calls that lead to it, may catch what it raises."""
    child = node
    for each in node.node_ancestors():
        if isinstance(each, nodes.Try) and child in each.body and each.handlers:
            return True
        if isinstance(each, nodes.FunctionDef | nodes.Lambda):
            break
        child = each
    callers = consequences(project).callers(reached.node) if depth else []
    return bool(callers) and all(_is_caught(project, call, caller, depth - 1) for call, caller in callers)


def _is_declared(project: Project, name: str, reached: ReachedCode) -> bool:
    """Tell whether the workflow or a worker says that errors of that type fail the workflow."""
    option = "failure_exception_types"
    own = [each.node.decorators for each in project.workflows if each.name == reached.workflow]
    if any(decorators is not None and option in decorators.as_string() for decorators in own):
        return True
    return any(f"workflow_{option}" in worker.options or not worker.options_known for worker in project.workers)


RULES = (
    Rule(
        id="CP208",
        name="plain-error-hangs-workflow",
        title="A workflow that gives up must raise a failure of Temporal's, not a plain error.",
        why="Only failures (ApplicationError and its kin) end a workflow. Any other error that leaves workflow code is"
        " taken for a bug: the workflow task fails and is tried again for ever, and whoever waits for the result waits"
        " on.",
        evidence="scenarios/broken (plain_error_in_workflow): the run does not end, and WorkflowTaskFailed events"
        " follow each other.",
        fix="Raise ApplicationError(message, type=...), or name the type in failure_exception_types.",
        bad='except ActivityError as error:\n    raise ValueError("no answer") from error',
        right='except ActivityError as error:\n    raise ApplicationError("no answer", type="NoAnswer") from error',
        certainty=Certainty.LIKELY,
        judge=plain_errors,
    ),
)
