"""What is reached from where: breadth first, so that each piece of code is told with its shortest path."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from astroid import nodes

from harness.audit.findings import Place
from harness.audit.meanings import Meanings, Owner
from harness.audit.modules import absolute
from harness.audit.places import place_of
from harness.audit.steps import Steps
from harness.audit.subjects import Entry, Module, Reached
from harness.audit.walking import is_main, is_type_checking

PASSED_THROUGH = "imports_passed_through"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far an audit goes.

    Attributes:
        depth: How many steps it follows from an entry method.
        depth_installed: How many of these, one after the other, in installed packages.
        pieces: How many pieces of code it follows from one start.
        seconds: How long one project may take before installed packages are no longer followed.
        max_bytes: Size of a file that is taken for generated code.
    """

    depth: int = 40
    depth_installed: int = 5
    pieces: int = 20_000
    seconds: float = 60.0
    max_bytes: int = 1_500_000


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where to begin: a piece of code, and what it belongs to."""

    node: nodes.LocalsDictNodeNG
    owner: Owner = None
    workflow: str = ""
    entry: Entry | None = None
    path: tuple[Place, ...] = ()


class Reach:
    """Follows the steps of code.

    Args:
        meanings: Tells what expressions mean.
        steps: Tells where pieces of code lead to.
        limits: How far to go.
    """

    def __init__(self, meanings: Meanings, *, steps: Steps, limits: Limits) -> None:
        self.meanings = meanings
        self.steps = steps
        self.limits = limits
        self.passed_through: frozenset[nodes.Module] = frozenset()
        self._until = time.monotonic() + limits.seconds

    def from_(self, starts: Iterable[Start]) -> list[Reached]:
        """Return all that these reach, each piece once, nearest first."""
        found: dict[nodes.NodeNG, Reached] = {}
        seen: set[tuple[nodes.NodeNG, Owner]] = set()
        queue = deque((start, 0) for start in starts)
        while queue and len(found) < self.limits.pieces:
            start, installed = queue.popleft()
            if (start.node, start.owner) in seen or not self.meanings.modules.knows(start.node):
                continue
            seen.add((start.node, start.owner))
            module = self.meanings.modules.of(start.node)
            found.setdefault(start.node, self._reached(start, module))
            installed = installed + 1 if module.installed else 0
            if len(start.path) < self.limits.depth and self._may_follow(installed):
                queue.extend((each, installed) for each in self._next(start))
        return list(found.values())

    def _may_follow(self, installed: int) -> bool:
        return not installed or (installed < self.limits.depth_installed and time.monotonic() < self._until)

    def _reached(self, start: Start, module: Module) -> Reached:
        return Reached(
            node=start.node,
            module=module,
            path=start.path,
            owner=start.owner,
            workflow=start.workflow,
            entry=start.entry,
            passed_through=module.tree in self.passed_through,
        )

    def _next(self, start: Start) -> Iterator[Start]:
        for step in self.steps.of(start.node, start.owner):
            place = place_of(step.at, self.meanings.modules, step.what)
            yield Start(
                node=step.target,
                owner=step.owner,
                workflow=start.workflow,
                entry=start.entry,
                path=(*start.path, place),
            )

    def imported(self, starts: Iterable[tuple[Module, str]]) -> list[Start]:
        """Return the module-level code that the sandbox runs for these modules, nearest first.

        Args:
            starts: The modules of workflows, each with the type of one of its workflows.
        """
        found: dict[nodes.Module, Start] = {}
        through: set[nodes.Module] = set()
        queue = deque((Start(node=module.tree, workflow=workflow), False) for module, workflow in starts)
        while queue:
            start, passed = queue.popleft()
            tree = start.node
            assert isinstance(tree, nodes.Module)
            if tree in (through if passed else found):
                continue
            if passed:
                through.add(tree)
            else:
                found[tree] = start
            for node, module, below in self._imports(tree):
                what = f"imports {module.name}"
                path = (*start.path, place_of(node, self.meanings.modules, what))
                if len(path) < self.limits.depth:
                    queue.append((Start(node=module.tree, workflow=start.workflow, path=path), passed or below))
        self.passed_through = frozenset(through - {module.tree for module, _ in starts})
        return [start for tree, start in found.items() if tree not in self.passed_through]

    def _imports(self, tree: nodes.Module) -> Iterator[tuple[nodes.NodeNG, Module, bool]]:
        """Yield the imports of own modules at module level, and whether they are passed through the sandbox."""
        stack: list[tuple[nodes.NodeNG, bool]] = [(node, False) for node in reversed(tree.body)]
        while stack:
            node, passed = stack.pop()
            if isinstance(node, nodes.Import | nodes.ImportFrom):
                for module in self._modules(node, tree):
                    yield node, module, passed
            elif isinstance(node, nodes.If) and (is_type_checking(node.test) or is_main(node.test)):
                stack += [(each, passed) for each in reversed(node.orelse)]
            elif isinstance(node, nodes.If | nodes.Try | nodes.With):
                through = isinstance(node, nodes.With) and PASSED_THROUGH in node.items[0][0].as_string()
                stack += [(each, passed or through) for each in reversed(list(node.get_children()))]

    def _modules(self, node: nodes.Import | nodes.ImportFrom, tree: nodes.Module) -> Iterator[Module]:
        if isinstance(node, nodes.Import):
            names = [name for name, _ in node.names]
        else:
            package = absolute(node, tree)
            names = [package, *(f"{package}.{name}" for name, _ in node.names if name != "*")]
        for name in names:
            found = self.meanings.of_module(name, tree).node
            if isinstance(found, nodes.Module):
                yield self.meanings.modules.of(found)
