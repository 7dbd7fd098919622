"""Classes as declared: what they inherit from, and which attributes their methods set."""

from __future__ import annotations

from astroid import nodes

from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project


def lineage(project: Project, node: nodes.ClassDef) -> list[nodes.ClassDef]:
    """Return a class and the classes of the project that it inherits from, nearest first."""
    return [each for each in project.ancestors(node) if is_own(project, each)]


def is_own(project: Project, node: Node) -> bool:
    """Tell whether a node stands in the audited code, rather than in a package or in Python's library."""
    try:
        return project.module_of(node).own
    except KeyError:  # astroid read that module by itself
        return False


def sets_on_self(project: Project, node: nodes.ClassDef, name: str) -> bool:
    """Tell whether a method of a class, or of one that it inherits from, assigns `self.name`."""
    return any(name in project.assigned_on_self(each) for each in lineage(project, node))


def class_values(project: Project, node: nodes.ClassDef, name: str) -> list[Node]:
    """Return the values that the bodies of a class, and of those that it inherits from, give to a name."""
    values = []
    for each in lineage(project, node):
        for statement in each.body:
            targets = statement.targets if isinstance(statement, nodes.Assign) else [getattr(statement, "target", None)]
            named = any(isinstance(target, nodes.AssignName) and target.name == name for target in targets)
            if named and isinstance(statement, nodes.Assign | nodes.AnnAssign) and statement.value is not None:
                values.append(statement.value)
    return values
