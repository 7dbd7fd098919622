"""Errors caught so widely that a cancellation, or the SDK's own error, is among them and gets lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astroid import nodes

from harness.audit.analysis.commands import STARTS, consequences, workflow_code
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_EVERYTHING = frozenset({"", "builtins.BaseException"})
_CANCELLED = frozenset(
    {"asyncio.CancelledError", "asyncio.exceptions.CancelledError", "concurrent.futures.CancelledError"}
)
_FAILURES = frozenset(
    f"temporalio.exceptions.{name}"
    for name in ["ActivityError", "ChildWorkflowError", "FailureError", "CancelledError"]
)
_STEPS = frozenset({"temporalio.exceptions.ActivityError", "temporalio.exceptions.ChildWorkflowError"})


def swallowed(project: Project) -> Iterator[AuditFinding]:
    """Yield excepts that keep a cancellation or an error of the SDK from going on."""
    for reached in workflow_code(project):
        for block in project.walk(reached, nodes.With):
            yield from _suppressed(project, block, reached)
        for statement in project.walk(reached, nodes.Try):
            earlier: list[nodes.ExceptHandler] = []
            for clause in statement.handlers:
                caught = _caught(project, clause, reached)
                finding = _finding(project, statement, clause, caught, earlier, reached)
                if finding is not None:
                    yield finding
                earlier.append(clause)


def _suppressed(project: Project, block: Node, reached: ReachedCode) -> Iterator[AuditFinding]:
    """Yield `with contextlib.suppress(...)` that suppresses a cancellation."""
    for item, _ in block.items:
        if not (isinstance(item, nodes.Call) and project.called_name(item, reached) == "contextlib.suppress"):
            continue
        caught = {project.name_of(each, reached) for each in item.args}
        awaited = _awaits(project, block, reached)
        if caught & (_EVERYTHING | _CANCELLED) and awaited is not None and not _cancels_itself(block, reached):
            text = (
                f"{project.source(item, 40)} around {project.source(awaited, 40)} swallows cancellation"
                " (asyncio.CancelledError). Suppress what can be handled, such as ActivityError."
            )
            yield project.finding("CP206", item, text, certainty=Certainty.LIKELY, reached=reached)
        elif "builtins.Exception" in caught and (started := _started(project, block, reached)) is not None:
            text = (
                f"{project.source(item, 40)} around {project.source(started, 40)} also swallows the ActivityError that"
                " a cancellation becomes. Catch it, and raise again if"
                " temporalio.exceptions.is_cancelled_exception(error)."
            )
            yield project.finding("CP206", item, text, certainty=Certainty.LOOK, reached=reached)


def _caught(project: Project, clause: nodes.ExceptHandler, reached: ReachedCode) -> frozenset[str]:
    if clause.type is None:
        return frozenset({""})
    caught: Node = clause.type
    types: list[Node] = caught.elts if isinstance(caught, nodes.Tuple) else [caught]
    return frozenset(project.name_of(each, reached) or "?" for each in types)


def _finding(
    project: Project,
    statement: nodes.Try,
    clause: nodes.ExceptHandler,
    caught: frozenset[str],
    earlier: Sequence[nodes.ExceptHandler],
    reached: ReachedCode,
) -> AuditFinding | None:
    if _goes_on(project, clause, reached) or _is_asked_around(project, statement, reached):
        return None
    before = {name for each in earlier for name in _caught(project, each, reached)}
    if caught & _EVERYTHING and not before & (_CANCELLED | _EVERYTHING):
        return _everything(project, statement, clause, reached)
    if caught & _CANCELLED and not before & (_CANCELLED | _EVERYTHING):
        return _cancelled(project, statement, clause, reached)
    if "builtins.Exception" in caught and not before & _FAILURES:
        return _exception(project, statement, clause, reached)
    if caught & _STEPS and not before & _FAILURES:
        return _step(project, statement, clause, reached)
    return None


def _goes_on(project: Project, clause: nodes.ExceptHandler, reached: ReachedCode) -> bool:
    """Tell whether an except raises, or asks what it was that it caught."""
    if any(clause.nodes_of_class(nodes.Raise, nodes.FunctionDef)):
        return True
    asks = ("is_cancelled_exception", "CancelledError", "ContinueAsNewError", "cause")
    return any(
        getattr(node, "attrname", getattr(node, "name", "")) in asks
        for statement in clause.body
        for node in statement.nodes_of_class((nodes.Name, nodes.Attribute))
    )


def _is_asked_around(project: Project, statement: nodes.Try, reached: ReachedCode) -> bool:
    """Tell whether a `try` stands in an except that has asked what it caught, and cleans up."""
    return any(
        isinstance(each, nodes.ExceptHandler) and _goes_on(project, each, reached)
        for each in statement.node_ancestors()
    )


def _awaits(project: Project, statement: Node, reached: ReachedCode) -> Node | None:
    for part in statement.body:
        for node in project.walk(part, nodes.Await, nodes.AsyncFor, nodes.AsyncWith):
            return node
        for call in project.walk(part, nodes.Call):
            if project.called_name(call, reached) == "temporalio.workflow.continue_as_new":
                return call
    return None


def _everything(
    project: Project, statement: nodes.Try, clause: nodes.ExceptHandler, reached: ReachedCode
) -> AuditFinding | None:
    awaited = _awaits(project, statement, reached)
    if awaited is None:
        return None
    what = "A bare except" if clause.type is None else f"except {clause.type.as_string()}"
    text = (
        f"{what} around {project.source(awaited, 40)} swallows cancellation (asyncio.CancelledError) and"
        " ContinueAsNewError. Catch what can be handled, such as ActivityError, or raise again."
    )
    return project.finding("CP206", clause, text, certainty=Certainty.CERTAIN, reached=reached)


def _cancelled(
    project: Project, statement: nodes.Try, clause: nodes.ExceptHandler, reached: ReachedCode
) -> AuditFinding | None:
    awaited = _awaits(project, statement, reached)
    if awaited is None or _cancels_itself(statement, reached):
        return None
    if _leaves(clause):
        return _returned(project, clause, awaited, reached)
    text = (
        f"CancelledError of {project.source(awaited, 40)} is caught and not raised again: the workflow goes on "
        "although it"
        " was cancelled, and cannot be cancelled a second time. Clean up, then raise."
    )
    cleans_up = any(consequences(project).has_command(each, reached) for each in clause.body)
    certainty = Certainty.LOOK if cleans_up else Certainty.LIKELY
    return project.finding("CP206", clause, text, certainty=certainty, reached=reached)


def _cancels_itself(statement: Node, reached: ReachedCode) -> bool:
    """Tell whether what is awaited is a task that this code cancels itself."""
    awaited = {
        node.value.as_string() for part in statement.body for node in part.nodes_of_class(nodes.Await)
    }  # fmt: skip
    return any(
        isinstance(call.func, nodes.Attribute)
        and call.func.attrname == "cancel"
        and call.func.expr.as_string() in awaited
        for call in reached.node.nodes_of_class(nodes.Call)
    )


def _exception(
    project: Project, statement: nodes.Try, clause: nodes.ExceptHandler, reached: ReachedCode
) -> AuditFinding | None:
    started = _started(project, statement, reached)
    if started is None:
        return None
    text = (
        f"except Exception around {project.source(started, 40)} also catches the ActivityError that a cancellation"
        " becomes, so the workflow goes on although it was cancelled."
        " Raise again if temporalio.exceptions.is_cancelled_exception(error)."
    )
    looping = any(isinstance(each, nodes.While | nodes.For) for each in statement.node_ancestors())
    certainty = Certainty.LIKELY if looping and not _leaves(clause) else Certainty.LOOK
    return project.finding("CP206", clause, text, certainty=certainty, reached=reached)


def _step(
    project: Project, statement: nodes.Try, clause: nodes.ExceptHandler, reached: ReachedCode
) -> AuditFinding | None:
    started = _started(project, statement, reached)
    looping = any(isinstance(each, nodes.While | nodes.For) for each in statement.node_ancestors())
    if started is None:
        return None
    if not looping:
        return _returned(project, clause, started, reached)
    if _leaves(clause):
        return None
    text = (
        f"A cancellation of {project.source(started, 40)} arrives as this error, too, and the loop goes on: the"
        " workflow was cancelled, and does its next step. Raise again if"
        " temporalio.exceptions.is_cancelled_exception(error)."
    )
    return project.finding("CP206", clause, text, certainty=Certainty.LOOK, reached=reached)


def _returned(
    project: Project, clause: nodes.ExceptHandler, awaited: Node, reached: ReachedCode
) -> AuditFinding | None:
    """Return that a cancellation becomes an ordinary result, where an except of the run method returns one."""
    is_run = reached.entry is not None and reached.entry.kind is EntryKind.RUN and reached.node is reached.entry.node
    if not is_run or not any(clause.nodes_of_class(nodes.Return, nodes.FunctionDef)):
        return None
    text = (
        f"A cancellation of {project.source(awaited, 40)} arrives here, too, and becomes an ordinary result: who"
        " cancelled the workflow is told that it completed. Raise again if"
        " temporalio.exceptions.is_cancelled_exception(error)."
    )
    return project.finding("CP206", clause, text, certainty=Certainty.LOOK, reached=reached)


def _started(project: Project, statement: Node, reached: ReachedCode) -> nodes.Call | None:
    """Return the call in a `try` or `with` that starts an activity or a child workflow."""
    for part in statement.body:
        for call in consequences(project).commands_in(part, reached):
            if isinstance(call, nodes.Call) and _starts(project, call, reached, set()):
                return call
    return None


def _leaves(clause: nodes.ExceptHandler) -> bool:
    return any(clause.nodes_of_class((nodes.Return, nodes.Break), nodes.FunctionDef))


def _starts(project: Project, call: nodes.Call, reached: ReachedCode, seen: set[int]) -> bool:
    if project.called_name(call, reached) in STARTS:
        return True
    known = consequences(project)
    called = known.definition(call, reached)
    piece = known.piece(called) if called is not None else None
    if piece is None or id(called) in seen:
        return False
    seen.add(id(called))
    return any(_starts(project, each, piece, seen) for each in project.calls(piece))


RULES = (
    Rule(
        id="CP206",
        name="cancellation-swallowed",
        title="Cancellation and the SDK's own errors must not be swallowed.",
        why="A workflow that catches its cancellation goes on as if nothing had happened: more activities are started,"
        " and the one who cancelled waits. A caught ContinueAsNewError lets the run go on in a history that should"
        " have ended.",
        evidence="asyncio.CancelledError and temporalio.workflow.ContinueAsNewError are BaseExceptions; a cancelled"
        " activity raises ActivityError, an Exception, with the cancellation as its cause.",
        fix="Catch ActivityError rather than Exception, and raise again if is_cancelled_exception(error).",
        bad="except Exception as error:\n    workflow.logger.warning(error)",
        right="except ActivityError as error:\n    if is_cancelled_exception(error):\n        raise",
        certainty=Certainty.LIKELY,
        judge=swallowed,
    ),
)
