"""Handlers that write back what they read before they waited: two at a time lose one of the changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astroid import nodes

from harness.audit.code.astroid_nodes import Node
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def races(project: Project) -> Iterator[AuditFinding]:
    """Yield assignments in async handlers of a value that is made of what was read before an await."""
    reported: set[int] = set()
    for workflow in project.workflows:
        for entry in workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE):
            if not isinstance(entry.node, nodes.AsyncFunctionDef) or _is_locked(entry.node):
                continue
            piece = project.reached_from(entry)[0]
            for assign, name in _stale_writes(entry.node):
                if id(assign) not in reported:
                    reported.add(id(assign))
                    text = (
                        f"The {entry.kind} {entry.name} writes to self.{name} what it made of the value before it"
                        " waited. Handlers run beside each other: what another one has written meanwhile is"
                        " overwritten. Read it again after the wait, or hold an asyncio.Lock around both."
                    )
                    yield project.finding("CP214", assign, text, certainty=Certainty.LIKELY, reached=piece)


def _is_locked(handler: nodes.FunctionDef) -> bool:
    """Tell whether a handler takes turns with others: by a lock, or by a wait for its turn."""
    return any(True for _ in own_nodes(handler, nodes.AsyncWith))


def _stale_writes(handler: nodes.FunctionDef) -> Iterator[tuple[nodes.Assign | nodes.AugAssign, str]]:
    waits = [each.lineno or 0 for each in own_nodes(handler, nodes.Await)]
    for assign in own_nodes(handler, nodes.Assign | nodes.AugAssign):
        target = assign.targets[0] if isinstance(assign, nodes.Assign) else assign.target
        if not isinstance(target, nodes.AssignAttr) or getattr(target.expr, "name", "") != "self":
            continue
        if isinstance(assign, nodes.AugAssign):
            if any(True for _ in assign.value.nodes_of_class(nodes.Await)):
                yield assign, target.attrname
        elif _reads_then_waits(assign.value, target.attrname) or any(
            _is_stale(name, target.attrname, assign, waits, handler) for name in assign.value.nodes_of_class(nodes.Name)
        ):
            yield assign, target.attrname


def _reads_then_waits(value: Node, attribute: str) -> bool:
    """Tell whether an expression reads the attribute and then waits: `self._total + await self._price()`."""
    read = False
    for node in _in_order(value):
        if _reads(node, attribute):
            read = True
        elif isinstance(node, nodes.Await) and read:
            return True
    return False


def _in_order(node: Any) -> Iterator[Any]:
    for child in node.get_children():
        yield from _in_order(child)
    yield node


def _reads(node: Node, attribute: str) -> bool:
    return (
        isinstance(node, nodes.Attribute)
        and node.attrname == attribute
        and isinstance(node.expr, nodes.Name)
        and node.expr.name == "self"
    )


def _is_stale(name: nodes.Name, attribute: str, assign: Node, waits: list[int], handler: nodes.FunctionDef) -> bool:
    """Tell whether a variable was last made from the attribute, and the handler waited since."""
    made = [
        each
        for each in own_nodes(handler, nodes.Assign)
        if any(isinstance(target, nodes.AssignName) and target.name == name.name for target in each.targets)
        and (each.lineno or 0) < (assign.lineno or 0)
    ]
    if not made:
        return False
    last = made[-1]
    if not any(_reads(each, attribute) for each in last.value.nodes_of_class(nodes.Attribute)):
        return False
    return any((last.end_lineno or last.lineno or 0) < line < (assign.lineno or 0) for line in waits)


RULES = (
    Rule(
        id="CP214",
        name="handler-overwrites",
        title="A handler must not write back what it read before it waited.",
        why="Signals and updates are handled as tasks of one event loop: while one waits for an activity, another runs."
        " Both read the same value, and the later one overwrites what the earlier one wrote.",
        evidence="Temporal's documentation of message passing in Python: async handlers interleave at each await, and"
        " asyncio.Lock is deterministic in workflows.",
        fix="Use an asyncio.Lock of the workflow around reading and writing, or read after the wait.",
        bad="total = self._total\nprice = await self._price(item)\nself._total = total + price",
        right="price = await self._price(item)\nself._total += price",
        certainty=Certainty.LIKELY,
        judge=races,
    ),
)
