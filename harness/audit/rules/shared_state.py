"""Workflow code changes what all executions of a worker share: variables of modules, attributes of classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from astroid import nodes

from harness.audit.analysis.classes import is_own
from harness.audit.analysis.commands import consequences, guarded_by_replaying, workflow_code
from harness.audit.analysis.module_values import module_value
from harness.audit.analysis.mutations import Kept, StateChange, changes_in
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def module_state(project: Project) -> Iterator[AuditFinding]:
    """Yield changes of variables of modules."""
    yield from _changes(project, "CP201", {Kept.MODULE: "a variable of a module"})
    yield from _instances(project)


def _instances(project: Project) -> Iterator[AuditFinding]:
    """Yield changes that methods make to objects which a module makes once, and workflow code calls."""
    reported: set[int] = set()
    for reached in workflow_code(project):
        for call in project.calls(reached):
            made = _made_by_module(project, call, reached)
            if not made:
                continue
            for method in _own_methods(project, call, reached):
                for change in changes_in(project, method, method):
                    if change.kept is not Kept.INSTANCE or id(change.node) in reported:
                        continue
                    if not _is_read(project, change.name, method):
                        continue
                    reported.add(id(change.node))
                    kind = f"of {made}, an object that its module makes once,"
                    yield _finding(project, "CP201", change, kind, replace(method, path=(*reached.path, *method.path)))


def _made_by_module(project: Project, call: nodes.Call, reached: ReachedCode) -> str:
    """Return the name of the object of a module whose method is called; empty if it is none of the user's."""
    owner = call.func.expr if isinstance(call.func, nodes.Attribute) else None
    if not isinstance(owner, nodes.Name | nodes.Attribute) or (isinstance(owner, nodes.Name) and owner.name == "self"):
        return ""
    value = module_value(project, owner, reached)
    if not isinstance(value, nodes.Call):
        return ""
    defined = project.definition_of(value.func)
    if not isinstance(defined, nodes.ClassDef) or not is_own(project, defined):
        return ""
    return str(project.source(owner, 40))


def _own_methods(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[ReachedCode]:
    """Yield the method that is called, and what it calls of its own object."""
    waiting = [project.definition_of(call.func, reached)]
    seen: set[int] = set()
    while waiting:
        function = waiting.pop()
        piece = consequences(project).piece(function) if isinstance(function, nodes.FunctionDef) else None
        if piece is None or id(function) in seen or piece.owner is None:
            continue
        seen.add(id(function))
        yield piece
        inner = (each for each in project.calls(piece) if isinstance(each.func, nodes.Attribute))
        waiting += [project.definition_of(each.func, piece) for each in inner if _is_self(each.func)]


def _is_self(function: Node) -> bool:
    return getattr(function.expr, "name", "") == "self"


def _is_read(project: Project, name: str, method: ReachedCode) -> bool:
    """Tell whether workflow code reads an attribute in a test or a result, so that it may decide something."""
    return any(
        each.attrname == name and not isinstance(each.parent, nodes.Attribute | nodes.AugAssign)
        for piece in workflow_code(project)
        if piece.owner is method.owner
        for each in project.walk(piece, nodes.Attribute)
    )


def class_state(project: Project) -> Iterator[AuditFinding]:
    """Yield changes of attributes of classes, and of defaults of parameters."""
    kinds = {Kept.CLASS: "an attribute of the class", Kept.DEFAULT: "the default of a parameter, made once,"}
    yield from _changes(project, "CP202", kinds)


def _changes(project: Project, rule: str, kinds: dict[Kept, str]) -> Iterator[AuditFinding]:
    for reached in workflow_code(project):
        reported: set[int | None] = set()
        for change in changes_in(project, reached, reached):
            if change.kept not in kinds or change.node.lineno in reported:
                continue
            if guarded_by_replaying(change.node, project, reached):
                continue
            reported.add(change.node.lineno)
            yield _finding(project, rule, change, kinds[change.kept], reached)


def _finding(project: Project, rule: str, change: StateChange, kind: str, reached: ReachedCode) -> AuditFinding:
    shared = is_shared(project, change.root, reached)
    text = f"Workflow code changes {change.what}, {kind} that executions in a worker share; a replay in another"
    text += " worker finds it otherwise."
    if not shared:
        text = f"Workflow code changes {change.what}, {kind}. The sandbox gives each execution its own copy; without"
        text += " the sandbox, or once the module is passed through, executions share it."
    certainty = Certainty.LIKELY if shared else Certainty.LOOK
    text += " Keep it in an attribute of the workflow (self)."
    return project.finding(rule, change.node, text, certainty=certainty, reached=reached)


def is_shared(project: Project, root: Node, reached: ReachedCode) -> bool:
    """Tell whether executions share the module in which a name is defined: it is passed through, or no sandbox runs."""
    if reached.passed_through or not _in_sandbox(project, reached):
        return True
    name = root
    while isinstance(name, nodes.Attribute):
        name = name.expr
    if not isinstance(name, nodes.Name):
        return False
    _, bound = name.lookup(name.name)
    return any(isinstance(each, nodes.Import | nodes.ImportFrom) and _passed_through(each) for each in bound)


def _passed_through(imported: Node) -> bool:
    at = imported.parent
    while at is not None:
        if isinstance(at, nodes.With) and any("imports_passed_through" in item.as_string() for item, _ in at.items):
            return True
        at = at.parent
    return False


def _in_sandbox(project: Project, reached: ReachedCode) -> bool:
    if any(not each.sandboxed for each in project.workflows if each.name == reached.workflow):
        return False
    for worker in project.workers:
        runner = worker.options.get("workflow_runner")
        free = isinstance(runner, nodes.Call) and project.called_name(runner).endswith("UnsandboxedWorkflowRunner")
        if free and any(each.name == reached.workflow for each in worker.workflows):
            return False
    return True


RULES = (
    Rule(
        id="CP201",
        name="module-state-changed",
        title="Workflow code must not change variables of modules.",
        why="All executions in a worker process share a module that is passed through. What one leaves there decides"
        " what another one does, and a replay in a fresh process finds it empty.",
        evidence="A cache in a passed-through module makes a replay schedule an activity that the history does not hold"
        " (measured). The sandbox imports a workflow's own module for each run anew, which hides it there.",
        fix="Keep state in attributes of the workflow; share between executions through activities.",
        bad="CACHE[question] = answer",
        right="self._answers[question] = answer",
        certainty=Certainty.LIKELY,
        judge=module_state,
    ),
    Rule(
        id="CP202",
        name="class-state-changed",
        title="Workflow code must not change attributes of classes, nor mutable defaults.",
        why="An attribute of the class, or a list that is the default of a parameter, exists once in a process:"
        " executions that share it see each other's changes, and a replay in a fresh process does not.",
        evidence="With sandboxed=False, a counter on the class counts all executions of the worker (measured).",
        fix="Make it in __init__ (self.notes = []), and take None as default.",
        bad="class Agent:\n    notes: list[str] = []",
        right="class Agent:\n    def __init__(self) -> None:\n        self.notes: list[str] = []",
        certainty=Certainty.LIKELY,
        judge=class_state,
    ),
)
