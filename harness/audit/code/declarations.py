"""What the code declares to Temporal: workflows with their entry methods, and activities."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.code import members
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.places import place_of
from harness.audit.code.project_records import Activity, EntryKind, EntryMethod, Module, Workflow

_ENTRY_DECORATORS = {
    "temporalio.workflow.run": EntryKind.RUN,
    "temporalio.workflow.signal": EntryKind.SIGNAL,
    "temporalio.workflow.query": EntryKind.QUERY,
    "temporalio.workflow.update": EntryKind.UPDATE,
}


class Declarations:
    """Tells which classes are workflows and which functions are activities.

    Args:
        resolver: Tells what decorators mean.
    """

    def __init__(self, resolver: NameResolver) -> None:
        self.resolver = resolver
        self._workflows: dict[nodes.ClassDef, Workflow | None] = {}
        self._activities: dict[nodes.FunctionDef, Activity | None] = {}
        self._adopted: set[nodes.FunctionDef] = set()
        self._applied: dict[tuple[nodes.NodeNG, str], bool] = {}

    def workflows_in(self, module: Module) -> Iterator[Workflow]:
        """Yield the workflows of a module, in the order of its text."""
        for node in module.index.classes:
            if node.decorators and (workflow := self.workflow(node)):
                yield workflow

    def activities_in(self, module: Module) -> Iterator[Activity]:
        """Yield the activities of a module, in the order of its text."""
        for node in module.index.functions:
            if node.decorators and node not in self._adopted and (activity := self.activity(node)):
                yield activity

    def workflow(self, node: nodes.ClassDef) -> Workflow | None:
        """Return the workflow that a class is."""
        if node not in self._workflows:
            decorator = self._decorator(node, "temporalio.workflow.defn")
            self._workflows[node] = self._of_class(node, decorator) if decorator else None
        return self._workflows[node]

    def _of_class(self, node: nodes.ClassDef, decorator: nodes.NodeNG) -> Workflow:
        name = "" if _option(decorator, "dynamic") else str(_option(decorator, "name") or node.name)
        return Workflow(
            name=name,
            node=node,
            module=self.resolver.modules.of(node),
            entries=tuple(self._entries(node, name)),
            sandboxed=_option(decorator, "sandboxed") is not False,
            place=place_of(node, self.resolver.modules),
        )

    def _entries(self, node: nodes.ClassDef, workflow: str) -> Iterator[EntryMethod]:
        seen: set[str] = set()
        for each in members.ancestors(self.resolver, node):
            for method in each.body:
                if not isinstance(method, nodes.FunctionDef) or method.name in seen:
                    continue
                if entry := self._entry(method, workflow):
                    seen.add(method.name)
                    yield entry

    def _entry(self, method: nodes.FunctionDef, workflow: str) -> EntryMethod | None:
        if method.name == "__init__":
            return EntryMethod(kind=EntryKind.INIT, name="__init__", node=method, workflow=workflow)
        for decorator in method.decorators.nodes if method.decorators else []:
            called = decorator.func if isinstance(decorator, nodes.Call) else decorator
            if isinstance(called, nodes.Attribute) and called.attrname == "validator":
                return EntryMethod(
                    kind=EntryKind.VALIDATOR, name=called.expr.as_string(), node=method, workflow=workflow
                )
            for resolved in self.resolver.of(called):
                if kind := _ENTRY_DECORATORS.get(resolved.name):
                    given = "" if _option(decorator, "dynamic") else str(_option(decorator, "name") or method.name)
                    return EntryMethod(kind=kind, name=given, node=method, workflow=workflow)
        return None

    def activity(self, node: nodes.FunctionDef) -> Activity | None:
        """Return the activity that a function is."""
        if node not in self._activities:
            decorator = self._decorator(node, "temporalio.activity.defn")
            self._activities[node] = self._of_function(node, decorator) if decorator else None
        return self._activities[node]

    def adopt(self, activity: Activity) -> bool:
        """Take a function for the activity that a plugin makes of it; False if it is one already."""
        if self.activity(activity.node) is not None:
            return False
        self._activities[activity.node] = activity
        self._adopted.add(activity.node)
        return True

    def _of_function(self, node: nodes.FunctionDef, decorator: nodes.NodeNG) -> Activity:
        within = node.parent.frame() if node.parent else None
        owner = within if isinstance(within, nodes.ClassDef) else None
        plain = owner.name if owner is not None and node.name == "__call__" else node.name
        return Activity(
            name="" if _option(decorator, "dynamic") else str(_option(decorator, "name") or plain),
            node=node,
            module=self.resolver.modules.of(node),
            owner=owner,
            decorator=decorator,
            is_async=isinstance(node, nodes.AsyncFunctionDef),
            place=place_of(node, self.resolver.modules),
        )

    def entry_methods(self, node: nodes.FunctionDef) -> bool:
        """Tell whether a method is entered by the SDK: as a reference it names a signal, query, update or run."""
        within = node.parent.frame() if node.parent else None
        return isinstance(within, nodes.ClassDef) and node.name != "__init__" and self._entry(node, "") is not None

    def _decorator(self, node: nodes.ClassDef | nodes.FunctionDef, name: str) -> nodes.NodeNG | None:
        """Return the decorator of that name, also one that own code wraps around it."""
        for decorator in node.decorators.nodes if node.decorators else []:
            called = decorator.func if isinstance(decorator, nodes.Call) else decorator
            for resolved in self.resolver.of(called):
                if resolved.name == name or self._applies(resolved.node, name):
                    return decorator
        return None

    def _applies(self, node: nodes.NodeNG | None, name: str) -> bool:
        """Tell whether a function of own code, used as a decorator, calls the decorator of that name itself."""
        if not isinstance(node, nodes.FunctionDef):
            return False
        if (node, name) not in self._applied:
            last = name.rpartition(".")[2]
            called = (each.func for each in node.nodes_of_class(nodes.Call))
            likely = [each for each in called if last in (getattr(each, "attrname", ""), getattr(each, "name", ""))]
            self._applied[node, name] = any(
                resolved.name == name for each in likely for resolved in self.resolver.of(each)
            )
        return self._applied[node, name]


def _option(decorator: nodes.NodeNG, name: str) -> object:
    """Return the value of a decorator's keyword, if it is written out."""
    for keyword in decorator.keywords if isinstance(decorator, nodes.Call) else []:
        if keyword.arg == name and isinstance(keyword.value, nodes.Const):
            return keyword.value.value
    return None
