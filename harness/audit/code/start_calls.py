"""Calls that start something at Temporal: activities and child workflows that are started, and workers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from astroid import nodes

from harness.audit.code import members
from harness.audit.code.astroid_nodes import elements, items
from harness.audit.code.declarations import Declarations
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.origins import Given, bound_arguments, origins, returned, value
from harness.audit.code.places import place_of
from harness.audit.code.project_records import Activity, Module, Started, Workflow, WrittenRetryPolicy
from harness.audit.code.resolved_name import ResolvedName

_ACTIVITIES = [
    f"{verb}_{kind}{suffix}"
    for verb in ("execute", "start")
    for kind in ("activity", "local_activity")
    for suffix in ("", "_method", "_class")
]
OPERATIONS = frozenset(
    [
        *_ACTIVITIES,
        "execute_child_workflow",
        "start_child_workflow",
        "continue_as_new",
        "activity_as_tool",
        "activity_tool",
    ]
)
"""Functions of temporalio.workflow (and the agent SDK's) that start something."""

_ARGUMENTS = {"arg", "args", "activity", "workflow"}

_POLICY = ("initial_interval", "backoff_coefficient", "maximum_interval", "maximum_attempts")


def calls_of(module: Module, names: frozenset[str]) -> Iterator[nodes.Call]:
    """Yield the calls of a module that may be of these names, by how they are written."""
    written = set(names)
    for each in module.index.imports:
        written |= {alias for name, alias in each.names if alias and name in names}
    for assignment in module.index.assignments:
        value_name = getattr(assignment.value, "attrname", "") or getattr(assignment.value, "name", "")
        if value_name in names:
            written |= {target.name for target in _targets(assignment) if isinstance(target, nodes.AssignName)}
    for call in module.index.calls:
        if (getattr(call.func, "attrname", "") or getattr(call.func, "name", "")) in written:
            yield call


_Declared = TypeVar("_Declared", Activity, Workflow)


def _by_name(declared: Iterable[_Declared]) -> dict[str, list[_Declared]]:
    named: dict[str, list[_Declared]] = {}
    for each in declared:
        named.setdefault(each.name, []).append(each)
    return named


def _nearest(declared: Sequence[_Declared], module: Module) -> _Declared | None:
    """Return what stands nearest to a module in the tree of folders: examples beside each other use the same names."""
    return max(declared, key=lambda each: len(os.path.commonpath([each.module.path, module.path])), default=None)


def _targets(node: nodes.Assign | nodes.AnnAssign) -> list[Any]:
    return node.targets if isinstance(node, nodes.Assign) else [node.target]


class StartCalls:
    """Finds the calls that start something, and reads their options.

    Args:
        resolver: Tells what expressions mean.
        declared: Tells what is a workflow or an activity.
        activities: All activities, for those that are started by name.
        workflows: All workflows, likewise.
    """

    def __init__(
        self,
        resolver: NameResolver,
        *,
        declared: Declarations,
        activities: tuple[Activity, ...] = (),
        workflows: tuple[Workflow, ...] = (),
    ) -> None:
        self.resolver = resolver
        self.declared = declared
        self._activities = _by_name(activities)
        self._workflows = _by_name(workflows)

    def started_in(self, module: Module) -> Iterator[Started]:
        """Yield the calls of a module that start something."""
        for call in calls_of(module, OPERATIONS):
            for resolved in self.resolver.of(call.func):
                package, _, operation = resolved.name.rpartition(".")
                if package.startswith("temporalio.") and operation in OPERATIONS:
                    yield self._started(call, module, operation)
                    break

    def _started(self, call: nodes.Call, module: Module, operation: str) -> Started:
        options, known = self.options(call)
        target = options.get("activity") or options.get("workflow")
        positional = list(call.args)
        if operation != "continue_as_new" and target is None and positional:
            target = positional.pop(0)
        activity, workflow, name = self._target(target, operation, module)
        kept = {key: node for key, node in options.items() if key not in _ARGUMENTS}
        return Started(
            node=call,
            module=module,
            place=place_of(call, self.resolver.modules),
            operation=operation,
            activity=activity,
            workflow=workflow,
            target=name,
            arguments=tuple(positional + _passed(options)),
            options=kept,
            options_known=known,
            values={key: value(self.resolver, node) for key, node in kept.items()},
            retry_policy=self.retry_policy(kept.get("retry_policy")),
        )

    def _target(
        self, node: nodes.NodeNG | None, operation: str, module: Module
    ) -> tuple[Activity | None, Workflow | None, str]:
        text = value(self.resolver, node)
        if isinstance(text, str):
            activity = _nearest(self._activities.get(text, ()), module) if "activity" in operation else None
            return activity, _nearest(self._workflows.get(text, ()), module) if "workflow" in operation else None, text
        for resolved in self.resolver.of(node):
            activity, workflow = self._declared(resolved)
            if activity or workflow:
                return activity, workflow, activity.name if activity else workflow.name if workflow else ""
        return None, None, next((resolved.name for resolved in self.resolver.of(node)), "")

    def _declared(self, resolved: ResolvedName) -> tuple[Activity | None, Workflow | None]:
        node = resolved.node
        if isinstance(node, nodes.FunctionDef):
            if activity := self.declared.activity(node):
                return activity, None
            within = resolved.owner or (node.parent.frame() if node.parent else None)
            return None, self.declared.workflow(within) if isinstance(within, nodes.ClassDef) else None
        if isinstance(node, nodes.ClassDef):
            called = next(members.methods(self.resolver, node, "__call__"), None)
            return self.declared.activity(called) if called else None, self.declared.workflow(node)
        return None, None

    def options(self, call: nodes.Call, given: Given | None = None) -> tuple[dict[str, nodes.NodeNG], bool]:
        """Return the keywords of a call, those of `**options` too, and whether all of these could be read."""
        options: dict[str, nodes.NodeNG] = {}
        known = True
        for keyword in call.keywords:
            if keyword.arg:
                options[keyword.arg] = keyword.value
                continue
            written = list(origins(self.resolver, keyword.value, given))
            known = known and bool(written) and not _is_filled(keyword.value)
            for each in written:
                inner = self._mapping(each)
                known = known and inner is not None
                options |= inner or {}
        return options, known

    def _mapping(self, node: nodes.NodeNG) -> dict[str, nodes.NodeNG] | None:
        """Return the items of `{"a": 1}` or `dict(a=1)`; None if they are not all written there."""
        if isinstance(node, nodes.Dict):
            if all(isinstance(key, nodes.Const) for key, _ in items(node)):
                return {str(key.value): each for key, each in items(node) if isinstance(key, nodes.Const)}
            return None
        if isinstance(node, nodes.Call) and any(each.name == "builtins.dict" for each in self.resolver.of(node.func)):
            if node.args or any(each.arg is None for each in node.keywords):
                return None
            return {each.arg: each.value for each in node.keywords if each.arg}
        if isinstance(node, nodes.Call):
            for resolved in self.resolver.of(node.func):
                if isinstance(resolved.node, nodes.FunctionDef):
                    results = [inner for each in returned(resolved.node) for inner in origins(self.resolver, each)]
                    if len(results) == 1 and not isinstance(results[0], nodes.Call):
                        return self._mapping(results[0])
        return None

    def retry_policy(
        self, node: nodes.NodeNG | None, given: Given | None = None, steps: int = 6
    ) -> WrittenRetryPolicy | None:
        """Return the retry policy that an expression yields; None if there is none, or it cannot be found."""
        for each in origins(self.resolver, node, given) if steps > 0 else ():
            if not isinstance(each, nodes.Call):
                continue
            for resolved in self.resolver.of(each.func):
                if resolved.name in ("temporalio.common.RetryPolicy", "temporalio.workflow.RetryPolicy"):
                    return self._policy(each, given)
                if resolved.name == "dataclasses.replace" and each.args:
                    return self._changed(each, given, steps)
                if isinstance(resolved.node, nodes.FunctionDef):
                    inner = {**bound_arguments(resolved.node, each)}
                    policies = [self.retry_policy(one, inner, steps - 1) for one in returned(resolved.node)]
                    if any(policies):
                        return next(policy for policy in policies if policy)
        return None

    def _policy(self, call: nodes.Call, given: Given | None) -> WrittenRetryPolicy:
        arguments: dict[str, nodes.NodeNG] = dict(zip(_POLICY, call.args, strict=False))
        arguments |= self.options(call, given)[0]
        return WrittenRetryPolicy(
            node=call,
            place=place_of(call, self.resolver.modules),
            arguments=arguments,
            values=self._values(arguments, given),
        )

    def _changed(self, call: nodes.Call, given: Given | None, steps: int) -> WrittenRetryPolicy | None:
        first = self.retry_policy(call.args[0], given, steps - 1)
        if first is None:
            return None
        changed = self.options(call, given)[0]
        arguments = {**first.arguments, **changed}
        return WrittenRetryPolicy(
            node=first.node,
            place=first.place,
            arguments=arguments,
            values={**first.values, **self._values(changed, given)},
        )

    def _values(self, arguments: Mapping[str, nodes.NodeNG], given: Given | None) -> dict[str, Any]:
        return {name: value(self.resolver, each, given) for name, each in arguments.items()}

    def declared_by(self, node: nodes.NodeNG) -> tuple[Activity | None, Workflow | None]:
        """Return the activity or workflow that an expression names."""
        for resolved in self.resolver.of(node):
            activity, workflow = self._declared(resolved)
            if activity or workflow:
                return activity, workflow
        return None, None


def _is_filled(node: nodes.NodeNG) -> bool:
    """Tell whether a variable is put together step by step: `options["summary"] = text`, `options.update(more)`."""
    if not isinstance(node, nodes.Name):
        return False
    scope = node.frame()
    stored = (each for each in scope.nodes_of_class(nodes.Subscript) if each.ctx.name == "Store")
    called = (each.func for each in scope.nodes_of_class(nodes.Call) if isinstance(each.func, nodes.Attribute))
    grown = [
        *(each.value for each in stored),
        *(each.expr for each in called if each.attrname in ("update", "setdefault")),
    ]
    return any(isinstance(each, nodes.Name) and each.name == node.name for each in grown)


def _passed(options: Mapping[str, nodes.NodeNG]) -> list[nodes.NodeNG]:
    """Return the arguments that are given by keyword."""
    several = options.get("args")
    arguments = [options["arg"]] if "arg" in options else []
    if isinstance(several, nodes.List | nodes.Tuple):
        return [*arguments, *elements(several)]
    return [*arguments, several] if several is not None else arguments
