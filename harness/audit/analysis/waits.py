"""What a workflow waits for: conditions on its own attributes, and the signals and updates that can make them hold."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.mutations import Kept, changes_in
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, EntryMethod, ReachedCode, Workflow

WAIT = "temporalio.workflow.wait_condition"
"""The function by which workflow code waits."""

_WAITING_METHODS = ("get", "wait")
"""Methods of queues and events of asyncio that wait, where an attribute holds one."""


def own_attributes(node: Node) -> Iterator[str]:
    """Yield the attributes of ``self`` that a part of a method reads."""
    for each in node.nodes_of_class(nodes.Attribute):
        if isinstance(each.expr, nodes.Name) and each.expr.name == "self":
            yield each.attrname


def condition_of(project: Project, call: nodes.Call, reached: ReachedCode) -> Node:
    """Return the code of the condition that a call of `wait_condition` is given."""
    given = call.args[0]
    if isinstance(given, nodes.Lambda):
        return given
    called = project.definition_of(given, reached)
    return called if called is not None else given


def ends_of_waits(project: Project, workflow: Workflow) -> list[EntryMethod]:
    """Return the signals and updates that can end what a run waits for, in the order in which it waits for them.

    Of several that can end the same wait the one that is declared first comes first.
    """
    senders = workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE)
    changed = {each: _changed(project, each) for each in senders if each.name}
    ends: dict[EntryMethod, None] = {}
    for waited in _waits(project, workflow):
        ends |= dict.fromkeys(each for each, names in changed.items() if names & waited)
    return list(ends)


def _waits(project: Project, workflow: Workflow) -> Iterator[set[str]]:
    """Yield for each wait of a run the attributes that it looks at, the methods that it asks included."""
    for run in workflow.of_kind(EntryKind.RUN):
        for reached in project.reached_from(run):
            if reached.owner is workflow.node:
                for call in project.calls(reached):
                    yield _with_methods(project, workflow, set(_looked_at(project, call, reached)))


def _looked_at(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[str]:
    if project.called_name(call, reached) == WAIT and call.args:
        yield from own_attributes(condition_of(project, call, reached))
    elif isinstance(call.parent, nodes.Await) and getattr(call.func, "attrname", "") in _WAITING_METHODS:
        yield from own_attributes(call.func)


def _with_methods(project: Project, workflow: Workflow, names: set[str]) -> set[str]:
    """Return attributes with those that the methods and properties among them read."""
    classes = project.ancestors(workflow.node) if names else []
    methods = [each for made in classes for each in made.body if isinstance(each, nodes.FunctionDef)]
    return names | {read for each in methods if each.name in names for read in own_attributes(each)}


def _changed(project: Project, entry: EntryMethod) -> set[str]:
    """Return the attributes of the workflow that a signal or an update changes, be it by methods that it calls."""
    return {
        change.name
        for reached in project.reached_from(entry)
        for change in changes_in(project, reached, reached)
        if change.kept is Kept.INSTANCE
    }
