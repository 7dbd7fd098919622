"""Which calls of workflow code become commands, directly or through other functions, and which have no consequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from astroid import nodes

from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode

STARTS = frozenset(
    f"temporalio.workflow.{verb}_{what}"
    for verb in ("execute", "start")
    for what in words(
        "activity activity_class activity_method local_activity local_activity_class local_activity_method"
        " child_workflow update_with_start"
    )
)
"""Functions that start work."""

COMMANDS = (
    STARTS
    | frozenset(
        f"temporalio.workflow.{name}"
        for name in words(
            "sleep wait_condition continue_as_new upsert_search_attributes upsert_memo patched deprecate_patch"
        )
    )
    | {"asyncio.sleep", "asyncio.wait_for", "asyncio.timeout", "agents.Runner.run"}
)
"""Functions of the SDK, and of asyncio on its event loop, that become commands."""

_HANDLE_METHODS = frozenset({"signal", "cancel", "execute_operation", "start_operation"})
_HANDLES = ("temporalio.workflow.", "temporalio.nexus.")
_LOG_METHODS = words("debug info warning warn error exception critical log fatal")
_LOG_NAMES = words("logger log logging _logger _log LOG LOGGER")
_SILENT = ("logging.", "structlog.", "loguru.", "temporalio.workflow.logger", "warnings.", "opentelemetry.", "rich.")
_SILENT_NAMES = frozenset({"builtins.print", "builtins.isinstance", "builtins.len", "builtins.callable"})
_METRICS = ("temporalio.common.Metric", "temporalio.workflow.metric_meter", "prometheus_client.")

_DEPTH = 12


class Consequences:
    """Knows what follows from calls: one for each project, since it remembers."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._commanding: dict[int, bool] = {}
        self._callers: dict[int, list[tuple[nodes.Call, ReachedCode]]] | None = None
        self._pieces: dict[int, ReachedCode] | None = None

    def is_command(self, call: nodes.Call, reached: ReachedCode) -> bool:
        """Tell whether a call is one of a function that becomes a command."""
        name = self.project.called_name(call, reached)
        if name in COMMANDS:
            return True
        return name.startswith(_HANDLES) and name.rpartition(".")[2] in _HANDLE_METHODS

    def is_silent(self, call: Any, reached: ReachedCode) -> bool:
        """Tell whether a call only writes a log, a metric or to the terminal."""
        name = self.project.called_name(call, reached)
        if name in _SILENT_NAMES or name.startswith((*_SILENT, *_METRICS)):
            return True
        function = call.func
        if not isinstance(function, nodes.Attribute) or function.attrname not in _LOG_METHODS:
            return False
        owner = function.expr
        return getattr(owner, "attrname", getattr(owner, "name", "")) in _LOG_NAMES

    def commands_in(self, node: Node | ReachedCode, reached: ReachedCode) -> Iterator[Node]:
        """Yield the calls in a piece of code, or in a part of it, that become commands, through whatever functions.

        An awaited call of something unknown counts, for awaiting gives way to others.
        """
        for call in self.project.walk(node, nodes.Call):
            if self.is_command(call, reached) or self._leads_to_command(call, reached, _DEPTH):
                yield call
        for awaited in self.project.walk(node, nodes.Await):
            if not isinstance(awaited.value, nodes.Call):
                yield awaited
            elif not self.project.called_name(awaited.value, reached):
                yield awaited.value

    def has_command(self, node: Node | ReachedCode, reached: ReachedCode) -> bool:
        """Tell whether there is one."""
        return next(self.commands_in(node, reached), None) is not None

    def definition(self, call: nodes.Call, reached: ReachedCode) -> nodes.FunctionDef | nodes.Lambda | None:
        """Return the function that a call calls, if it was read."""
        called = self.project.definition_of(call.func, reached)
        return called if isinstance(called, nodes.FunctionDef | nodes.Lambda) else None

    def piece(self, node: Node) -> ReachedCode | None:
        """Return the piece of workflow code that a function is, if workflows reach it."""
        if self._pieces is None:
            self._pieces = {id(reached.node): reached for reached in all_code(self.project)}
        return self._pieces.get(id(node))

    def callers(self, node: Node) -> list[tuple[nodes.Call, ReachedCode]]:
        """Return the calls of a function in workflow code."""
        if self._callers is None:
            self._callers = {}
            for reached in all_code(self.project):
                for call in self.project.calls(reached):
                    if (called := self.definition(call, reached)) is not None:
                        self._callers.setdefault(id(called), []).append((call, reached))
        return self._callers.get(id(node), [])

    def _leads_to_command(self, call: nodes.Call, reached: ReachedCode, depth: int) -> bool:
        called = self.definition(call, reached)
        piece = self.piece(called) if called is not None else None
        if piece is None:
            return False
        known = self._commanding.get(id(piece.node))
        if known is not None or depth == 0:
            return bool(known)
        self._commanding[id(piece.node)] = False  # while it is looked at: functions may call each other
        leads = any(
            self.is_command(each, piece) or self._leads_to_command(each, piece, depth - 1)
            for each in self.project.calls(piece)
        )
        self._commanding[id(piece.node)] = leads
        return leads


def all_code(project: Project) -> Sequence[ReachedCode]:
    """Return all that the entry methods of workflows reach, in installed packages too, without what runs at import."""
    return project.reached_from(*project.workflows)


def workflow_code(project: Project) -> Iterator[ReachedCode]:
    """Yield the pieces of the project's own code that the entry methods of workflows reach."""
    return (reached for reached in all_code(project) if reached.module.own and not reached.is_module)


_known: WeakKeyDictionary[Project, Consequences] = WeakKeyDictionary()


def consequences(project: Project) -> Consequences:
    """Return what is known of a project's consequences, the same for all rules."""
    if project not in _known:
        _known[project] = Consequences(project)
    return _known[project]


def guarded_by_replaying(node: Node, project: Project, reached: ReachedCode) -> bool:
    """Tell whether a node runs only if the workflow is (or is not) replayed."""
    child: Any = node
    parent: Any = node.parent
    while parent is not None and child is not reached.node:
        branches = isinstance(parent, nodes.If | nodes.IfExp) and child is not parent.test
        if branches and asks_replaying(parent.test, project, reached):
            return True
        child, parent = parent, parent.parent
    return False


def asks_replaying(test: Node, project: Project, reached: ReachedCode) -> bool:
    """Tell whether a condition asks `workflow.unsafe.is_replaying()`."""
    return any(
        project.called_name(call, reached).rpartition(".")[2].startswith("is_replaying")
        for call in project.walk(test, nodes.Call)
    )


def unrestricted(node: Node, project: Project, reached: ReachedCode) -> bool:
    """Tell whether a node stands in `with workflow.unsafe.sandbox_unrestricted():`."""
    at: Any = node.parent
    while at is not None and at is not reached.node:
        if isinstance(at, nodes.With) and any(
            isinstance(item, nodes.Call) and project.called_name(item, reached).endswith("unsafe.sandbox_unrestricted")
            for item, _ in at.items
        ):
            return True
        at = at.parent
    return False
