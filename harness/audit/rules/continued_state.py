"""Continue-as-new that leaves behind what signals and updates have brought and the run has not used yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astroid import nodes

from harness.audit.analysis.mutations import Kept, changes_in
from harness.audit.analysis.stored_values import ADDS
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, ReachedCode, Workflow
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_CONTINUES = "temporalio.workflow.continue_as_new"


def left_at_continue(project: Project) -> Iterator[AuditFinding]:
    """Yield calls of continue_as_new that do not pass on a collection which handlers fill and the run empties."""
    for workflow in project.workflows:
        runs = workflow.of_kind(EntryKind.RUN)
        collected = _collected(project, workflow)
        if not runs or not collected:
            continue
        code = [each for each in project.reached_from(runs[0]) if each.module.own and not each.is_module]
        for reached in code:
            for call in project.calls(reached):
                if project.called_name(call, reached) == _CONTINUES:
                    yield from _forgets(project, call, reached, collected & _emptied(project, code), code)


def _collected(project: Project, workflow: Workflow) -> set[str]:
    """Return the attributes to which signals and updates add."""
    names = set()
    for entry in workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE):
        piece = project.reached_from(entry)[0]
        for change in changes_in(project, piece, piece):
            call = change.node
            adds = isinstance(call, nodes.Call) and getattr(call.func, "attrname", "") in ADDS
            if change.kept is Kept.INSTANCE and adds:
                names.add(change.name)
    return names


def _emptied(project: Project, code: Sequence[ReachedCode]) -> set[str]:
    """Return the attributes from which the run takes what is in them."""
    takes = {"pop", "popleft", "get_nowait", "get"}
    return {
        str(getattr(call.func.expr, "attrname", ""))
        for reached in code
        for call in project.calls(reached)
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in takes and _of_self(call.func.expr)
    }


def _of_self(node: Node) -> bool:
    return isinstance(node, nodes.Attribute) and isinstance(node.expr, nodes.Name) and node.expr.name == "self"


def _forgets(
    project: Project, call: nodes.Call, reached: ReachedCode, names: set[str], code: Sequence[ReachedCode]
) -> Iterator[AuditFinding]:
    passed = _mentioned(project, call, reached, code)
    if passed is None:
        return
    for name in sorted(names - passed):
        if not _known_empty(name, call, reached, code):
            text = (
                f"This continues as new without self.{name}: what signals have put there and the run has not taken out"
                " yet is gone, though their senders were told that it arrived. Pass it on, or continue only when it is"
                " empty and workflow.all_handlers_finished()."
            )
            yield project.finding("CP213", call, text, certainty=Certainty.LIKELY, reached=reached)
            return


def _mentioned(
    project: Project, call: nodes.Call, reached: ReachedCode, code: Sequence[ReachedCode]
) -> set[str] | None:
    """Return the attributes in what is handed over, through variables, parameters and own methods; None: all of them.

    All of them are where `self` is handed over as a whole.
    """
    names: set[str] = set()
    waiting: list[Node] = [*call.args, *(each.value for each in call.keywords)]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        for node in part.nodes_of_class((nodes.Name, nodes.Attribute, nodes.Call)):
            if isinstance(node, nodes.Attribute) and _of_self(node):
                names.add(node.attrname)
            elif isinstance(node, nodes.Name) and node.name == "self":
                if not isinstance(node.parent, nodes.Attribute):
                    return None
            elif isinstance(node, nodes.Name):
                waiting += [each for each in project.origins_of(node) if isinstance(each, nodes.NodeNG)]
                waiting += [*_filled(node), *_given(node, project, code)]
            called = project.definition_of(node.func, reached) if isinstance(node, nodes.Call) else None
            if called is not None and not isinstance(called, nodes.ClassDef):
                waiting.append(called)
    return names


def _given(name: nodes.Name, project: Project, code: Sequence[ReachedCode]) -> Iterator[Node]:
    """Yield what callers pass to the function that a name is a parameter of."""
    function = name.scope()
    if isinstance(function, nodes.FunctionDef) and name.name in function.argnames():
        for piece in code:
            for call in project.calls(piece):
                if project.definition_of(call.func, piece) is function:
                    yield from [*call.args, *(each.value for each in call.keywords)]


def _filled(name: nodes.Name) -> list[Node]:
    """Return the statements that put something into a variable: `state.messages = self._messages`."""
    scope: Node = name.scope()
    return [
        each
        for each in scope.nodes_of_class((nodes.Assign, nodes.Call))
        if any(
            getattr(getattr(target, "expr", getattr(target, "value", None)), "name", "") == name.name
            for target in (each.targets if isinstance(each, nodes.Assign) else [each.func])
        )
    ]


def _known_empty(name: str, call: nodes.Call, reached: ReachedCode, code: Sequence[ReachedCode]) -> bool:
    """Tell whether the code before looks whether the collection is empty: a loop that empties it, a condition."""
    tests = [
        each.test
        for piece in code
        for each in piece.node.nodes_of_class((nodes.While, nodes.If))
        if (isinstance(each, nodes.While) and _ends_empty(each.test, name))
        or call in set(each.nodes_of_class(nodes.Call))
    ]
    waits = [
        each
        for piece in code
        for each in piece.node.nodes_of_class(nodes.Lambda)
        if not isinstance(each, nodes.FunctionDef) and "not " in each.body.as_string()
    ]
    return any(
        _of_self(node) and node.attrname == name
        for part in [*tests, *waits]
        for node in part.nodes_of_class(nodes.Attribute)
    )


def _ends_empty(test: Node, name: str) -> bool:
    return any(_of_self(each) and each.attrname == name for each in test.nodes_of_class(nodes.Attribute))


RULES = (
    Rule(
        id="CP213",
        name="state-left-behind",
        title="Continue-as-new must hand on what handlers have collected.",
        why="The next run begins with what it is given, and nothing else. A signal that arrived and was not used yet is"
        " neither in its arguments nor delivered again: the server takes it for handled.",
        evidence="Temporal's documentation of continue-as-new: pending signals and updates must be drained, or their"
        " state passed on, before it. Only signals that arrive after the command make the server refuse it"
        " (UnhandledCommand).",
        fix="Pass the collection on, or empty it first and wait for workflow.all_handlers_finished.",
        bad="if workflow.info().is_continue_as_new_suggested():\n    workflow.continue_as_new(self._count)",
        right="if workflow.info().is_continue_as_new_suggested():\n"
        "    workflow.continue_as_new(args=[self._count, list(self._messages)])",
        certainty=Certainty.LIKELY,
        judge=left_at_continue,
    ),
)
