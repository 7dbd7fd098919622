"""Which code is reached from where: breadth first, so that each piece of code comes with its shortest path."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from astroid import nodes

from harness.audit.code.astroid_nodes import children
from harness.audit.code.call_graph import CallGraph
from harness.audit.code.executed_nodes import is_main, is_type_checking
from harness.audit.code.modules import absolute
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.places import place_of
from harness.audit.code.project_records import EntryMethod, Module, ReachedCode
from harness.audit.code.resolved_name import Owner
from harness.records.audit_result import CodePlace

PASSED_THROUGH = "imports_passed_through"


@dataclass(frozen=True, kw_only=True)
class AuditLimits:
    """Limits of an audit: how many calls it follows, how much code it reads, and how long it may take.

    Attributes:
        depth: How many steps it follows from an entry method.
        depth_installed: How many of these, one after the other, in installed packages.
        pieces: How many pieces of code it follows from one start.
        seconds: How long one project may take before installed packages are no longer followed.
        max_bytes: Size of a file that is taken for generated code.
        passed_through: Modules that the sandbox of the worker passes through, with those below them, though no code
            that is read says so.
    """

    depth: int = 40
    depth_installed: int = 5
    pieces: int = 20_000
    seconds: float = 60.0
    max_bytes: int = 1_500_000
    passed_through: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StartingPoint:
    """Where to begin: a piece of code, and what it belongs to."""

    node: nodes.LocalsDictNodeNG
    owner: Owner = None
    workflow: str = ""
    entry: EntryMethod | None = None
    path: tuple[CodePlace, ...] = ()


class Reachability:
    """Finds all code that some code reaches, breadth first along the call graph.

    Args:
        resolver: Tells what expressions mean.
        call_graph: Tells which code runs which.
        limits: How far to go.
    """

    def __init__(self, resolver: NameResolver, *, call_graph: CallGraph, limits: AuditLimits) -> None:
        self.resolver = resolver
        self.call_graph = call_graph
        self.limits = limits
        self.sandboxed: frozenset[nodes.NodeNG] = frozenset()
        self._until = time.monotonic() + limits.seconds

    def from_(self, starts: Iterable[StartingPoint]) -> list[ReachedCode]:
        """Return all that these reach, each piece once, nearest first."""
        pieces: dict[nodes.NodeNG, ReachedCode] = {}
        seen: set[tuple[nodes.NodeNG, Owner]] = set()
        queue = deque((start, 0) for start in starts)
        while queue and len(pieces) < self.limits.pieces:
            start, installed = queue.popleft()
            if (start.node, start.owner) in seen or not self.resolver.modules.knows(start.node):
                continue
            seen.add((start.node, start.owner))
            module = self.resolver.modules.of(start.node)
            pieces.setdefault(start.node, self._reached(start, module))
            installed = installed + 1 if module.installed else 0
            if len(start.path) < self.limits.depth and self._may_follow(installed):
                queue.extend((each, installed) for each in self._next(start))
        return list(pieces.values())

    def _may_follow(self, installed: int) -> bool:
        return not installed or (installed < self.limits.depth_installed and time.monotonic() < self._until)

    def _reached(self, start: StartingPoint, module: Module) -> ReachedCode:
        return ReachedCode(
            node=start.node,
            module=module,
            path=start.path,
            owner=start.owner,
            workflow=start.workflow,
            entry=start.entry,
            passed_through=not module.installed and module.tree not in self.sandboxed,
        )

    def _next(self, start: StartingPoint) -> Iterator[StartingPoint]:
        for edge in self.call_graph.edges_of(start.node, start.owner):
            place = place_of(edge.at, self.resolver.modules, edge.what)
            yield StartingPoint(
                node=edge.target,
                owner=edge.owner,
                workflow=start.workflow,
                entry=start.entry,
                path=(*start.path, place),
            )

    def imported(self, starts: Iterable[tuple[Module, str]]) -> list[StartingPoint]:
        """Return the module-level code that the sandbox runs for these modules, nearest first.

        Own modules that code reaches by another way than these imports are passed through.

        Args:
            starts: The modules of workflows, each with the type of one of its workflows.
        """
        modules = self.resolver.modules
        reached: dict[nodes.Module, StartingPoint] = {}
        through: set[Path] = set()
        queue = deque(StartingPoint(node=module.tree, workflow=workflow) for module, workflow in starts)
        homes = {start.node for start in queue}
        while queue:
            start = queue.popleft()
            tree = start.node
            if tree in reached or not isinstance(tree, nodes.Module):
                continue
            reached[tree] = start
            for node, path, passed in self._imports(tree):
                if passed:
                    through.add(path)
                elif (module := modules.at(path)) and len(start.path) < self.limits.depth:
                    step = place_of(node, modules, f"imports {module.name}")
                    queue.append(StartingPoint(node=module.tree, workflow=start.workflow, path=(*start.path, step)))
        kept = [start for tree, start in reached.items() if tree in homes or modules.of(tree).path not in through]
        self.sandboxed = frozenset(start.node for start in kept)
        return kept

    def _imports(self, tree: nodes.Module) -> Iterator[tuple[nodes.NodeNG, Path, bool]]:
        """Yield the imports of own modules at module level, and whether they are passed through the sandbox."""
        stack: list[tuple[nodes.NodeNG, bool]] = [(node, False) for node in reversed(tree.body)]
        while stack:
            node, passed = stack.pop()
            if isinstance(node, nodes.Import | nodes.ImportFrom):
                for name in self._names(node, tree):
                    if path := self.resolver.modules.path_of(name, tree):
                        yield node, path, passed or self._is_passed_through(name)
            elif isinstance(node, nodes.If) and (is_type_checking(node.test) or is_main(node.test)):
                stack += [(each, passed) for each in reversed(node.orelse)]
            elif isinstance(node, nodes.If | nodes.Try | nodes.With):
                through = isinstance(node, nodes.With) and PASSED_THROUGH in node.items[0][0].as_string()
                stack += [(each, passed or through) for each in reversed(children(node))]

    def _is_passed_through(self, name: str) -> bool:
        return any(name == each or name.startswith(f"{each}.") for each in self.limits.passed_through)

    def _names(self, node: nodes.Import | nodes.ImportFrom, tree: nodes.Module) -> list[str]:
        if isinstance(node, nodes.Import):
            return [name for name, _ in node.names]
        package = absolute(node, tree)
        return [package, *(f"{package}.{name}" for name, _ in node.names if name != "*")]
