"""Calls that make workers: of `Worker(...)`, and of functions of own code that make one of what they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from astroid import nodes

from harness.audit.code.astroid_nodes import elements
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.origins import bound_arguments, origins, value
from harness.audit.code.places import place_of
from harness.audit.code.project_records import Activity, Module, WorkerCall, Workflow
from harness.audit.code.start_calls import StartCalls, calls_of


class WorkerCalls:
    """Finds the calls that make workers, with the options that each worker gets.

    Args:
        resolver: Tells what expressions mean.
        starts: Reads options, and tells which activity or workflow an expression names.
        modules: Where to look.
    """

    def __init__(self, resolver: NameResolver, *, starts: StartCalls, modules: Sequence[Module]) -> None:
        self.resolver = resolver
        self.starts = starts
        self.modules = modules

    def all(self) -> Iterator[WorkerCall]:
        """Yield the workers; one for each call of a function that makes them of its parameters."""
        for module in self.modules:
            for call in calls_of(module, frozenset({"Worker"})):
                if any(each.name == "temporalio.worker.Worker" for each in self.resolver.of(call.func)):
                    options, known = self.starts.options(call)
                    served = list(self._served(call, options, known=known))
                    yield from served or [self._worker(call, call, options, known=known)]

    def _served(self, made: nodes.Call, options: Mapping[str, nodes.NodeNG], *, known: bool) -> Iterator[WorkerCall]:
        """Yield the workers by the calls of the function that makes them, where its parameters say what they are."""
        function = made.scope()
        if not isinstance(function, nodes.FunctionDef):
            return
        passed_on = _passed_on(made, function)
        names = _parameters(function)
        if not passed_on and not any(isinstance(each, nodes.Name) and each.name in names for each in options.values()):
            return
        for module in self.modules:
            for call in calls_of(module, frozenset({function.name})):
                if any(each.node is function for each in self.resolver.of(call.func)):
                    given, all_given = self.starts.options(call)
                    yield self._worker(
                        call,
                        made,
                        _merged(options, {**bound_arguments(function, call), **given}, names, passed_on=passed_on),
                        known=all_given and (known or passed_on),
                    )

    def _worker(
        self, call: nodes.Call, made: nodes.Call, options: Mapping[str, nodes.NodeNG], *, known: bool
    ) -> WorkerCall:
        activities, complete = self._listed(options.get("activities"))
        workflows, _ = self._listed(options.get("workflows"))
        return WorkerCall(
            node=call,
            made=made,
            module=self.resolver.modules.of(call),
            place=place_of(call, self.resolver.modules),
            options=options,
            options_known=known,
            values={key: value(self.resolver, each) for key, each in options.items()},
            workflows=tuple(workflow for _, workflow in workflows if workflow),
            activities=tuple(activity for activity, _ in activities if activity),
            activities_known=complete and all(activity for activity, _ in activities),
        )

    def _listed(self, node: nodes.NodeNG | None) -> tuple[list[tuple[Activity | None, Workflow | None]], bool]:
        """Return what a list names, and whether it is known to be all of it."""
        written = list(origins(self.resolver, node))
        named: list[tuple[Activity | None, Workflow | None]] = []
        complete = node is None or len(written) == 1
        for each in written:
            if not isinstance(each, nodes.List | nodes.Tuple | nodes.Set):
                complete = False
                continue
            for element in elements(each):
                if isinstance(element, nodes.Starred):
                    inner, known = self._listed(element.value)
                    named += inner
                    complete = complete and known
                else:
                    named.append(self.starts.declared_by(element))
        return named, complete and not _grows(node)


def _grows(node: nodes.NodeNG | None) -> bool:
    """Tell whether a variable is added to after it was made."""
    return isinstance(node, nodes.Name) and any(
        getattr(getattr(each.func, "expr", None), "name", "") == node.name
        for each in node.frame().nodes_of_class(nodes.Call)
    )


def _passed_on(made: nodes.Call, function: nodes.FunctionDef) -> bool:
    """Tell whether a function hands all its other keywords to the worker."""
    rest = function.args.kwarg
    return rest is not None and any(
        each.arg is None and isinstance(each.value, nodes.Name) and each.value.name == rest for each in made.keywords
    )


def _parameters(function: nodes.FunctionDef) -> set[str]:
    arguments = function.args
    return {each.name for each in (*(arguments.posonlyargs or ()), *(arguments.args or ()), *arguments.kwonlyargs)}


def _merged(
    options: Mapping[str, nodes.NodeNG], given: Mapping[str, nodes.NodeNG], names: set[str], *, passed_on: bool
) -> dict[str, nodes.NodeNG]:
    merged = {
        key: given.get(each.name, each) if isinstance(each, nodes.Name) and each.name in names else each
        for key, each in options.items()
    }
    if passed_on:
        merged |= {key: each for key, each in given.items() if key not in names}
    return merged
