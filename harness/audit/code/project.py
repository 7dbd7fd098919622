"""The audited project as rules see it: what it declares to Temporal, which code reaches which, what names stand for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from astroid import nodes

from harness.audit.code import annotations as annotated_values
from harness.audit.code import members
from harness.audit.code.call_graph import CallGraph
from harness.audit.code.declarations import Declarations
from harness.audit.code.file_outline import program_of
from harness.audit.code.modules import NEVER_ENTERED, ModuleFinder, Modules, installed_folders
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.origins import origins, value
from harness.audit.code.places import place_of
from harness.audit.code.plugin_activities import PluginActivities
from harness.audit.code.project_records import (
    Activity,
    EntryMethod,
    Module,
    ReachedCode,
    Started,
    WorkerCall,
    Workflow,
    WrittenRetryPolicy,
)
from harness.audit.code.reachability import AuditLimits, Reachability, StartingPoint
from harness.audit.code.resolved_name import ResolvedName, qualified
from harness.audit.code.runtime_checks import Inside, skipped
from harness.audit.code.source import SourceFile, collect
from harness.audit.code.start_calls import StartCalls
from harness.audit.code.worker_calls import WorkerCalls
from harness.records.audit_result import AuditFinding, Certainty, CodePlace, Unresolved


class Project:
    """The modules of an audit and all that rules may ask of them. Nothing of it is ever imported or run.

    Attributes:
        modules: Those of the modules to be audited that may declare or start something of Temporal. Others are read
            when something leads to them: `reached()` tells their code.
        workflows: All workflows of these.
        activities: All activities of these, those that plugins make of functions too.
        workers: All calls of `Worker(...)` in these.
        started: All calls that start activities, local activities and child workflows, or continue as new.
    """

    def __init__(
        self, sources: Iterable[SourceFile], *, finder: ModuleFinder, limits: AuditLimits | None = None
    ) -> None:
        self._modules = Modules(sources, finder=finder)
        self._resolver = NameResolver(self._modules)
        self._declared = Declarations(self._resolver)
        self._call_graph = CallGraph(self._resolver, declared=self._declared)
        self._reach = Reachability(self._resolver, call_graph=self._call_graph, limits=limits or AuditLimits())
        self._reached: list[ReachedCode] | None = None
        self._skipped: dict[nodes.FunctionDef, frozenset[nodes.NodeNG]] = {}
        self._reached_from: dict[tuple[int, ...], list[ReachedCode]] = {}
        self.modules: tuple[Module, ...] = tuple(self._modules.speaking())
        self.workflows: tuple[Workflow, ...] = tuple(
            each for module in self.modules for each in self._declared.workflows_in(module)
        )
        plugged = [
            each for each in PluginActivities(self._resolver, modules=self.modules).all() if self._declared.adopt(each)
        ]
        declared = [each for module in self.modules for each in self._declared.activities_in(module)]
        self.activities: tuple[Activity, ...] = (*declared, *plugged)
        starts = StartCalls(
            self._resolver, declared=self._declared, activities=self.activities, workflows=self.workflows
        )
        self._starts = starts
        self.workers: tuple[WorkerCall, ...] = tuple(
            WorkerCalls(self._resolver, starts=starts, modules=self.modules).all()
        )
        self.started: tuple[Started, ...] = tuple(each for module in self.modules for each in starts.started_in(module))

    @classmethod
    def of(cls, paths: Iterable[Path | str], *, limits: AuditLimits | None = None) -> Project:
        """Return one project of all the files below these paths."""
        limits = limits or AuditLimits()
        sources = [each for each in collect(paths, max_bytes=limits.max_bytes) if not each.reason]
        files = [each.path for each in sources]
        roots = {path.parent for path in files}
        return cls(sources, finder=ModuleFinder(files, installed=installed_folders(roots)), limits=limits)

    @property
    def others(self) -> list[Path]:
        """Return the files that were read although nobody asked to audit them."""
        return self._modules.others

    def program(self, file: Path) -> list[Module]:
        """Return the modules of the program that a file begins: its own first, then those that it and they import.

        Those that have nothing to do with Temporal are among them.
        """
        files = sorted(program_of(file, self._modules.finder), key=lambda each: (each != file, each))
        return [module for each in files if (module := self._modules.at(each))]

    def is_installed(self, path: Path) -> bool:
        """Tell whether a file belongs to an installed package."""
        return self._modules.finder.is_installed(path)

    # What is reached

    def reached(self) -> Sequence[ReachedCode]:
        """Return all code that workflows reach, each piece once, by the shortest path.

        It begins with the entry methods (empty path). Module-level code of own modules that workflow modules import
        in the sandbox is there too (`is_module`); of installed packages only the functions that are called.
        """
        if self._reached is None:
            homes = {each.module.tree: (each.module, each.name) for each in reversed(self.workflows)}
            imported = self._reach.imported(list(homes.values())[::-1])
            entries = [start for each in self.workflows for start in self._starts_of(each)]
            self._reached = self._reach.from_([*entries, *imported])
        return self._reached

    def reached_from(self, *starts: EntryMethod | Workflow | Activity | nodes.FunctionDef) -> Sequence[ReachedCode]:
        """Return all code that these reach, each piece once, the starts first; no module-level code."""
        key = tuple(id(start) for start in starts)
        if key not in self._reached_from:
            self.reached()  # tells what is passed through
            self._reached_from[key] = self._reach.from_([begin for each in starts for begin in self._starts_of(each)])
        return self._reached_from[key]

    def _starts_of(self, start: EntryMethod | Workflow | Activity | nodes.FunctionDef) -> list[StartingPoint]:
        if isinstance(start, Workflow):
            return [
                StartingPoint(node=entry.node, owner=start.node, workflow=start.name, entry=entry)
                for entry in start.entries
            ]
        if isinstance(start, EntryMethod):
            owner = next((each.node for each in self.workflows if start in each.entries), None)
            return [StartingPoint(node=start.node, owner=owner, workflow=start.workflow, entry=start)]
        if isinstance(start, Activity):
            return [StartingPoint(node=start.node, owner=start.owner, workflow=start.name)]
        return [StartingPoint(node=start)]

    def walk(self, reached: ReachedCode | nodes.NodeNG, *kinds: type[nodes.NodeNG]) -> Iterator[Any]:
        """Yield the nodes that run when this piece of code runs, in the order of the text.

        Comprehensions are part of it; the bodies of nested functions and lambdas are not: they are pieces of their own
        if they are reached. Their defaults and decorators do run here, as does the body of a class. Annotations, and
        code under `if TYPE_CHECKING:` or `if __name__ == "__main__":`, do not run.

        Args:
            reached: The piece, or any node, for the part of it below that.
            kinds: Only nodes of these classes; all if none is given.
        """
        for node in self._call_graph.walked(reached.node if isinstance(reached, ReachedCode) else reached):
            if not kinds or isinstance(node, kinds):
                yield node

    def skipped_in_activities(self, function: nodes.FunctionDef) -> frozenset[nodes.NodeNG]:
        """Return the tops of what a function does in workflows only, since it asks where it runs."""
        if function not in self._skipped:
            self._skipped[function] = skipped(self._resolver, function, Inside.ACTIVITY)
        return self._skipped[function]

    def calls(self, reached: ReachedCode) -> Iterator[nodes.Call]:
        """Yield the calls that run in this piece of code."""
        return self.walk(reached, nodes.Call)

    # What expressions mean

    def called_name(self, call: nodes.Call, reached: ReachedCode | None = None) -> str:
        """Return the dotted name of what is called, from where it is defined; empty if unknown.

        `time.time`, `datetime.datetime.now`, `random.Random` (a class), `random.Random.random` (a method of an
        instance, by the class that the instance was made of or annotated with), `builtins.open`, `app.tools.pick`.
        Import aliases, re-exports, local variables, attributes of `self`, annotations and the results of functions
        are followed. Packages that are not installed keep the names under which they are imported
        (`openai.OpenAI.chat.completions.create`).

        Args:
            call: The call.
            reached: The piece of code it stands in; with it `self` is the class that is really running.
        """
        return next(iter(self.called_names(call, reached)), "")

    def called_names(self, call: nodes.Call, reached: ReachedCode | None = None) -> tuple[str, ...]:
        """Return all names that a call may mean, where there are several; else as called_name."""
        return self._names(call.func, reached)

    def dotted_name(self, expression: Any) -> str:
        """Return the dotted name of what an expression stands for, of an instance that of its class; empty if unknown.

        As for called_name; what a function returns whose code is not read has the function's name with `()` behind it.
        """
        if isinstance(expression, nodes.FunctionDef | nodes.ClassDef | nodes.Module):
            return qualified(expression)
        return next(iter(self._names(expression, None)), "") if expression is not None else ""

    def _names(self, expression: nodes.NodeNG, reached: ReachedCode | None) -> tuple[str, ...]:
        owner = reached.owner if reached else None
        return tuple(dict.fromkeys(resolved.name for resolved in self._resolver.of(expression, owner) if resolved.name))

    def name_of(self, expression: nodes.NodeNG, reached: ReachedCode | None = None) -> str:
        """Return the dotted name of a function, class, module or attribute (`os.environ`); empty if it has none."""
        owner = reached.owner if reached else None
        return next((resolved.name for resolved in self._resolver.of(expression, owner) if not resolved.instance), "")

    def type_of(self, expression: nodes.NodeNG, reached: ReachedCode | None = None) -> str:
        """Return the dotted name of the class of the value (`builtins.set`, `random.Random`); empty if unknown.

        Literals, constructors, annotations (`set[str]` is `builtins.set`, `Optional[X]` is X), returns of functions.
        """
        return next(iter(sorted(self.types_of(expression, reached))), "")

    def types_of(self, expression: nodes.NodeNG, reached: ReachedCode | None = None) -> frozenset[str]:
        """Return the classes that the value may have; empty if unknown."""
        owner = reached.owner if reached else None
        return frozenset(resolved.name for resolved in self._resolver.of(expression, owner) if resolved.instance)

    def value_of(self, expression: nodes.NodeNG | None) -> Any:
        """Return the value of a constant expression, through names; durations in seconds. None if unknown or None.

        Numbers, texts, lists and tuples of these, arithmetic, timedelta(...), module constants, also imported ones.
        """
        return value(self._resolver, expression)

    def definition_of(
        self, expression: nodes.NodeNG, reached: ReachedCode | None = None
    ) -> nodes.FunctionDef | nodes.ClassDef | nodes.Lambda | None:
        """Return the function, class or lambda that an expression names, if its source could be read."""
        owner = reached.owner if reached else None
        for resolved in self._resolver.of(expression, owner):
            if isinstance(resolved.node, nodes.FunctionDef | nodes.ClassDef | nodes.Lambda) and not resolved.instance:
                return resolved.node
        return None

    def annotated(self, annotation: nodes.NodeNG) -> list[ResolvedName]:
        """Return instances of the classes that an annotation names, with the annotations in its brackets."""
        return list(annotated_values.of(self._resolver, annotation))

    def origins_of(self, expression: nodes.NodeNG) -> list[Any]:
        """Return what an expression was written as: values, functions, classes or modules, through variables.

        Several where the code assigns several; the expression itself where it is no name; nothing for parameters, loop
        variables and what comes from elsewhere.
        """
        return list(origins(self._resolver, expression))

    def functions_called_by(self, reference: nodes.NodeNG) -> list[nodes.FunctionDef]:
        """Return the functions of the user that a call of this expression would run: of a class its ``__init__``."""
        functions: dict[nodes.FunctionDef, None] = {}
        for each in self._resolver.of(reference):
            if isinstance(each.node, nodes.FunctionDef):
                functions[each.node] = None
            elif isinstance(each.node, nodes.ClassDef) and not each.instance:
                functions |= dict.fromkeys(list(members.methods(self._resolver, each.node, "__init__"))[:1])
        return [each for each in functions if self._modules.knows(each) and not self._modules.of(each).installed]

    def ancestors(self, node: nodes.ClassDef) -> list[nodes.ClassDef]:
        """Return a class and those it inherits from, nearest first, as far as their code was read."""
        return members.ancestors(self._resolver, node)

    def assigned_on_self(self, node: nodes.ClassDef) -> Mapping[str, Sequence[nodes.AssignAttr]]:
        """Return where methods of this class assign to attributes of their `self`, by attribute."""
        return members.assigned(self._resolver, node)

    def is_subclass(self, node: nodes.ClassDef, name: str) -> bool:
        """Tell whether a class is, or inherits from, the class of this dotted name."""
        return any(resolved.name == name for resolved in members.lineage(self._resolver, node))

    def retry_policy_of(self, expression: nodes.NodeNG) -> WrittenRetryPolicy | None:
        """Return the retry policy that an expression yields: written here, a constant, or made by a function."""
        return self._starts.retry_policy(expression)

    # Where things are

    def module_of(self, node: nodes.NodeNG) -> Module:
        """Return the module that a node stands in."""
        return self._modules.of(node)

    def module_named(self, name: str) -> Module | None:
        """Return the module of this dotted name, if it belongs to the project or an installed package."""
        return self._modules.named(name)

    def users_module(self, name: str) -> nodes.Module | None:
        """Return the tree of the user's own module of this dotted name; None for those of Python and of packages."""
        if name.partition(".")[0] in sys.stdlib_module_names | NEVER_ENTERED:
            return None
        module = self._modules.named(name)
        return module.tree if module and not module.installed else None

    def place(self, node: nodes.NodeNG, what: str = "") -> CodePlace:
        """Return the place of a node."""
        return place_of(node, self._modules, what)

    def source(self, node: nodes.NodeNG, limit: int = 60) -> str:
        """Return the text of a node, in one line, cut to this many characters."""
        text = " ".join(node.as_string().split())
        return text if len(text) <= limit else text[: limit - 1] + "…"

    def finding(
        self,
        rule: str,
        node: nodes.NodeNG,
        message: str,
        *,
        certainty: Certainty,
        reached: ReachedCode | None = None,
        workflow: str = "",
        evidence: Sequence[str] = (),
    ) -> AuditFinding:
        """Return a finding at a node, with the path and the workflow of the piece of code in which it was reached."""
        return AuditFinding(
            rule=rule,
            certainty=certainty,
            message=message,
            place=self.place(node),
            path=reached.path if reached else (),
            workflow=workflow or (reached.workflow if reached else ""),
            evidence=tuple(evidence),
        )

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Return the calls of workflow code that could not be followed."""
        self.reached()
        calls = [each for call, each in self._call_graph.unresolved.items() if not self._modules.of(call).installed]
        return tuple(sorted(calls, key=lambda each: (each.place.file, each.place.line, each.place.column)))
