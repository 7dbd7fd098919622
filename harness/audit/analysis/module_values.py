"""The value that a module-level variable is given when its module is imported."""

from __future__ import annotations

from astroid import nodes

from harness.audit.code.astroid_nodes import Node
from harness.audit.code.modules import absolute
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode


def module_value(project: Project, node: Node, reached: ReachedCode) -> Node | None:
    """Return the value that a module gives to the variable that an expression names, here or in another module."""
    if isinstance(node, nodes.Attribute) and isinstance(node.expr, nodes.Name | nodes.Attribute):
        name = project.name_of(node.expr, reached)
        module = project.module_named(name) if name else None
        return _value(module.tree.locals.get(node.attrname, [])) if module is not None and module.own else None
    if not isinstance(node, nodes.Name):
        return None
    scope, bound = node.lookup(node.name)
    if not isinstance(scope, nodes.Module) or not bound:
        return None
    if isinstance(bound[0], nodes.ImportFrom):
        real = next((each for each, alias in bound[0].names if (alias or each) == node.name), node.name)
        module = project.module_named(absolute(bound[0], node.root()))
        return _value(module.tree.locals.get(real, [])) if module is not None and module.own else None
    return _value(bound)


def _value(bound: list[Node]) -> Node | None:
    """Return the value of a module's name that is assigned once at module level."""
    stores = [each for each in bound if isinstance(each, nodes.AssignName)]
    if len(stores) != 1:
        return None
    statement = stores[0].parent
    value: Node | None = statement.value if isinstance(statement, nodes.Assign | nodes.AnnAssign) else None
    return value
