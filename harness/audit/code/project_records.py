"""Records of the audited code: modules, workflows, activities, calls that start them, workers, and reached code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from astroid import nodes

from harness.records.audit_result import CodePlace


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeIndex:
    """The nodes of a module that are asked for often, in the order of its text."""

    classes: tuple[nodes.ClassDef, ...]
    functions: tuple[nodes.FunctionDef, ...]
    calls: tuple[nodes.Call, ...]
    imports: tuple[nodes.ImportFrom, ...]
    assignments: tuple[nodes.Assign | nodes.AnnAssign, ...]


def index_of(tree: nodes.Module) -> NodeIndex:
    """Return the index of a module, by one walk through it."""
    by_type: dict[type, list[Any]] = {}
    stack: list[nodes.NodeNG] = [tree]
    while stack:
        node = stack.pop()
        by_type.setdefault(type(node), []).append(node)
        stack.extend(reversed(list(node.get_children())))
    functions = [*by_type.get(nodes.FunctionDef, []), *by_type.get(nodes.AsyncFunctionDef, [])]
    return NodeIndex(
        classes=tuple(by_type.get(nodes.ClassDef, ())),
        functions=tuple(sorted(functions, key=lambda node: node.lineno or 0)),
        calls=tuple(by_type.get(nodes.Call, ())),
        imports=tuple(by_type.get(nodes.ImportFrom, ())),
        assignments=(*by_type.get(nodes.Assign, ()), *by_type.get(nodes.AnnAssign, ())),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Module:
    """One Python module of the audited code or of what it imports, read and parsed.

    Attributes:
        name: Dotted, as other modules import it.
        path: Its file.
        file: The file as shown to the reader.
        lines: The text, line by line.
        tree: Its nodes.
        own: Whether it was asked to be audited; others are read because code reaches them.
        installed: Whether it belongs to an installed package.
    """

    name: str
    path: Path
    file: str
    lines: tuple[str, ...]
    tree: nodes.Module
    own: bool
    installed: bool = False

    @cached_property
    def index(self) -> NodeIndex:
        """Return the nodes of it that are asked for often."""
        return index_of(self.tree)


class EntryKind(StrEnum):
    """How the server or the SDK enters workflow code."""

    RUN = "run"
    INIT = "init"
    SIGNAL = "signal"
    QUERY = "query"
    UPDATE = "update"
    VALIDATOR = "validator"


@dataclass(frozen=True, kw_only=True, eq=False)
class EntryMethod:
    """One method through which a workflow is entered.

    Attributes:
        kind: Which kind of method.
        name: Name of the signal, query or update; for others the name of the method.
        node: The method; it may stand in a mixin of another module.
        workflow: Type of the workflow.
    """

    kind: EntryKind
    name: str
    node: nodes.FunctionDef
    workflow: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Workflow:
    """A workflow that the audited code declares with ``@workflow.defn``.

    Attributes:
        name: Its type, as the server knows it; empty for a dynamic one.
        node: Its class.
        module: Where the class stands.
        entries: Its entry methods, inherited ones too.
        sandboxed: False with `@workflow.defn(sandboxed=False)`.
        place: Of the class.
    """

    name: str
    node: nodes.ClassDef
    module: Module
    entries: tuple[EntryMethod, ...]
    sandboxed: bool
    place: CodePlace

    def of_kind(self, *kinds: EntryKind | str) -> tuple[EntryMethod, ...]:
        """Return the entry methods of these kinds."""
        return tuple(entry for entry in self.entries if entry.kind in kinds)


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """An activity that the audited code declares with ``@activity.defn``.

    Attributes:
        name: Its type, as the server knows it; empty for a dynamic one.
        node: The function; of a class that is called, its `__call__`.
        module: Where it stands.
        owner: The class that it is a method of.
        decorator: The `@activity.defn` or the call of it.
        is_async: Whether it runs on the worker's event loop.
        place: Of the function.
    """

    name: str
    node: nodes.FunctionDef
    module: Module
    owner: nodes.ClassDef | None
    decorator: nodes.NodeNG
    is_async: bool
    place: CodePlace


@dataclass(frozen=True, kw_only=True, eq=False)
class WrittenRetryPolicy:
    """A retry policy as written, wherever it was made.

    Attributes:
        node: The call of RetryPolicy.
        place: Of that call.
        arguments: The expressions, by keyword; positional ones under their names.
        values: What of them is known: numbers, lists, and durations in seconds.
    """

    node: nodes.Call
    place: CodePlace
    arguments: Mapping[str, nodes.NodeNG] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Started:
    """A call that starts an activity, local activity or child workflow, or continues as new.

    Attributes:
        node: The call.
        module: Where it stands.
        place: Of the call.
        operation: Name of the function of temporalio.workflow: `execute_activity`, `start_child_workflow` ...
        activity: What it starts, if that is an activity that was found.
        workflow: What it starts, if that is a workflow that was found.
        target: Name of what it starts, as far as it is known; else empty.
        arguments: The expressions of what is passed to it.
        options: The other keywords, by name, those of `**options` that could be read too.
        options_known: False where a `**options` could not be read: a missing option may be in there.
        values: What of the options is known; durations in seconds.
        retry_policy: The retry policy, if one is given and could be found.
    """

    node: nodes.Call
    module: Module
    place: CodePlace
    operation: str
    activity: Activity | None = None
    workflow: Workflow | None = None
    target: str = ""
    arguments: tuple[nodes.NodeNG, ...] = ()
    options: Mapping[str, nodes.NodeNG] = field(default_factory=dict)
    options_known: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    retry_policy: WrittenRetryPolicy | None = None

    @property
    def is_local(self) -> bool:
        """Tell whether it is a local activity."""
        return "local_activity" in self.operation

    @property
    def is_activity(self) -> bool:
        """Tell whether it starts an activity, local ones too."""
        return "activity" in self.operation


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkerCall:
    """A place of the audited code that makes a worker: a call of `Worker(...)`.

    Attributes:
        node: The call; of a function of own code that makes the worker of what it is given, the call of that.
        made: The call of `Worker(...)` itself.
        module: Where the call stands.
        place: Of the call.
        options: The keywords, by name.
        options_known: False where a `**options` could not be read.
        values: What of the options is known; durations in seconds.
        workflows: Those of its workflows that were found.
        activities: Those of its activities that were found.
        activities_known: Whether these are all that it has.
    """

    node: nodes.Call
    made: nodes.Call
    module: Module
    place: CodePlace
    options: Mapping[str, nodes.NodeNG] = field(default_factory=dict)
    options_known: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    workflows: tuple[Workflow, ...] = ()
    activities: tuple[Activity, ...] = ()
    activities_known: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachedCode:
    """A piece of code that is reached: a function, a lambda, or the module-level code of a module.

    Attributes:
        node: FunctionDef, AsyncFunctionDef, Lambda or Module.
        module: Where it stands.
        path: The steps from the entry to it; each is the place of a call (or use) that leads on. Empty for the entry.
        owner: The class whose instance `self` is there, if it is a method; of an inherited one, the inheriting class.
        workflow: Type of the workflow from which it is first reached; of the activity, if from one.
        entry: The entry method from which it is first reached; None for module-level code and from an activity.
        passed_through: Whether it stands in a module that is imported under `imports_passed_through()`.
    """

    node: nodes.LocalsDictNodeNG
    module: Module
    path: tuple[CodePlace, ...] = ()
    owner: nodes.ClassDef | None = None
    workflow: str = ""
    entry: EntryMethod | None = None
    passed_through: bool = False

    @property
    def is_module(self) -> bool:
        """Tell whether it is the module-level code of a module."""
        return isinstance(self.node, nodes.Module)
